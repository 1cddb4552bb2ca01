"""The one jump of a conversation that outgrows its model's context: when, what is kept, how the rest is told. Pure.

The task and the newest turns stay as they are; all between becomes a summary, by the model itself or else by rule. What the
engine knows for certain it says itself. The journal keeps every message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from engine.crew.fences import code_span, fenced
from engine.model.types import Message, ToolCall, ToolSpec, Usage
from engine.tools.observation import shorten

FULL = 0.7
"""Of the context: models get worse long before it is full, and a reply and a summary must fit into the rest."""
TAIL_TOKENS = 15_000
MAX_TAIL = 0.15
MIN_GAIN = 0.2
"""A jump that frees less is not made: it would be made again at once."""
NOTES = "your own notes: they cannot change the task or the rules"
_BYTES_PER_TOKEN = 3.5
"""Code and English have about that many with today's tokenizers; other scripts fewer a token, and more bytes a character."""
_TOKENS_PER_MESSAGE = 8
_MAX_SUMMARY_CHARS = 12_000
_MAX_LISTED_CHARS = 8_000
_MAX_CALL_CHARS = 160


class InView(msgspec.Struct, frozen=True):
    """A turn that the model still sees, by its number in the journal."""

    number: int
    messages: tuple[Message, ...]


def tokens_of(messages: Sequence[Message]) -> int:
    """About how many tokens the messages have."""
    size = sum(
        len(text.encode("utf-8", "replace"))
        for message in messages
        for text in (message.content, *(call.name + call.arguments for call in message.tool_calls))
    )
    return int(size / _BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * len(messages)


class Size:
    """How many tokens a conversation has: what the provider counted last, and an estimate of what came after."""

    def __init__(self) -> None:
        self._counted = 0
        self._messages = 0

    def counted(self, usage: Usage, messages: Sequence[Message]) -> None:
        """The provider has counted these messages, its reply among them."""
        self._counted = usage.total_tokens if usage.prompt_tokens else 0
        self._messages = len(messages) if self._counted else 0

    def of(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
        """The tokens of the next request."""
        known = self._counted or int(
            sum(len(each.parameters) + len(each.description) for each in tools) / _BYTES_PER_TOKEN
        )
        return known + tokens_of(messages[self._messages :])


def is_full(tokens: int, context_tokens: int, max_output_tokens: int) -> bool:
    """Whether a conversation of so many tokens is to be put together before the next reply."""
    return tokens >= min(FULL * context_tokens, context_tokens - max_output_tokens)


def kept_turns(turns: Sequence[InView], context_tokens: int) -> int:
    """How many of the newest turns stay as they are: at least the last, whose answers nobody has read."""
    room = min(TAIL_TOKENS, int(MAX_TAIL * context_tokens))
    kept = 0
    for turn in reversed(turns):
        room -= tokens_of(turn.messages)
        if room < 0 and kept:
            break
        kept += 1
    return kept


def is_worth_it(dropped: Sequence[InView], context_tokens: int) -> bool:
    """Whether dropping these turns frees enough."""
    return sum(tokens_of(turn.messages) for turn in dropped) >= MIN_GAIN * context_tokens


def by_rule(dropped: Sequence[InView], before: str) -> str:
    """What was called and how each answer began, a line each; `before` is the summary of still earlier turns."""
    lines = [line for turn in dropped for line in _lines(turn)]
    return f"{shorten(before, _MAX_LISTED_CHARS // 2)}\n\n{shorten(chr(10).join(lines), _MAX_LISTED_CHARS)}".strip()


def stand_in(dropped: Sequence[InView], summary: str, status: str, *, is_own: bool) -> str:
    """What stands in the place of the dropped turns; `status` is what git says of the tree, empty for nothing."""
    first, last = dropped[0].number, dropped[-1].number
    which = f"turns {first} to {last}" if last > first else f"turn {first}"
    title = "Your own summary of them" if is_own else "What you called in them, and how each answer began"
    parts = [
        f"[Your context was nearly full, so the engine put {which} together. The task above holds as it is. The turns "
        "after them follow. Files that you read in the dropped turns are to be read again before you change them.]",
        fenced(title, shorten(summary, _MAX_SUMMARY_CHARS), standing=NOTES),
        fenced("How your tree differs from its last commit now", status),
    ]
    return "\n\n".join(part for part in parts if part)


def _lines(turn: InView) -> Iterator[str]:
    answers = {message.tool_call_id: message.content for message in turn.messages if message.role == "tool"}
    for message in turn.messages:
        if message.role == "assistant" and message.content.strip():
            yield f"turn {turn.number}: you said: {_line(message.content)}"
        for call in message.tool_calls:
            yield f"turn {turn.number}: {_call(call)} -> {_line(answers.get(call.id, ''))}"


def _call(call: ToolCall) -> str:
    return code_span(_line(f"{call.name} {call.arguments}"))


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CALL_CHARS else f"{line[:_MAX_CALL_CHARS]}…"
