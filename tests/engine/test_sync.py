"""The state branch at a remote: pushed without ever dropping what is there, taken over where we are behind."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.ledger import Ledger
from engine.pusher import Pusher
from engine.store.gitlog import GitLog
from engine.store.memory import MemoryLog
from engine.sync import HistoriesDiffer, Place, Sync, SyncFailed
from engine.workspace.repository import Repository
from tests.fakes.entries import entry, git, new_repository
from tests.fakes.jumping import LoopClock, passes, run


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "remote.git", "--bare")


@pytest.fixture
def here(tmp_path: Path, remote: Path) -> Path:
    return joined(tmp_path / "here", remote)


@pytest.fixture
def there(tmp_path: Path, remote: Path) -> Path:
    return joined(tmp_path / "there", remote)


def joined(path: Path, remote: Path) -> Path:
    new_repository(path)
    git(path, "remote", "add", "origin", str(remote))
    return path


def append(path: Path, *seqs: int, epoch: bool = False, **said: object) -> str:
    log = GitLog.open(path)
    if epoch:
        log.begin_epoch()
    tip = log.append([entry(seq, **said) for seq in seqs])
    log.close()
    return tip


def seqs(path: Path) -> list[int]:
    log = GitLog.open(path)
    try:
        return [one.seq for one in log.entries()]
    finally:
        log.close()


def sync(path: Path, *, quiet: bool = False) -> Sync:
    return Sync(Repository(path, path / ".git"), Place("origin", quiet))


def test_what_is_pushed_is_a_branch_or_quietly_no_branch(here: Path, remote: Path):
    tip = append(here, 1, 2)
    sync(here).push()
    assert git(remote, "for-each-ref", "--format=%(objectname) %(refname)").split() == [tip, "refs/heads/orch-state"]
    sync(here, quiet=True).push()
    assert f"{tip} refs/orch/state" in git(remote, "for-each-ref", "--format=%(objectname) %(refname)")


def test_nothing_is_pushed_before_the_first_event(here: Path, remote: Path):
    sync(here).push()
    assert git(remote, "for-each-ref") == ""


def test_a_new_epoch_replaces_the_one_before_and_nothing_is_lost(here: Path, there: Path, remote: Path):
    append(here, 1, 2)
    sync(here).push()
    append(here, 3, epoch=True)
    append(here, 4, 5)
    sync(here).push()
    assert "refs/orch/epoch/1" in git(remote, "for-each-ref")
    both = sync(there)
    theirs = both.fetch()
    assert theirs is not None
    assert both.relation(theirs) == "behind"
    both.take_over(theirs)
    assert seqs(there) == [1, 2, 3, 4, 5]
    git(there, "fsck", "--strict")


def test_what_is_behind_takes_over_and_what_is_ahead_pushes(here: Path, there: Path):
    append(here, 1, 2)
    sync(here).push()
    both = sync(there)
    both.take_over(both.fetch() or "")
    assert both.relation(both.fetch()) == "same"
    append(there, 3)
    assert both.relation(both.fetch()) == "ahead"
    both.push()
    ours = sync(here)
    theirs = ours.fetch()
    assert ours.relation(theirs) == "behind"
    ours.take_over(theirs or "")
    assert seqs(here) == [1, 2, 3]


def test_an_engine_that_is_an_epoch_behind_takes_over_all_of_it(here: Path, there: Path):
    append(here, 1, 2)
    sync(here).push()
    behind = sync(there)
    behind.take_over(behind.fetch() or "")
    append(here, 3)
    append(here, 4, epoch=True)
    sync(here).push()
    theirs = behind.fetch()
    assert behind.relation(theirs) == "behind"
    behind.take_over(theirs or "")
    assert seqs(there) == [1, 2, 3, 4]


def test_events_of_another_engine_are_never_pushed_over(here: Path, there: Path, remote: Path):
    append(here, 1)
    sync(here).push()
    both = sync(there)
    both.take_over(both.fetch() or "")
    tip = append(there, 2, subject="theirs")
    both.push()
    append(here, 2, subject="ours")
    with pytest.raises(HistoriesDiffer, match="orch sync"):
        sync(here).push()
    assert sync(here).relation(tip) == "apart"
    assert git(remote, "rev-parse", "orch-state").strip() == tip
    append(here, 3, epoch=True)
    with pytest.raises(HistoriesDiffer):
        sync(here).push()
    assert git(remote, "rev-parse", "orch-state").strip() == tip


def test_a_remote_that_is_not_there_is_a_sentence(tmp_path: Path):
    path = joined(tmp_path / "lonely", tmp_path / "nowhere.git")
    append(path, 1)
    with pytest.raises(SyncFailed, match=r"nowhere\.git"):
        sync(path).push()


def test_a_push_that_hangs_ends_when_nobody_waits_for_it(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = new_repository(tmp_path / "here")
        git(path, "remote", "add", "origin", f"git://127.0.0.1:{silent.getsockname()[1]}/x.git")
        append(path, 1)
        hanging = sync(path)
        with ThreadPoolExecutor(1) as threads:
            pushing = threads.submit(hanging.push)
            taken, _ = silent.accept()
            hanging.hurry()
            with taken, pytest.raises(SyncFailed, match="was not waited for"):
                pushing.result(timeout=10)


class Mirror:
    """Counts pushes by the minute at which they came, and fails as it is told to."""

    def __init__(self, *failures: Exception | None) -> None:
        self.pushed_at_s: list[float] = []
        self._failures = list(failures)

    def push(self, within_s: float = 0.0) -> None:
        self.pushed_at_s.append(LoopClock().monotonic())
        if self._failures and (failure := self._failures.pop(0)) is not None:
            raise failure

    def hurry(self) -> None:
        pass


class Hanging(Mirror):
    """Its first push goes on until it is hurried; in real time, for it needs a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self._hurried = threading.Event(), threading.Event()

    def push(self, within_s: float = 0.0) -> None:
        self.began.set()
        if not self._hurried.wait(30):
            raise AssertionError("nobody hurried")
        raise SyncFailed("it was not waited for")

    def hurry(self) -> None:
        self._hurried.set()


def lived(mirror: Mirror, *pauses_s: float) -> None:
    """An engine's life with an event after each pause."""

    async def main() -> None:
        ledger = Ledger(MemoryLog(), Blackboard(), LoopClock(), str)
        pusher = Pusher(ledger, mirror)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ledger.run()), group.create_task(pusher.run())]
            for pause_s in pauses_s:
                await passes(pause_s)
                await ledger.submit(c.StartRun("do it", "main", "0" * 40, RunConfig("m"), "cli:ada"), "cli:ada")
            for task in tasks:
                task.cancel()
        await pusher.finish()

    run(main())


def test_events_that_come_fast_are_pushed_together():
    mirror = Mirror()
    lived(mirror, 1, 0.1, 0.1, 0.1, 7, 60)
    assert mirror.pushed_at_s == [0, 5, pytest.approx(10), pytest.approx(68.3)]


def test_the_last_events_are_pushed_before_the_end():
    mirror = Mirror()
    lived(mirror, 1, 0.5)
    assert mirror.pushed_at_s == [0, 1.5]


def test_an_engine_that_ends_waits_for_no_push_that_hangs():
    mirror = Hanging()

    async def main() -> None:
        ledger = Ledger(MemoryLog(), Blackboard(), LoopClock(), str)
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            pushing = group.create_task(Pusher(ledger, mirror).run())
            await asyncio.to_thread(mirror.began.wait, 30)
            pushing.cancel()

    asyncio.run(main())


def test_a_remote_that_is_down_is_told_once_and_tried_ever_more_rarely(caplog: pytest.LogCaptureFixture):
    mirror = Mirror(*[SyncFailed("no route")] * 5)
    lived(mirror, 1, 1000)
    assert mirror.pushed_at_s[:6] == [0, 10, 30, 70, 150, 310]
    told = [record for record in caplog.records if record.message == "the state branch is not pushed"]
    assert [vars(record)["reason"] for record in told] == ["no route"]
