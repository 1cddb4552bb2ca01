"""The conversation as it grows: append-only, so that prompt caches hit, but for one jump when it outgrows the model's context.

What a model wrote is made fit to be sent back: providers refuse empty messages, arguments that are not JSON and call ids
that are missing or doubled, and would fail every later turn for one slip. Must not call a model or a tool.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from engine.agent.compaction import InView
from engine.agent.outcome import Turn
from engine.agent.stuck import without_loop
from engine.model.types import Message, Reply, ToolCall, Usage
from engine.tools.observation import shorten

MAX_CALLS = 16
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MAX_BROKEN_CHARS = 2_000
_MAX_TEXT_CHARS = 60_000
_MAX_ARGUMENT_CHARS = 1_200_000
"""A little more than the longest content that a tool takes: what is longer is broken, however the endpoint counts its tokens."""


class Transcript:
    """What the model sees: the opening (with a summary of turns that were dropped), the turns after them, the one under way."""

    def __init__(self, system: str, brief: str) -> None:
        self._first = self._opening = (Message("system", system), Message("user", brief))
        self._summary = ""
        self._turns: list[InView] = []
        self._added: list[Message] = list(self._opening)
        self._under_way: list[Message] = []
        self._kept_from = 0

    @property
    def messages(self) -> tuple[Message, ...]:
        """The whole conversation as the model sees it, in order."""
        turns = (message for turn in self._turns for message in turn.messages)
        return (*self._opening, *turns, *self._under_way)

    @property
    def cache_marks(self) -> tuple[int, ...]:
        """Places up to which a provider may keep the conversation: its standing part, the end of the request before, the end."""
        messages = self.messages
        replies = [place for place, message in enumerate(messages) if message.role == "assistant"]
        before = (replies[-1] - 1,) if replies else ()
        return tuple(sorted({0, *before, len(messages) - 1}))

    @property
    def turns(self) -> Sequence[InView]:
        """The turns in view that are over."""
        return self._turns

    @property
    def summary(self) -> str:
        """The summary in view; empty while nothing was dropped."""
        return self._summary

    def add(self, *messages: Message) -> None:
        """Append messages to the turn under way."""
        self._added.extend(messages)
        self._under_way.extend(messages)

    def compact(self, summary: str, kept: int) -> None:
        """Put `summary` in the place of all turns but the last `kept`; the journal keeps what the model no longer sees."""
        self._turns = self._turns[len(self._turns) - kept :]
        self._kept_from = self._turns[0].number
        self._summary = summary
        self._added.append(Message("user", summary))
        self._under_way.clear()
        # In the opening itself: some providers refuse a second user message in a row.
        system, brief = self._first
        self._opening = (system, Message("user", f"{brief.content}\n\n{summary}"))

    def take_turn(self, number: int, at_ms: int, usage: Usage, cost_usd: float | None) -> Turn:
        """The turn made of all messages since the last one was taken."""
        turn = Turn(number, at_ms, tuple(self._added), usage, cost_usd, self._kept_from)
        if number and self._under_way:
            self._turns.append(InView(number, tuple(self._under_way)))
        self._added, self._under_way, self._kept_from = [], [], 0
        return turn


def calls_of(reply: Reply, turn: int) -> tuple[ToolCall, ...]:
    """The reply's calls, at most `MAX_CALLS`, each with an id of its own."""
    calls: list[ToolCall] = []
    used: set[str] = set()
    for number, call in enumerate(reply.tool_calls[:MAX_CALLS], 1):
        own_id = _clean(call.id)
        if not own_id or own_id in used:
            own_id = f"call_{turn}_{number}"
        used.add(own_id)
        calls.append(ToolCall(id=own_id, name=_clean(call.name), arguments=_bounded(_clean(call.arguments))))
    return tuple(calls)


def assistant_message(reply: Reply, calls: tuple[ToolCall, ...]) -> Message:
    """The reply as it is kept and sent back."""
    text, _ = without_loop(_clean(reply.text))
    text = shorten(text, _MAX_TEXT_CHARS)
    if not calls and not text.strip():
        text = "(an empty reply)"
    return Message("assistant", text, tuple(_sendable(call) for call in calls))


def _bounded(arguments: str) -> str:
    """Arguments of a length that some tool takes; the beginning of longer ones, which is no JSON any more."""
    return arguments if len(arguments) <= _MAX_ARGUMENT_CHARS else arguments[:_MAX_BROKEN_CHARS]


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
