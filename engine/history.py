"""Finds what happened, and how things stood, in the history of the state branch; must only read.

Git itself searches, because its commit-graph and Bloom filters know which commits touch a path; each search is also one plain git
command that a person can type.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

from engine.clock import iso
from engine.core.blackboard import Blackboard
from engine.core.ids import DecisionId, RunId, TaskId
from engine.store import layout
from engine.store.entry import StoredEntry
from engine.store.gitlog import GitLog
from engine.store.refs import EPOCHS
from engine.workspace.git import run_git
from engine.workspace.repository import Repository

_REGEX_SIGNS: Final = re.compile(r"([\\.\[\]{}()*+?^$|])")
_FOR_PEOPLE: Final = "--format=%h %ad %an: %s"


class Wanted(msgspec.Struct, frozen=True):
    """Which events: of a run, of a task in it, by an actor (`coder`, `cli:ada`, or `ada` alone), since a time; None is any."""

    run: RunId | None = None
    task: TaskId | None = None
    actor: str | None = None
    since_ms: int | None = None


class NotInHistory(Exception):
    """There was no such moment; the message says what there is."""


class History:
    """The past of one repository's runs."""

    def __init__(self, repository: Repository, log: GitLog) -> None:
        self._repository = repository
        self._log = log
        self._branch = log.ref.removeprefix("refs/heads/")

    def find(self, wanted: Wanted, limit: int | None = None) -> list[StoredEntry]:
        """The events, newest first, at most so many.

        Raises: GitError; BrokenLog.
        """
        return list(islice(self._found(wanted), limit))

    def command(self, wanted: Wanted) -> str:
        """The git command that prints the same, for people."""
        return _typed(("log", _FOR_PEOPLE, "--date=iso", *self._arguments(wanted)))

    def commit_of(self, seq: int) -> StoredEntry:
        """The event of this number, whose commit is how things stood right after it.

        Raises: NotInHistory; GitError; BrokenLog.
        """
        last = self._log.last()
        if last is None or not 1 <= seq <= last.seq:
            known = f"events here are numbered 1 to {last.seq}" if last else "no run has written a state branch here"
            raise NotInHistory(f"there is no event {seq}; {known}")
        above = [end for end in (last, *self._ends_of_epochs()) if end.seq >= seq][-1]
        commit = self._git("rev-parse", "--verify", "--quiet", f"{above.commit}~{above.seq - seq}^{{commit}}").strip()
        found = self._log.entry(commit) if commit else None
        if found is None or found.seq != seq:
            raise NotInHistory(
                f"event {seq} is not here; it may be in an earlier epoch: "
                "`git fetch origin 'refs/orch/epoch/*:refs/orch/epoch/*'` gets those, `orch verify` finds what is wrong"
            )
        return found

    def _found(self, wanted: Wanted) -> Iterator[StoredEntry]:
        if self._log.tip() is None:
            return
        for commit in self._git("log", "--format=%H", *self._arguments(wanted)).split():
            entry = self._log.entry(commit)
            # The roots of epochs are no events, but touch every path that there is.
            if entry is not None:
                yield entry

    def _arguments(self, wanted: Wanted) -> Sequence[str]:
        chosen = []
        if wanted.actor is not None:
            signs = _REGEX_SIGNS.sub(r"\\\1", wanted.actor)
            chosen += ["--extended-regexp", f"--grep=^Orch-Actor: (.*:)?{signs}$"]
        if wanted.since_ms is not None:
            chosen.append(f"--since={iso(wanted.since_ms)}")
        chosen.append(self._branch)
        if next(self._ends_of_epochs(), None) is not None:
            chosen.append(f"--glob={EPOCHS}*")
        if wanted.task is not None and wanted.run is not None:
            chosen += ["--", layout.task_path(wanted.run, wanted.task)]
        elif wanted.run is not None:
            chosen += ["--", layout.run_folder(wanted.run)]
        return chosen

    def _ends_of_epochs(self) -> Iterator[StoredEntry]:
        """The last events of the epochs that are over and here, newest first."""
        names = self._git("for-each-ref", "--sort=-version:refname", "--format=%(objectname)", EPOCHS)
        for commit in names.split():
            entry = self._log.entry(commit)
            if entry is not None:
                yield entry

    def _git(self, *arguments: str) -> str:
        return run_git(*arguments, git_dir=self._repository.git_dir, accept=(0, 1)).stdout.decode("utf-8", "replace")


def path_of(board: Blackboard, run: RunId) -> str:
    """Where the run lies on a branch whose board this is: its folder, or its file in the archive."""
    return layout.archive_path(run) if board.runs[run].sealed_at else layout.run_folder(run)


def file_of(board: Blackboard, name: RunId | TaskId | DecisionId) -> str:
    """The file that says how the run, task or question stands, on a branch whose board this is.

    Raises: KeyError for an unknown one.
    """
    if name in board.tasks:
        run = board.tasks[TaskId(name)].run
        path = layout.task_path(run, TaskId(name))
    elif name in board.decisions:
        run = board.decisions[DecisionId(name)].run
        path = layout.decision_path(run, DecisionId(name))
    else:
        run = RunId(name)
        path = layout.run_path(run)
    return layout.archive_path(run) if board.runs[run].sealed_at else path


def show_command(commit: str, path: str) -> str:
    """The git command that prints a file of the branch as it was in a commit."""
    return _typed(("show", f"{commit[:12]}:{path}"))


def diff_command(before: tuple[str, str], after: tuple[str, str]) -> str:
    """The git command that compares two paths, each in a commit."""
    return _typed(("diff", *(f"{commit[:12]}:{path}" for commit, path in (before, after))))


def _typed(arguments: Sequence[str]) -> str:
    return f"git {shlex.join(arguments)}"
