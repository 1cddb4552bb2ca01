"""Reads the end of an attempt's conversation from the state branch, as lines for people. Must not show anything as markup."""

from collections import deque

import msgspec

from bot.text import clean, one_line, shorten
from engine.agent.outcome import Turn
from engine.core.entities import Task
from engine.model.types import Message
from engine.ports import Log
from engine.store.layout import attempt_folder

MAX_WIDTH = 300


class Excerpt(msgspec.Struct, frozen=True):
    """The last lines of whoever spoke last, and how many turns there were."""

    speaker: str
    turns: int
    lines: tuple[str, ...]


def last_lines(log: Log, task: Task, attempt: int, most: int) -> Excerpt | None:
    """The end of the conversation; None when none was written. Blocks."""
    speaker, turns = "", 0
    lines: deque[str] = deque(maxlen=most)
    for path, content in log.files(under=attempt_folder(task.run, task.id, attempt), suffix=".jsonl"):
        speaks = task.role if path.rpartition("/")[2][0].isdigit() else "strategist"
        if speaks != speaker:
            speaker, turns = speaks, 0
            lines.clear()
        for line in content.split(b"\n"):
            if line:
                turn = msgspec.json.decode(line, type=Turn)
                turns += 1
                lines.extend(text for message in turn.messages for text in _lines(message))
    return Excerpt(speaker, turns, tuple(lines)) if turns else None


def _lines(message: Message) -> list[str]:
    if message.role == "system":
        return []
    mark = {"user": "> ", "assistant": "", "tool": "│ "}[message.role]
    texts = clean(message.content).strip("\n").split("\n") if message.content.strip() else []
    calls = [f"→ {one_line(call.name)}({one_line(call.arguments)})" for call in message.tool_calls]
    return [shorten(f"{mark}{text}", MAX_WIDTH) for text in [*texts, *calls]]
