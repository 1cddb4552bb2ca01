"""What a worker may write on the blackboard, and what it is told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.core import limits
from engine.crew.coder import CODER
from engine.tools.notepad import DesignNote, InsightNote
from engine.tools.observation import Divide, Escalate
from engine.tools.workbench import Workbench
from tests.engine.tools.bench import call, make_bench

PART = {
    "key": "a",
    "title": "Tables",
    "role": "coder",
    "description": "x",
    "criteria": [{"text": "y", "check": "true"}],
}


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return make_bench(tmp_path / "tree")


def test_a_note_waits_on_the_pad_until_it_is_taken_once(bench: Workbench) -> None:
    assert "told when they begin" in call(bench, "post_insight", summary="a trap", paths=["src/a.py"]).text
    assert call(bench, "log_design_decision", area="names", summary="verbs").ok
    assert bench.notepad.take() == (InsightNote("a trap", (), ("src/a.py",)), DesignNote("names", "verbs"))
    assert bench.notepad.take() == ()


def test_a_note_is_not_taken_twice_and_a_flood_is_refused(bench: Workbench) -> None:
    for number in range(limits.MAX_NOTES_PER_ATTEMPT):
        assert call(bench, "post_insight", summary=f"trap {number}").ok
    assert "said so already" in call(bench, "post_insight", summary="trap 1").text
    assert "Go on with your task" in call(bench, "post_insight", summary="one more").text


def test_an_escalation_says_what_would_help(bench: Workbench) -> None:
    ending = call(bench, "escalate", reason="which law?", kind="needs_research").ending
    assert ending == Escalate("which law?", "needs_research")
    assert "needs_replanning" in call(bench, "escalate", reason="x", kind="bored").text


def test_subtasks_end_the_attempt_when_they_fit(bench: Workbench) -> None:
    observed = call(bench, "create_subtasks", tasks=[PART], progress="half way")
    assert isinstance(observed.ending, Divide)
    assert msgspec.json.decode(observed.ending.arguments)["progress"] == "half way"
    bench.division = lambda _: "task 'a' has the title of T4"
    assert "title of T4" in call(bench, "create_subtasks", tasks=[PART], progress="half way").text
    assert (
        "has no check"
        in call(bench, "create_subtasks", tasks=[PART | {"criteria": [{"text": "y"}]}], progress="half way").text
    )


def test_a_coder_has_the_blackboards_tools() -> None:
    assert {"post_insight", "create_subtasks", "log_design_decision"} <= {*CODER.tools, *CODER.more}
