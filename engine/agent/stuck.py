"""When an agent goes round in circles; pure. It compares what was done and what came of it, never the words around it.

The thresholds are those that OpenHands found useful in its stuck detector.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from engine.model.types import ToolCall
from engine.tools.observation import Observation

SAME_STEPS = 4
SAME_FAILURES = 3
ALTERNATING_STEPS = 6
_VARYING = re.compile(r"\b\d+(?:\.\d+)?(?: ?(?:ms|s|sec|seconds)\b)|0x[0-9a-fA-F]+")


class Step(msgspec.Struct, frozen=True):
    """One call and its answer, reduced to what can be compared."""

    action: str
    answer: str
    is_refused: bool


def step_of(call: ToolCall, observation: Observation) -> Step:
    """The step; spelling of the JSON, durations and addresses make no difference."""
    return Step(
        action=f"{call.name} {_canonical(call.arguments)}",
        answer=_VARYING.sub("#", observation.text),
        is_refused=not observation.ok,
    )


def circle(steps: Sequence[Step]) -> str:
    """How the latest steps go round in circles, as the end of a sentence; empty when they do not."""
    same = steps[-SAME_STEPS:]
    if len(same) == SAME_STEPS and len(set(same)) == 1:
        return f"made the same call {SAME_STEPS} times with the same result"
    failures = steps[-SAME_FAILURES:]
    if len(failures) == SAME_FAILURES and len(set(failures)) == 1 and failures[0].is_refused:
        return f"made the same failing call {SAME_FAILURES} times"
    pairs = steps[-ALTERNATING_STEPS:]
    if len(pairs) == ALTERNATING_STEPS and len(set(pairs[::2])) == 1 and len(set(pairs[1::2])) == 1:
        return f"went to and fro between the same two calls for {ALTERNATING_STEPS} calls"
    return ""


def _canonical(arguments: str) -> str:
    try:
        return msgspec.json.encode(msgspec.json.decode(arguments), order="deterministic").decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return arguments
