"""Finds what happened, and how things stood, in the history of the state branch; must only read.

Git itself searches, because its commit-graph and Bloom filters know which commits touch a path; each search is also one plain git
command that a person can type.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
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
_ESCAPED: Final = r"\\\1"
_AUTHOR: Final = re.compile(r"(?P<person>.+) \((?P<surface>[^()]+)\)")
"""As engine.ledger.author writes it."""
_FOR_PEOPLE: Final = "--format=%h %ad %an: %s"


class Wanted(msgspec.Struct, frozen=True):
    """Which events: of a run, of a task in it with the questions about it, by an actor, since a time; None is any.

    An actor is a role, `cli:ada`, `ada` alone, or the author as git shows it: `ada (cli)`, `orch coder`.
    """

    run: RunId | None = None
    task: TaskId | None = None
    questions: tuple[DecisionId, ...] = ()
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
        if self._log.tip() is None:
            return []
        options = self._options(wanted, limit)
        # One search a path: git's Bloom filters answer for a single one.
        searches = [(*options, "--", path) for path in _paths(wanted)] or [options]
        commits = {commit for search in searches for commit in self._git("log", "--format=%H", *search).split()}
        entries = [entry for commit in commits if (entry := self._log.entry(commit)) is not None]
        return sorted(entries, key=lambda entry: entry.seq, reverse=True)[:limit]

    def command(self, wanted: Wanted, limit: int | None = None, *, is_reversed: bool = False) -> str:
        """The git command that prints the same, for people: newest first, unless it `is_reversed`."""
        order = ("--reverse",) if is_reversed else ()
        paths = _paths(wanted)
        where = ("--", *paths) if paths else ()
        return _typed(("log", _FOR_PEOPLE, "--date=iso", *order, *self._options(wanted, limit), *where))

    def before_sealing(self, run: RunId) -> str | None:
        """The last commit that has the files of a run that was put away; None when that is not here (an earlier epoch, say).

        Raises: GitError.
        """
        sealing = ("-1", "--format=%P", "--diff-filter=D", *self._tips(), "--", layout.run_path(run))
        return self._git("log", *sealing).strip() or None

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

    def _options(self, wanted: Wanted, limit: int | None) -> tuple[str, ...]:
        # The roots of epochs are no events, but touch every path that there is.
        chosen = ["--min-parents=1"]
        if limit is not None:
            chosen.append(f"-n{limit}")
        if wanted.actor is not None:
            chosen += ["--extended-regexp", f"--grep=^Orch-Actor: {_actors(wanted.actor)}$"]
        if wanted.since_ms is not None:
            chosen.append(f"--since={iso(wanted.since_ms)}")
        return (*chosen, *self._tips())

    def _tips(self) -> tuple[str, ...]:
        is_long = next(self._ends_of_epochs(), None) is not None
        return (self._branch, f"--glob={EPOCHS}*") if is_long else (self._branch,)

    def _ends_of_epochs(self) -> Iterator[StoredEntry]:
        """The last events of the epochs that are over and here, newest first."""
        names = self._git("for-each-ref", "--sort=-version:refname", "--format=%(objectname)", EPOCHS)
        for commit in names.split():
            entry = self._log.entry(commit)
            if entry is not None:
                yield entry

    def _git(self, *arguments: str) -> str:
        return run_git(*arguments, git_dir=self._repository.git_dir, accept=(0, 1)).stdout.decode("utf-8", "replace")


def about_task(board: Blackboard, task: TaskId) -> Wanted:
    """All events of a task, with what was asked and answered about it."""
    asked = tuple(decision.id for decision in board.decisions.values() if decision.task == task)
    return Wanted(board.tasks[task].run, task, asked)


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


def _paths(wanted: Wanted) -> list[str]:
    if wanted.run is None:
        return []
    if wanted.task is None:
        return [layout.run_folder(wanted.run)]
    asked = (layout.decision_path(wanted.run, question) for question in wanted.questions)
    return [layout.task_path(wanted.run, wanted.task), *asked]


def _actors(typed: str) -> str:
    """A regular expression for what may stand in `Orch-Actor`."""
    name = _AUTHOR.fullmatch(typed)
    if name is None:
        return f"(.*:)?{_REGEX_SIGNS.sub(_ESCAPED, typed.removeprefix('orch '))}"
    return _REGEX_SIGNS.sub(_ESCAPED, f"{name['surface']}:{name['person']}")


def _typed(arguments: Sequence[str]) -> str:
    return f"git {shlex.join(arguments)}"
