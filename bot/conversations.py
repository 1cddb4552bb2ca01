"""Reads the end of an attempt's conversation from the state branch, as lines for people. Must not show anything as markup."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from bot.text import clean, one_line, shorten
from engine.agent.outcome import Turn
from engine.core.entities import Task
from engine.core.ids import attempt_label
from engine.model.types import Message
from engine.ports import Log
from engine.store.layout import attempt_folder

MAX_WIDTH = 300
_REVIEWER = "strategist"
Unwritten = Callable[[str], Sequence[bytes]]
"""A conversation's turns that are not on the state branch yet, by its label (`R1/T3/a2`)."""


def nothing_unwritten(_: str) -> Sequence[bytes]:
    """Where no engine works."""
    return ()


class Excerpt(msgspec.Struct, frozen=True):
    """The last lines of whoever spoke last, and how many turns there were."""

    speaker: str
    turns: int
    lines: tuple[str, ...]


def last_lines(
    log: Log, task: Task, attempt: int, most: int, unwritten: Unwritten = nothing_unwritten, width: int = MAX_WIDTH
) -> Excerpt | None:
    """The end of the conversation, at most `most` lines of `width` characters; None when none was written or told. Blocks."""
    speaker, seen = "", set[tuple[int, int]]()
    lines: deque[str] = deque(maxlen=most)
    for speaks, turn in _turns(log, task, attempt, unwritten):
        if speaks != speaker:
            speaker, seen = speaks, set()
            lines.clear()
        if (turn.number, turn.at_ms) not in seen:
            seen.add((turn.number, turn.at_ms))
            lines.extend(text for message in turn.messages for text in _lines(message, width))
    return Excerpt(speaker, len(seen), tuple(lines)) if seen else None


def _turns(log: Log, task: Task, attempt: int, unwritten: Unwritten) -> Iterator[tuple[str, Turn]]:
    """Who spoke, and each turn. One that is written meanwhile comes twice."""
    # Asked for first: what is written before the log is read is then in it.
    told = {
        speaker: unwritten(attempt_label(task.run, task.id, attempt, by))
        for speaker, by in ((task.role, ""), (_REVIEWER, "review"))
    }
    written = list(log.files(under=attempt_folder(task.run, task.id, attempt), suffix=".jsonl"))
    for speaker, is_review in ((task.role, False), (_REVIEWER, True)):
        pages = [content for path, content in written if path.rpartition("/")[2][0].isdigit() != is_review]
        for line in (*(line for content in pages for line in content.split(b"\n")), *told[speaker]):
            if line.strip():
                yield speaker, msgspec.json.decode(line, type=Turn)


def _lines(message: Message, width: int) -> list[str]:
    if message.role == "system":
        return []
    mark = {"user": "> ", "assistant": "", "tool": "│ "}[message.role]
    texts = clean(message.content).strip("\n").split("\n") if message.content.strip() else []
    calls = [f"→ {one_line(call.name)}({one_line(call.arguments)})" for call in message.tool_calls]
    return [shorten(f"{mark}{text}", width) for text in [*texts, *calls]]
