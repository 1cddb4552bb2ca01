"""The conversation as it grows: append-only, so that prompt caches hit; must not call a model or a tool.

What a model wrote is made fit to be sent back: providers refuse empty messages, arguments that are not JSON and call ids
that are missing or doubled, and would fail every later turn for one slip.
"""

from __future__ import annotations

import re
from collections import deque

import msgspec

from engine.agent.outcome import Turn
from engine.agent.stuck import ALTERNATING_STEPS, Step, circle
from engine.model.types import Message, Reply, ToolCall, Usage

MAX_CALLS = 16
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MAX_BROKEN_CHARS = 2_000


class Transcript:
    """All messages so far, and those that the present turn has added."""

    def __init__(self, system: str, opening: str) -> None:
        self._messages: list[Message] = []
        self._journaled = 0
        self.add(Message("system", system), Message("user", opening))

    @property
    def messages(self) -> tuple[Message, ...]:
        """The whole conversation, in order."""
        return tuple(self._messages)

    def add(self, *messages: Message) -> None:
        """Append messages."""
        self._messages.extend(messages)

    def take_turn(self, number: int, at_ms: int, usage: Usage, cost_usd: float | None) -> Turn:
        """The turn made of all messages since the last one was taken."""
        added = tuple(self._messages[self._journaled :])
        self._journaled = len(self._messages)
        return Turn(number=number, at_ms=at_ms, messages=added, usage=usage, cost_usd=cost_usd)


class Circles:
    """The latest steps, watched for circles. The window starts anew after a warning: it deserves a fresh chance."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=ALTERNATING_STEPS)

    def add(self, step: Step) -> None:
        """Take in one step."""
        self._steps.append(step)

    def found(self) -> str:
        """What circle the steps went in, empty for none; the steps are forgotten with the answer."""
        what = circle(tuple(self._steps))
        if what:
            self._steps.clear()
        return what


def calls_of(reply: Reply, turn: int) -> tuple[ToolCall, ...]:
    """The reply's calls, at most `MAX_CALLS`, each with an id of its own."""
    calls: list[ToolCall] = []
    used: set[str] = set()
    for number, call in enumerate(reply.tool_calls[:MAX_CALLS], 1):
        own_id = _clean(call.id)
        if not own_id or own_id in used:
            own_id = f"call_{turn}_{number}"
        used.add(own_id)
        calls.append(ToolCall(id=own_id, name=_clean(call.name), arguments=_clean(call.arguments)))
    return tuple(calls)


def assistant_message(reply: Reply, calls: tuple[ToolCall, ...]) -> Message:
    """The reply as it is kept and sent back."""
    text = _clean(reply.text)
    if not calls and not text.strip():
        text = "(an empty reply)"
    return Message("assistant", text, tuple(_sendable(call) for call in calls))


def _sendable(call: ToolCall) -> ToolCall:
    name = call.name if _TOOL_NAME.fullmatch(call.name) else "unknown_tool"
    return ToolCall(id=call.id, name=name, arguments=_json_object(call.arguments))


def _json_object(arguments: str) -> str:
    try:
        msgspec.json.decode(arguments or "{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return msgspec.json.encode({"not_json": arguments[:_MAX_BROKEN_CHARS]}).decode()
    return arguments or "{}"


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
