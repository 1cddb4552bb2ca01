"""Where an attempt begins: at the target's tip, with tests that were handed over, or in the middle of a conflict. Must not judge.

Whatever the beginning, the work is compared with the tip, and its commit descends from the tip.
"""

from collections.abc import Iterable

import msgspec

from engine.core.entities import Task
from engine.crew.brief import Context
from engine.crew.fences import DATA
from engine.ledger import author
from engine.tools.observation import cut_at
from engine.work import Job
from engine.workspace import train
from engine.workspace.conflicts import Side, marked_merge
from engine.workspace.repository import Repository

MAX_FILES = 8
MAX_SIDE_CHARS = 6_000
_NO_FILE = "(there is no such file)"
_MARK = ("<<<<<<< ", ">>>>>>> ")


class HandedConflict(Exception):
    """The tests that were handed over do not fit the target any more; the message names the files."""


class Beginning(msgspec.Struct, frozen=True):
    """`commit` has the files to begin with, `parents` are the parents of the work's commit, which must differ from the first.
    `given` are paths that belong to others, `sides` what conflicts; `goes_on` says that earlier work of the task is in it.
    """

    commit: str
    parents: tuple[str, ...]
    given: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    goes_on: bool = False


def with_what_is_left(repository: Repository, job: Job) -> Job:
    """The job without the work of earlier attempts that it was to go on from, where git holds those commits no more.

    It then begins as any other does, and the brief shows it the earlier diff.
    """
    earlier = job.conflicted or job.checkpoint
    if earlier is None or repository.has(earlier.commit):
        return job
    gone = msgspec.structs.replace(earlier, commit="")
    attempts = tuple(gone if each is earlier else each for each in job.task.attempts)
    task = msgspec.structs.replace(job.task, attempts=attempts)
    return with_what_is_left(repository, msgspec.structs.replace(job, task=task))


def begin(repository: Repository, job: Job) -> Beginning:
    """The beginning of the job's attempt.

    Raises: UnknownCommit; GitError; HandedConflict.
    """
    conflicted = job.conflicted
    if conflicted is not None:
        commit = _with_tests(repository, job, _lacking(repository, job, conflicted.commit))
        marked = marked_merge(repository, work=conflicted.commit, tip=commit)
        parents = (commit, conflicted.commit)
        # Not compared with the merge as it was marked: where nothing is to be resolved by hand, that is the result.
        return Beginning(marked.commit, parents, given_paths(repository, job), marked.sides)
    commit = _with_tests(repository, job, job.handed)
    given = given_paths(repository, job)
    checkpoint = job.checkpoint
    if checkpoint is None:
        return Beginning(commit, (commit,), given)
    merged = train.merge(repository, work=checkpoint.commit, tip=commit, message="Go on", author=author("engine"))
    if isinstance(merged, train.Conflict):
        # What landed meanwhile does not fit it: the brief shows the diff, and the work is done again.
        return Beginning(commit, (commit,), given)
    return Beginning(merged.commit, (commit,), given, goes_on=True)


def _with_tests(repository: Repository, job: Job, tests: Iterable[Task]) -> str:
    """The job's base, with the tests merged into it.

    Raises: UnknownCommit; GitError; HandedConflict.
    """
    commit = job.base
    for task in tests:
        message = (
            f"Begin {job.task.id} with the tests of {task.id}\n\nOrch-Run: {job.run.id}\nOrch-Task: {job.task.id}\n"
        )
        merged = train.merge(
            repository, work=task.attempts[-1].commit, tip=commit, message=message, author=author("engine")
        )
        if isinstance(merged, train.Conflict):
            raise HandedConflict(f"the tests of {task.id} conflict with {job.run.branch} in {', '.join(merged.paths)}")
        commit = merged.commit
    return commit


def given_paths(repository: Repository, job: Job) -> tuple[str, ...]:
    """The files of the tests that were handed over: the job's role may not change them.

    Raises: UnknownCommit.
    """
    handed = (task.attempts[-1] for task in job.handed)
    return tuple(dict.fromkeys(path for each in handed for path in repository.changed_paths(each.base, each.commit)))


def missing_tests(repository: Repository, job: Job, commit: str) -> str:
    """Which handed tests are not in the commit's history, as a sentence; empty when all of them are.

    Raises: UnknownCommit.
    """
    names = ", ".join(task.id for task in _lacking(repository, job, commit))
    return names and f"{job.task.id} came to depend on {names} after this work was begun, which lacks those tests"


def _lacking(repository: Repository, job: Job, commit: str) -> tuple[Task, ...]:
    return tuple(task for task in job.handed if not repository.is_ancestor(task.attempts[-1].commit, commit))


def unresolved(repository: Repository, commit: str, sides: tuple[Side, ...]) -> list[str]:
    """The conflicting files that still hold marks in the commit."""
    contents = ((side.path, repository.read_file(commit, side.path) or b"") for side in sides)
    return [path for path, content in contents if any(_has(content, mark) for mark in _MARK)]


def _has(content: bytes, mark: str) -> bool:
    return any(line.startswith(mark.encode()) for line in content.split(b"\n"))


def context_of(beginning: Beginning) -> tuple[Context, ...]:
    """What the worker is told of it, beside its task."""
    found = []
    if beginning.goes_on:
        text = "What the earlier attempt had changed when the task was put off is in your tree, and not committed. Go on from there."
        found.append(Context("Where you are", text))
    if beginning.given:
        lines = "\n".join(f"- {path}" for path in beginning.given)
        found.append(
            Context("Tests that are in your tree and red: turn them green, you may not change them", lines, DATA)
        )
    for side in beginning.sides[:MAX_FILES]:
        versions = (
            ("in the merge base", side.base),
            ("on the target", side.target),
            ("in the work to be merged", side.work),
        )
        found += [
            Context(f"{side.path} {where}", _NO_FILE if text is None else cut_at(text, MAX_SIDE_CHARS), DATA)
            for where, text in versions
        ]
    if len(beginning.sides) > MAX_FILES:
        rest = "\n".join(f"- {side.path}" for side in beginning.sides[MAX_FILES:])
        found.append(Context("Further files that conflict", rest, DATA))
    return tuple(found)
