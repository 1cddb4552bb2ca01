"""Whatever appends, reads, upkeep, epochs, `git gc` and failures of the disk come in whatever order: the files are the fold."""

import os
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.clock import iso
from engine.core import events as e
from engine.core.blackboard import fold
from engine.recovery import load_board
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.store.memory import MemoryBranch, MemoryLog
from tests.bench.store_workload import Workload
from tests.fakes.board_view import facts
from tests.fakes.entries import git, new_repository

CALLS = ("fdatasync", "fsync", "rename")


class PowerWentOut(BaseException):
    """Nobody handles this, as nobody handles a kill."""


@contextmanager
def failing(call: str, after: int, patch: pytest.MonkeyPatch):
    """Within, the call of `os` or `Path` ends the writer once it was made so often."""
    owner = Path if call == "rename" else os
    real: Callable[..., object] = getattr(owner, call)
    made = 0

    def fail_in_time(*arguments: object) -> object:
        nonlocal made
        made += 1
        if made > after:
            raise PowerWentOut
        return real(*arguments)

    with patch.context() as within:
        within.setattr(owner, call, fail_in_time)
        yield


class StoreMachine(RuleBasedStateMachine):
    is_ahead = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="orch-store-", ignore_cleanup_errors=True)
        self.repository = new_repository(Path(self.folder.name) / "repository")
        self.patch = pytest.MonkeyPatch()
        self.lock = EngineLock(self.repository, since_ms=0)
        self.lock.acquire()
        self.log = self.opened()
        self.twin = MemoryLog(MemoryBranch())
        self.workload = Workload(3)
        self.lost: list[Entry] = []
        self.append(list(self.workload.plan()))

    def append(self, group: list[Entry]) -> None:
        assert self.log.append(group) == self.twin.append(group)

    @rule(size=st.integers(1, 5))
    def append_some(self, size: int) -> None:
        self.append(self.workload.steps(size))

    @rule(size=st.integers(1, 3), call=st.sampled_from(CALLS), after=st.integers(0, 2))
    def die_while_appending(self, size: int, call: str, after: int) -> None:
        group = self.workload.steps(size)
        try:
            with failing(call, after, self.patch):
                self.log.append(group)
        except PowerWentOut:
            # Not closed, as the dead don't close anything.
            self.log = self.opened()
        is_stored = self.last_seq() == group[-1].seq
        assert is_stored or self.last_seq() == group[0].seq - 1
        if not is_stored:
            self.log.append(group)
        self.twin.append(group)

    def last_seq(self) -> int:
        last = self.log.last()
        assert last is not None
        return last.seq

    @rule()
    def open_again(self) -> None:
        self.log.close()
        self.log = self.opened()

    def opened(self) -> GitLog:
        log = GitLog.open(self.repository)
        log.clean_leftovers()
        if self.is_ahead:
            log.write_ahead()
        return log

    @rule()
    def publish(self) -> None:
        self.log.publish()

    @rule(call=st.sampled_from(CALLS), after=st.integers(0, 3))
    def die_while_publishing(self, call: str, after: int) -> None:
        self.append(self.workload.steps(2))
        try:
            with failing(call, after, self.patch):
                self.log.publish()
        except PowerWentOut:
            self.log = self.opened()

    @rule()
    def tend(self) -> None:
        self.log.tend()

    @rule()
    def collect_garbage(self) -> None:
        git(self.repository, "gc", "--quiet", "--prune=now")

    @rule(size=st.integers(1, 3))
    def begin_an_epoch(self, size: int) -> None:
        self.log.begin_epoch()
        self.twin.begin_epoch()
        self.append(self.workload.steps(size))

    @precondition(lambda self: self.last_seq() > 10)
    @rule(back=st.integers(1, 5))
    def travel_in_time(self, back: int) -> None:
        then = list(self.log.entries())[-back - 1]
        records = [record_of(one) for one in self.log.entries(until=then.commit)]
        assert records[-1].seq == then.seq
        path = "runs/R1/tasks/T1.json"
        assert self.log.read(path, at=then.commit) == self.twin.read(path, at=then.commit)

    @invariant()
    def the_files_are_the_fold(self) -> None:
        assert self.log.tip() == self.twin.tip()
        folded = fold(map(record_of, self.log.entries()))
        assert facts(load_board(self.log)) == facts(folded) == facts(self.workload.board)

    def teardown(self) -> None:
        git(self.repository, "fsck", "--strict", "--full", "--no-dangling")
        self.log.close()
        self.lock.release()
        self.folder.cleanup()


def record_of(stored) -> e.Record:
    return e.Record(stored.seq, iso(stored.at_ms), dict(stored.trailers)["Orch-Actor"], e.decode(stored.event))


class AheadMachine(StoreMachine):
    """With a write-ahead log, as the engine has it."""

    is_ahead = True

    @rule(sizes=st.lists(st.integers(1, 3), min_size=2, max_size=40), dies=st.booleans())
    def append_in_a_row(self, sizes: list[int], dies: bool) -> None:
        for size in sizes:
            self.append(self.workload.steps(size))
        if dies:
            self.log = self.opened()

    @rule(
        sizes=st.lists(st.integers(1, 3), min_size=1, max_size=5), call=st.sampled_from(CALLS), after=st.integers(0, 9)
    )
    def die_in_a_row(self, sizes: list[int], call: str, after: int) -> None:
        groups = [self.workload.steps(size) for size in sizes]
        acknowledged = groups[0][0].seq - 1
        try:
            with failing(call, after, self.patch):
                for group in groups:
                    self.log.append(group)
                    acknowledged = group[-1].seq
        except PowerWentOut:
            self.log = self.opened()
        found = self.last_seq()
        assert found >= acknowledged
        for group in groups:
            self.twin.append(group)
            if group[-1].seq > found:
                self.log.append(group)


SETTINGS = settings(max_examples=6, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestStore = pytest.mark.slow(StoreMachine.TestCase)
TestStore.settings = SETTINGS
TestAhead = pytest.mark.slow(AheadMachine.TestCase)
TestAhead.settings = SETTINGS
