"""Commands that read the state branch itself: logs, history, ask. The log is read in a thread."""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from typing import Final

import msgspec

from bot.call import Call, refusal, run_meant, task_named
from bot.conversations import last_lines
from bot.desk import Desk
from bot.handlers.reading import story_of
from bot.messages import Listing, LogSnippet, Message, Notice
from bot.replies import commands as names_say
from bot.replies import reading as say
from bot.stories import run_story
from bot.text import one_line, shorten
from bot.whole_logs import with_whole
from engine.clock import iso
from engine.core.entities import Task
from engine.ports import Log
from engine.store.entry import StoredEntry

LINES: Final = 25
MAX_LINES: Final = 200
_NAME: Final = re.compile(r"\b([RTD][0-9]{1,9})\b", re.IGNORECASE)


async def logs(desk: Desk, call: Call) -> Message:
    """The end of a task's conversation."""
    task = task_named(desk.engine.board, call.text("task"))
    if isinstance(task, Notice):
        return task
    number = int(call.text("attempt") or len(task.attempts))
    if not 1 <= number <= len(task.attempts):
        return refusal(names_say.no_attempt(task.id, number, len(task.attempts)))
    told = await asyncio.to_thread(_snippet, desk, task, number, _wanted(call))
    return await with_whole(desk, call.invocation.place, told) if isinstance(told, LogSnippet) else told


def _snippet(desk: Desk, task: Task, attempt: int, most: int) -> Message:
    with closing(desk.open_log()) as log:
        found = last_lines(log, task, attempt, most, desk.unwritten)
    if found is None:
        is_put_away = bool(desk.engine.board.runs[task.run].sealed_at)
        return refusal(names_say.no_conversation(task.id, attempt, is_put_away=is_put_away))
    title = say.logs_title(task.id, attempt, found.speaker, found.turns)
    return LogSnippet(task.id, attempt, title, found.lines, say.logs_more(task.id))


async def history(desk: Desk, call: Call) -> Message:
    """The last commits about a run, a question, or a task and its questions; without a name, about everything."""
    name = call.text("name")
    asked = [str(each.id) for each in desk.engine.board.decisions.values() if each.task == name]
    names = [name, *asked] if name else []
    lines = await asyncio.to_thread(_commits, desk, names, _wanted(call))
    if not lines:
        return refusal(say.no_history(name))
    return Listing(say.history_title(name), lines, say.history_more(names))


def _commits(desk: Desk, names: Sequence[str], most: int) -> tuple[str, ...]:
    with closing(desk.open_log()) as log:
        return tuple(say.commit_line(e.commit, iso(e.at_ms), shorten(e.subject, 160)) for e in _last(log, names, most))


def _last(log: Log, names: Sequence[str], most: int) -> deque[StoredEntry]:
    found: deque[StoredEntry] = deque(maxlen=most)
    found.extend(entry for entry in log.entries() if not names or any(f'"{name}"' in entry.event for name in names))
    return found


async def ask(desk: Desk, call: Call) -> Message:
    """What is known of whatever the question names, without a model."""
    board = desk.engine.board
    names = list(dict.fromkeys(found.upper() for found in _NAME.findall(call.text("question"))))
    if not names:
        run = run_meant(board, call)
        told: Message = run if isinstance(run, Notice) else run_story(board, run)
    else:
        told = story_of(board, names[0])
    if isinstance(told, Listing):
        return msgspec.structs.replace(told, more=say.answered_from_board())
    if isinstance(told, Notice) and not names:
        return refusal(f"{one_line(told.text)}; {say.names_nothing()}")
    return told


def _wanted(call: Call) -> int:
    return min(int(call.text("lines") or LINES), MAX_LINES)
