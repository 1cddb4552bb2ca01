"""The places in which every log keeps its promises: git, git behind a write-ahead log, memory."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.ports import Log
from engine.store.gitlog import GitLog
from engine.store.memory import MemoryBranch, MemoryLog

Place = Callable[[], Callable[[], Log]]
"""Makes an empty place for a log; what it returns opens a log there, each time another one."""


def in_git(repository: Path) -> Place:
    """Each append is in git when it is durable."""
    numbers = itertools.count()

    def new() -> Callable[[], Log]:
        ref = f"refs/heads/orch-state-{next(numbers)}"
        return lambda: GitLog.open(repository, ref=ref)

    return new


def ahead_of_git(repository: Path) -> Place:
    """The first log has a write-ahead log, as the engine's; the others look on, and see what it published."""
    numbers = itertools.count()

    def new() -> Callable[[], Log]:
        ref = f"refs/heads/orch-state-{next(numbers)}"
        opened: list[GitLog] = []

        def open_one() -> Log:
            for log in opened:
                log.publish()
            opened.append(GitLog.open(repository, ref=ref))
            if len(opened) == 1:
                opened[0].write_ahead()
            return opened[-1]

        return open_one

    return new


def in_memory(_: Path) -> Place:
    """Nothing outlives the process."""

    def new() -> Callable[[], Log]:
        branch = MemoryBranch()
        return lambda: MemoryLog(branch)

    return new


PLACES: Final = {"git": in_git, "git-ahead": ahead_of_git, "memory": in_memory}
