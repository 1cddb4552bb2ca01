"""Which sequences of steps are circles."""

from __future__ import annotations

from engine.agent.stuck import Step, circle, step_of
from engine.model.types import ToolCall
from engine.tools.observation import Observation

A = Step("a", "1", is_refused=False)
B = Step("b", "2", is_refused=False)
REFUSED = Step("a", "no", is_refused=True)


def test_thresholds() -> None:
    assert circle([A] * 3) == ""
    assert "4 times with the same result" in circle([B, *[A] * 4])
    assert circle([REFUSED] * 2) == ""
    assert "failing call 3 times" in circle([REFUSED] * 3)
    assert circle([A, B] * 2) == ""
    assert "to and fro" in circle([A, B] * 3)
    assert circle([A, B, A, B, A, Step("b", "other", is_refused=False)]) == ""
    assert circle([A, Step("a", "2", is_refused=False)] * 2) == ""


def test_spelling_durations_and_addresses_make_no_difference() -> None:
    one = step_of(
        ToolCall("1", "run_tests", '{"target": "x", "timeout_s": 5}'), Observation("1 failed in 0.12s <obj at 0x7f01>")
    )
    two = step_of(
        ToolCall("2", "run_tests", '{"timeout_s":5,"target":"x"}'), Observation("1 failed in 3.4s <obj at 0x7faa>")
    )
    assert one == two
    assert one != step_of(ToolCall("3", "run_tests", '{"target": "y"}'), Observation("1 failed in 0.12s"))
    assert one != step_of(
        ToolCall("2", "run_tests", '{"timeout_s":5,"target":"x"}'), Observation("2 failed in 3.4s <obj at 0x7faa>")
    )
