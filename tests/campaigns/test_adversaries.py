"""A sample of the adversaries in each codec; all of them: `python -m tests.campaigns.adversaries` (`make adversaries`)."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.model.codecs.codec import CodecName
from tests.campaigns.adversaries import ACCEPTANCE, ADVERSARIES, CODECS, HONEST, attack, told

# litellm looks at every attribute of what comes back, and pydantic 2.11 deprecates that; both only inside of litellm.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

SAMPLES: dict[CodecName, Sequence[str]] = {
    "native": ("claims", "deletes its test", ACCEPTANCE, "empty diff", "daemons", "rewrites the recipe"),
    "schema": (
        "claims and orders",
        "loops",
        "reads the environment",
        "writes outside",
        "cannot be read",
        "test is no case",
    ),
    "fenced": ("floods output", "a runner of its own", "breaks a neighbour", "says secrets", "dies"),
}


def test_there_are_forty_of_them():
    assert len(ADVERSARIES) >= 40


@pytest.mark.parametrize("codec", CODECS)
def test_none_of_them_is_ever_complete_and_the_honest_worker_is(tmp_path: Path, codec: CodecName):
    report = told(attack(tmp_path, SAMPLES[codec], codec))
    assert report.problems == ()
    assert report.states[HONEST] == "complete"
    assert "complete" not in [report.states[name] for name in SAMPLES[codec]]
