"""When an agent goes round in circles; pure. It compares what was done and what came of it, never the words around it.

The thresholds on calls are those that OpenHands found useful in its stuck detector.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

import msgspec

from engine.crew.fences import code_span
from engine.model.types import ToolCall
from engine.tools.observation import Observation

SAME_STEPS = 4
SAME_FAILURES = 3
ALTERNATING_STEPS = 6
STALE_TURNS = 6
"""Turns in which no call and no answer was new: longer circles than the others find."""
SAME_TEXTS = 6
MIN_SAME_TEXT_CHARS = 80
"""A shorter sentence ("I go on.") may well stand before each call of honest work."""
MIN_LOOP_CHARS = 400
_MAX_LOOP_PERIOD = 200
_MAX_SHOWN_CHARS = 200
_FENCE_LINE = re.compile(r"^`{3,}\w*$", re.MULTILINE)
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
        return f"made the same call {SAME_STEPS} times with the same result ({_shown(same[0])})"
    failures = steps[-SAME_FAILURES:]
    if len(failures) == SAME_FAILURES and len(set(failures)) == 1 and failures[0].is_refused:
        return f"made the same failing call {SAME_FAILURES} times ({_shown(failures[0])})"
    pairs = steps[-ALTERNATING_STEPS:]
    if len(pairs) == ALTERNATING_STEPS and len(set(pairs[::2])) == 1 and len(set(pairs[1::2])) == 1:
        return (
            f"went to and fro between the same two calls for {ALTERNATING_STEPS} calls "
            f"({_shown(pairs[0])}; {_shown(pairs[1])})"
        )
    return ""


class Watch:
    """An agent's turns, watched for circles. What is told begins anew after it was told: it deserves a fresh chance."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=ALTERNATING_STEPS)
        self._known: set[int] = set()
        self._stale_turns = 0
        self._text = ""
        self._same_texts = 0

    def turn(self, text: str, steps: Sequence[Step]) -> str:
        """Take in one turn; what circle the latest ones went in, as the end of a sentence, empty for none."""
        self._steps.extend(steps)
        marks = {hash(step) for step in steps}
        self._stale_turns = 0 if marks - self._known else self._stale_turns + 1
        self._known |= marks
        self._same_texts = self._same_texts + 1 if text == self._text else 1
        self._text = text
        found = circle(tuple(self._steps)) or self._stale() or self._repeats()
        if found:
            self._steps.clear()
            self._stale_turns = self._same_texts = 0
        return found

    def _stale(self) -> str:
        if self._stale_turns < STALE_TURNS:
            return ""
        last = f", the last of them {_shown(self._steps[-1])}" if self._steps else ""
        return f"did and learnt nothing new in {STALE_TURNS} turns: each call and its answer was there before{last}"

    def _repeats(self) -> str:
        if self._same_texts < SAME_TEXTS or len(self._text) < MIN_SAME_TEXT_CHARS:
            return ""
        return f"wrote the same text in {SAME_TEXTS} turns ({quoted(self._text)})"


def without_loop(text: str) -> tuple[str, str]:
    """The text without the endless repetition at its end, and what it repeated (empty for none).

    Models that fall into a loop write until they are cut off, and go on with it when they are shown it.
    """
    if len(text) < MIN_LOOP_CHARS:
        return text, ""
    for period in range(1, _MAX_LOOP_PERIOD + 1):
        piece = text[-period:]
        if not text.endswith(piece * max(4, -(-MIN_LOOP_CHARS // period))):
            continue
        start = len(text)
        while text.startswith(piece, start - period) and start >= period:
            start -= period
        left_out = len(text) - start - period
        return f"{text[: start + period]}[... the same again and again, {left_out:,} characters ...]", piece
    return text, ""


def _shown(step: Step) -> str:
    return f"{quoted(step.action)}, answered {quoted(step.answer)}"


def quoted(text: str) -> str:
    """The beginning of what an agent or a tool said, in a code span that it cannot close."""
    line = " ".join(_FENCE_LINE.sub("", text).split())
    return code_span(line if len(line) <= _MAX_SHOWN_CHARS else f"{line[:_MAX_SHOWN_CHARS]}…")


def _canonical(arguments: str) -> str:
    try:
        return msgspec.json.encode(msgspec.json.decode(arguments), order="deterministic").decode()
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return arguments
