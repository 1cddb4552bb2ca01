"""Prints an attempt's conversation from the state branch: turns, tool calls, results. Must not show anything as markup."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Final

import msgspec

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.cli.folder import root_of
from adapters.cli.moments import Moment, commit_with_files, moment_of
from adapters.cli.names import task_of
from adapters.wiring import read_log
from bot.replies import commands as say
from bot.replies import reading as words
from bot.text import clean, one_line, shorten
from engine.agent.outcome import Turn
from engine.clock import iso
from engine.core.entities import Task
from engine.core.ids import RunId
from engine.model.types import Message, ToolCall
from engine.ports import Log
from engine.store.layout import attempt_folder

SHORT_LINES: Final = 12
MAX_ARGUMENT_CHARS: Final = 80
_SPARED: Final = 3
"""Lines for which no others are left out: the sentence about them would be as long."""


def logs(repo: Path, name: str, attempt: int | None, *, is_followed: bool, is_full: bool, as_json: bool) -> None:
    """Print the conversation of the task's attempt (the latest, when none is named), and go on with it if it `is_followed`.

    Raises: BadInput when there is none.
    """
    root = root_of(repo)
    now = moment_of(root, None)
    task = now.board.tasks[task_of(now.board, name)]
    if is_followed:
        from adapters.cli.following import follow

        asyncio.run(follow(root, task, attempt or 0, is_full=is_full, as_json=as_json))
        return
    number = attempt if attempt is not None else len(task.attempts)
    if not 1 <= number <= len(task.attempts):
        refuse(say.no_attempt(task.id, attempt, len(task.attempts)))
    with closing(read_log(root)) as log:
        conversations = read_conversations(log, task, number, kept_in(root, now, task.run))
    if not conversations:
        is_put_away = bool(now.board.runs[task.run].sealed_at)
        refuse(say.no_conversation(task.id, number, is_put_away=is_put_away))
    if as_json:
        output.say_json([{"speaker": speaker, "turns": turns} for speaker, turns in conversations])
        return
    for at, (speaker, turns) in enumerate(conversations):
        if at:
            output.say("")
        output.say(words.conversation(task.id, number, speaker), style="bold")
        for turn in turns:
            print_turn(turn, is_full)


def kept_in(root: Path, now: Moment, run: RunId) -> str | None:
    """The commit that holds the conversations of a run that was put away; None for another, which has them on the branch."""
    return commit_with_files(root, now, run) if now.board.runs[run].sealed_at else None


def read_conversations(log: Log, task: Task, attempt: int, kept: str | None = None) -> list[tuple[str, list[Turn]]]:
    """Who spoke, and the turns in order: the worker, and the strategist who reviewed the work.

    Where the run was put away they are in the commit `kept`; what came in later is on the branch.
    """
    found: dict[str, list[Turn]] = {}
    folder = attempt_folder(task.run, task.id, attempt)
    places = (None,) if kept is None else (kept, None)
    for path, content in chain.from_iterable(log.files(at=at, under=folder, suffix=".jsonl") for at in places):
        speaker = task.role if path.rpartition("/")[2][0].isdigit() else "strategist"
        turns = found.setdefault(speaker, [])
        turns += [msgspec.json.decode(line, type=Turn) for line in content.splitlines() if line]
    return list(found.items())


def print_turn(turn: Turn, is_full: bool, *, was_heard: bool = False) -> None:
    """Print a turn; `was_heard` leaves out what the model said, which is on the screen already."""
    output.say("")
    output.say(words.turn(turn.number, iso(turn.at_ms)[11:19], turn.usage.total_tokens), style="dim")
    for message in turn.messages:
        for line, style in _message_lines(message, is_full, was_heard):
            output.say(line, style=style)


def _message_lines(message: Message, is_full: bool, was_heard: bool) -> Iterator[tuple[str, str]]:
    match message.role:
        case "system":
            if is_full:
                yield from ((f"  {line}", "dim") for line in _lines(message.content, is_full))
        case "user":
            yield from ((f"  {line}", "dim") for line in _lines(message.content, is_full))
        case "assistant":
            if not was_heard:
                yield from ((f"  {line}", "") for line in _lines(message.content, is_full=True))
            yield from ((f"  → {call_line(call, is_full)}", "cyan") for call in message.tool_calls)
        case "tool":
            yield from ((f"  │ {line}", "dim") for line in _lines(message.content, is_full))


def _lines(text: str, is_full: bool) -> Sequence[str]:
    lines = clean(text).strip("\n").split("\n") if text.strip() else []
    if is_full or len(lines) <= SHORT_LINES + _SPARED:
        return lines
    half = SHORT_LINES // 2
    return [*lines[:half], words.more_lines(len(lines) - SHORT_LINES), *lines[-half:]]


def call_line(call: ToolCall, is_full: bool) -> str:
    """The call as a person reads it: `read_file(path="money.py", start_line=3)`."""
    limit = 100_000 if is_full else MAX_ARGUMENT_CHARS
    try:
        arguments = msgspec.json.decode(call.arguments or "{}", type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return f"{one_line(call.name)}({shorten(one_line(call.arguments), limit)})"
    shown = (f"{one_line(key)}={shorten(_flat(bytes(value)), limit)}" for key, value in arguments.items())
    return f"{one_line(call.name)}({', '.join(shown)})"


def _flat(value: bytes) -> str:
    """JSON on one line; blanks inside its strings, such as indentation, stay as they are."""
    return clean(value.decode("utf-8")).replace("\n", " ")
