"""What a start does about the end before it: attempts that were cut off, branches and worktrees left over.

Must run while the engine's lock is held and before anything is dispatched.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Final

from msgspec.structs import astuple

from engine.clock import iso
from engine.core import commands as c
from engine.core import phoenix
from engine.core.blackboard import Blackboard, Touched
from engine.core.entities import TaskState
from engine.core.events import Record, UnknownEvent, decode
from engine.core.ids import attempt_branch
from engine.core.lifecycle import UNFINISHED, BrokenHistory, IllegalTransition
from engine.ledger import ENGINE, Ledger
from engine.ports import Log
from engine.store.entry import StoredEntry
from engine.store.errors import BrokenLog, NewerLog
from engine.store.layout import board_from_files, project
from engine.treasury import settle_lost_grants
from engine.workspace.repository import Repository

HELD: frozenset[TaskState] = frozenset({"active", "awaiting_qa", "approved", "waiting_human"})
"""States in which a task's work may be a commit that only its branch keeps alive."""


LOOKED_THROUGH: Final = 500
"""Events: 25 microseconds each in a repository that was just opened, and whoever looks at the board waits."""


def load_board(log: Log, at: StoredEntry | None = None) -> Blackboard:
    """The board as the state branch has it, or had it right after an entry.

    Raises: BrokenLog, BrokenFile; NewerLog when the branch goes on with what only a newer version knows.
    """
    if at is None:
        refuse_unknown(log)
    last = at or log.last()
    if last is None:
        return Blackboard()
    return board_from_files(_board_files(log, last), last.seq)


def _board_files(log: Log, at: StoredEntry) -> Iterator[tuple[str, bytes]]:
    # Of one commit: an engine may seal a run meanwhile, which takes its files from one folder to the other.
    return chain.from_iterable(log.files(at=at.commit, under=name, suffix=".json") for name in ("archive", "runs"))


def refuse_unknown(log: Log) -> None:
    """Return when this version knows the newest events, LOOKED_THROUGH at most.

    An older one that it does not know is met again in a file, by a field that it does not know, where it left one.

    Raises: NewerLog naming the newest event that it does not know; BrokenLog.
    """
    # The files alone would do for a board, but whoever does not know an event drops what it added to them with the next one.
    for commit, event in islice(log.events(), LOOKED_THROUGH):
        try:
            decode(event)
        except UnknownEvent as error:
            raise NewerLog(commit, str(error)) from error


def refuse_broken(log: Log, fork: StoredEntry | None) -> None:
    """Return when the log goes on from an entry (None: begins) as an engine writes it: every event can follow the one before, and the
    newest files of the board are what they leave.

    Raises: BrokenLog naming the first commit that is not; NewerLog.
    """
    refuse_unknown(log)
    board = load_board(log, fork) if fork else Blackboard()
    last, touched = fork, dict[tuple[object, ...], Touched]()
    for last in log.entries(after=fork.commit if fork else None):
        try:
            changed = board.apply(
                Record(last.seq, iso(last.at_ms), dict(last.trailers).get("Orch-Actor", ""), decode(last.event))
            )
            touched[astuple(changed)] = changed
        except UnknownEvent as error:
            raise NewerLog(last.commit, str(error)) from error
        except (BrokenHistory, IllegalTransition) as error:
            raise BrokenLog(last.commit, f"its event can't follow: {error}") from error
    files: dict[str, bytes | None] = dict(_board_files(log, fork)) if fork else {}
    for each in touched.values():
        files |= project(board, each)
    # The folder of a run that was put away.
    gone = tuple(f"{path}/" for path, content in files.items() if content is None)
    files = {path: content for path, content in files.items() if content is not None and not path.startswith(gone)}
    found = dict(_board_files(log, last)) if last else {}
    if wrong := sorted(path for path in files.keys() | found.keys() if files.get(path) != found.get(path)):
        raise BrokenLog(last.commit if last else "", f"{wrong[0]} is not as the events leave it")


async def fail_lost_attempts(ledger: Ledger) -> None:
    """Record each attempt that was under way as lost: its process died with the engine. It costs no retry."""
    await settle_lost_grants(ledger)
    for name in tuple(ledger.board.in_state["active"]):
        attempt = ledger.board.tasks[name].attempts[-1].number
        await ledger.submit(c.FailAttempt(name, attempt, "lost", "the engine stopped while it was under way"), ENGINE)


async def settle_runs(ledger: Ledger) -> None:
    """Record what follows of itself from a board that was cut off in the middle of a group, or its tasks would wait for ever."""
    for run in tuple(ledger.board.runs):
        await ledger.submit(c.SettleRun(run), ENGINE)


def needed_branches(board: Blackboard) -> set[str]:
    """The attempt branches that must stay, whether or not the attempt has made its commit yet."""
    held = (board.tasks[name] for state in HELD for name in board.in_state[state])
    current = [(task, task.attempt) for task in held if task.attempt is not None and not task.attempt.ended_at]
    # Another attempt, which may follow even approved work, begins with it: until the task is over its commit must not be pruned.
    kept = (board.tasks[name] for state in UNFINISHED for name in board.in_state[state])
    found = ((task, earlier(task.attempts)) for task in kept for earlier in (phoenix.conflicted, phoenix.checkpoint))
    needed = ((task, attempt) for task, attempt in (*current, *found) if attempt is not None)
    return {attempt_branch(task.run, task.id, attempt.number) for task, attempt in needed}


def renamed_branches(repository: Repository, names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The attempt branches by their old names: the new one, as runs and tasks are called now, and the commit."""
    now = {
        name: ("/".join(names.get(part, part) for part in name.split("/")), commit)
        for name, commit in repository.branches("orch/R").items()
    }
    return {old: (new, commit) for old, (new, commit) in now.items() if new != old}


def delete_stale_branches(repository: Repository, board_now: Callable[[], Blackboard]) -> None:
    """Delete the branches of attempts that are over; the state branch keeps their diffs.

    Raises: UnknownBranch, OSError, pygit2.GitError when somebody else is at the branches.
    """
    # In this order: an attempt is on the board before its branch is there, so no branch of a new one is taken for a stale one.
    found = repository.branches("orch/R")
    needed = needed_branches(board_now())
    for name in found:
        if name not in needed:
            repository.delete_branch(name)
