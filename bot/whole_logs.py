"""The whole of a conversation as a file in its run's thread, where an excerpt says too little. Must not decide who may read it.

Whoever reads the thread reads the file; without a thread in the place where it was asked for, there is none.
"""

import asyncio
import logging
from contextlib import closing
from typing import Final

import msgspec

from bot.conversations import last_lines
from bot.desk import Desk
from bot.messages import LogSnippet
from bot.port import ChatDown, ChatGone, ChatPort, Place, ThreadRef
from bot.replies import messages as say
from bot.replies import reading
from bot.shown import shown
from bot.threads import bindings_at
from engine.core.blackboard import Blackboard
from engine.core.entities import Task
from engine.core.ids import RunId

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 1_000_000
MAX_LINES: Final = 100_000
MAX_WIDTH: Final = 20_000
MAX_SHARE_S: Final = 20.0
MAX_TRIES: Final = 4
WAIT_S: Final = 1.0


class _Whole(msgspec.Struct, frozen=True):
    """The conversation, without secrets; `turns` grow while it is under way."""

    content: bytes
    lines: tuple[str, ...]
    turns: int


async def with_whole(desk: Desk, place: Place, snippet: LogSnippet) -> LogSnippet:
    """The snippet; where it had to be cut, the whole is brought into the run's thread first, once, and the snippet names it."""
    port, board = desk.ports[place.adapter], desk.engine.board
    task = board.tasks[snippet.task]
    thread = _thread(board, task.run, place)
    if thread is None or not port.caps.text_files:
        return snippet
    whole = await asyncio.to_thread(_read, desk, task, snippet.attempt)
    if whole is None or not _is_cut(snippet, whole, port):
        return snippet
    name = f"{task.id}-attempt-{snippet.attempt}.txt"
    caption = shown(msgspec.structs.replace(snippet, lines=(), more=""), port.caps).text
    key = f"log/{task.run}/{task.id}/{snippet.attempt}/{whole.turns}/{caption}"
    try:
        async with asyncio.timeout(MAX_SHARE_S):
            await _share(port, thread, whole.content, name, caption, key)
    except (ChatDown, ChatGone, TimeoutError) as error:
        extra = {"action": "log_not_shared", "run": task.run, "task": task.id, "why": str(error)}
        logger.warning("a log was not shared", extra=extra)
        return snippet
    return msgspec.structs.replace(snippet, more=reading.logs_in_thread(name))


async def _share(port: ChatPort, thread: ThreadRef, content: bytes, name: str, caption: str, key: str) -> None:
    for _ in range(MAX_TRIES - 1):
        try:
            await port.upload(thread, content, name, caption, key)
        except ChatDown as error:
            await asyncio.sleep(error.retry_after_s or WAIT_S)
        else:
            return
    await port.upload(thread, content, name, caption, key)


def _thread(board: Blackboard, run: RunId, place: Place) -> ThreadRef | None:
    found = (binding.thread for binding in bindings_at(board, place) if binding.run == run and binding.thread)
    thread = next(found, None)
    return ThreadRef(place, thread) if thread is not None else None


def _read(desk: Desk, task: Task, attempt: int) -> _Whole | None:
    with closing(desk.open_log()) as log:
        found = last_lines(log, task, attempt, MAX_LINES, desk.unwritten, MAX_WIDTH)
    if found is None:
        return None
    return _Whole(_bounded(desk.redact("\n".join(found.lines))), found.lines, found.turns)


def _bounded(text: str) -> bytes:
    """The text within MAX_BYTES; of what is longer, the end, which says how much is missing."""
    content = f"{text}\n".encode()
    if len(content) <= MAX_BYTES:
        return content
    end = content[len(content) - MAX_BYTES + 100 :].partition(b"\n")[2]
    above = content.count(b"\n") - end.count(b"\n")
    return f"{say.hidden_above(above)}\n".encode() + end


def _is_cut(snippet: LogSnippet, whole: _Whole, port: ChatPort) -> bool:
    seen = shown(snippet, port.caps)
    lines = seen.text.split("\n")
    return lines[seen.head : len(lines) - seen.foot] != list(whole.lines)
