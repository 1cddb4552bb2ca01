"""What a start does about the end before it: attempts that were cut off, branches and worktrees left over.

Must run while the engine's lock is held and before anything is dispatched.
"""

from collections.abc import Callable
from itertools import chain, islice
from typing import Final

from engine.core import commands as c
from engine.core import phoenix
from engine.core.blackboard import Blackboard
from engine.core.entities import TaskState
from engine.core.events import UnknownEvent, decode
from engine.core.ids import attempt_branch
from engine.core.lifecycle import UNFINISHED
from engine.ledger import ENGINE, Ledger
from engine.ports import Log
from engine.store.entry import StoredEntry
from engine.store.errors import NewerLog
from engine.store.layout import board_from_files
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
    # Of one commit: an engine may seal a run meanwhile, which takes its files from one folder to the other.
    folders = (log.files(at=last.commit, under=folder, suffix=".json") for folder in ("archive", "runs"))
    return board_from_files(chain.from_iterable(folders), last.seq)


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
