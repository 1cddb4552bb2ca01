"""Many runs in one channel of the strict local Slack: it is never pressed, and every card ends right."""

import pytest

from tests.bench.slack import channel
from tests.fakes.jumping import run


@pytest.mark.slow
def test_eight_runs_in_one_channel_press_nobody_and_end_right():
    found = run(channel(minutes=1, runs=8))
    assert found.cards_right == 8
    assert found.unheeded == 0
    assert found.limited <= 2
    assert found.settled_s < 90
