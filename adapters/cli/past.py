"""Tells what happened: the events of a repository, or those of one task, with the git command that tells the same."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.cli.folder import root_of, tell_of_clone, typed_here
from adapters.cli.moments import time_of
from adapters.cli.names import run_of, task_of
from adapters.wiring import read_log
from bot.replies import history as say
from bot.text import one_line
from engine.clock import SystemClock, iso
from engine.core.blackboard import Blackboard
from engine.history import History, Wanted, about_task
from engine.recovery import load_board
from engine.store.entry import StoredEntry
from engine.workspace.repository import Repository


class Wishes(msgspec.Struct, frozen=True):
    """What was typed; None is any."""

    run: str | None = None
    task: str | None = None
    actor: str | None = None
    since: str | None = None
    limit: int = 0


def log(repo: Path, wishes: Wishes, as_json: bool) -> None:
    """The events that were asked for, newest first."""
    root = root_of(repo)
    with closing(read_log(root)) as branch:
        board = load_board(branch)
        wanted = _wanted(board, wishes)
        history = History(Repository.open(root, on_a_branch=False), branch)
        found = history.find(wanted, wishes.limit + 1 if wishes.limit else None)
        command = typed_here(history.command(wanted, wishes.limit or None), root)
    shown = found[: wishes.limit or None]
    if as_json:
        output.say_json({"events": [_facts(entry) for entry in shown], "git": command})
    elif not shown:
        since = iso(wanted.since_ms) if wanted.since_ms is not None else ""
        output.say(say.nothing_found(say.asked_for(wanted.run or "", wanted.task or "", wanted.actor or "", since)))
        tell_of_clone(root, board)
    else:
        _print(shown, command, say.more(wishes.limit) if len(found) > len(shown) else "")


def history(repo: Path, task: str, as_json: bool) -> None:
    """Everything that happened to a task, and what was asked and answered about it, oldest first."""
    root = root_of(repo)
    with closing(read_log(root)) as branch:
        board = load_board(branch)
        name = task_of(board, task)
        wanted = about_task(board, name)
        past = History(Repository.open(root, on_a_branch=False), branch)
        found, command = past.find(wanted)[::-1], typed_here(past.command(wanted, is_reversed=True), root)
    if as_json:
        output.say_json({"task": name, "events": [_facts(entry) for entry in found], "git": command})
    else:
        _print(found, command)


def _wanted(board: Blackboard, wishes: Wishes) -> Wanted:
    task = task_of(board, wishes.task) if wishes.task is not None else None
    run = run_of(board, wishes.run) if wishes.run is not None else None
    if task is not None:
        own = board.tasks[task].run
        if run not in (None, own):
            refuse(say.other_run(task, own, run or ""))
        run = own
    since_ms = time_of(wishes.since, SystemClock().now_ms()) if wishes.since is not None else None
    if wishes.actor is not None and not wishes.actor.strip():
        refuse(say.no_actor())
    wanted = Wanted(run) if task is None else about_task(board, task)
    return msgspec.structs.replace(wanted, actor=wishes.actor, since_ms=since_ms)


def _print(found: Sequence[StoredEntry], command: str, more: str = "") -> None:
    for entry in found:
        output.say(say.event(entry.seq, entry.commit, iso(entry.at_ms), one_line(entry.subject)))
    if more:
        output.say(more, style="dim")
    output.say("")
    output.say(say.same_with_git(command), style="dim")


def _facts(entry: StoredEntry) -> dict[str, object]:
    return {
        "seq": entry.seq, "at": iso(entry.at_ms), "actor": dict(entry.trailers).get("Orch-Actor", ""),
        "subject": entry.subject, "commit": entry.commit, "event": msgspec.Raw(entry.event.encode()),
    }  # fmt: skip
