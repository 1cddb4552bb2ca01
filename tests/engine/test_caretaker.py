"""Old runs are put away and small packs together, while the engine runs and without it; `orch verify` proves it all."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path

from engine.caretaker import Caretaker, due_for_sealing
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.core.ids import RunId
from engine.ledger import Ledger
from engine.options import Options
from engine.recovery import load_board
from engine.store.errors import UpkeepFailed
from engine.store.gitlog import GitLog
from engine.store.memory import MemoryLog
from engine.store.upkeep import Tended
from engine.verify import verify
from engine.workspace.repository import Repository
from tests.fakes.entries import git, new_repository
from tests.fakes.jumping import LoopClock, run
from tests.fakes.role_model import RoleModel
from tests.fakes.workshop import Workshop

DAY_MS = 86_400_000


class DayClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.at_ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic(self) -> float:
        return self.at_ms / 1000


def a_repository(folder: Path) -> Path:
    path = new_repository(folder / "repository")
    git(path, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "-m", "first")
    return path


def test_a_run_that_is_over_for_long_is_put_away_and_all_is_still_proven(tmp_path):
    path = a_repository(tmp_path)
    base = git(path, "rev-parse", "HEAD").strip()
    log, clock = GitLog.open(path), DayClock()

    async def main() -> Blackboard:
        ledger = Ledger(log, Blackboard(), clock, str)
        caretaker = Caretaker(ledger, log, clock, keep_logs_days=30)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            for _ in range(2):
                await ledger.submit(c.StartRun("tidy up", "main", base, RunConfig("none"), "cli:ada"), "cli:ada")
            run = next(iter(ledger.board.runs))
            await ledger.submit(c.CancelRun(run, "no longer wanted"), "cli:ada")
            await caretaker.look()
            assert not ledger.board.runs[run].sealed_at
            clock.at_ms += 30 * DAY_MS
            await caretaker.look()
            await caretaker.look()
            writing.cancel()
        return ledger.board

    board = asyncio.run(main())
    assert [run.sealed_at != "" for run in board.runs.values()] == [True, False]
    assert due_for_sealing(board, clock.at_ms, 0) == []
    assert [one for one, _ in log.files(under="archive")] == ["archive/R1.json"]
    assert {one.split("/")[1] for one, _ in log.files(under="runs")} == {"R2"}
    assert load_board(log).runs == board.runs
    assert load_board(log).tasks == board.tasks
    last = log.last()
    assert last is not None
    assert last.subject == "R1 put away in the archive"
    log.begin_epoch()
    assert verify(Repository.open(path), log) == ()
    log.close()


def test_it_tends_when_that_is_due_and_a_failure_stops_nothing(tmp_path, caplog):
    path = a_repository(tmp_path)
    log, clock = GitLog.open(path), DayClock()

    async def main() -> None:
        ledger = Ledger(log, Blackboard(), clock, str)
        caretaker = Caretaker(ledger, log, clock, 30)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            for number in range(40):
                started = c.StartRun(f"run {number}", "main", "0" * 40, RunConfig("none"), "cli:ada")
                await ledger.submit(started, "cli:ada")
            assert log.is_tending_due()
            assert await caretaker.look()
            writing.cancel()

    asyncio.run(main())
    assert not log.is_tending_due()
    (path / ".git" / "objects" / "info" / "commit-graphs").rename(path / "away")
    (path / ".git" / "objects" / "info" / "commit-graphs").write_text("in the way")

    assert not asyncio.run(Caretaker(Ledger(log, Blackboard(), clock, str), AlwaysDue(log), clock, 30).look())
    assert [vars(record)["reason"][:24] for record in caplog.records] == ["`git commit-graph write "]
    log.close()


class AlwaysDue:
    """A log that always wants to be tended, and is where one is given; otherwise tending lasts until it is stopped."""

    def __init__(self, log: GitLog | None = None) -> None:
        self._log = log
        self.is_being_tended = threading.Event()
        self._stopped = threading.Event()

    def is_tending_due(self) -> bool:
        return True

    def tend(self) -> Tended:
        self.is_being_tended.set()
        if self._log is not None:
            return self._log.tend()
        assert self._stopped.wait(timeout=30), "nobody stopped it"
        raise UpkeepFailed("stopped")

    def stop_tending(self) -> None:
        self._stopped.set()


def test_the_end_of_the_engine_does_not_wait_for_upkeep_and_is_no_failure(caplog):
    log = AlwaysDue()

    async def main() -> None:
        ledger = Ledger(MemoryLog(), Blackboard(), DayClock(), str)
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(Caretaker(ledger, log, DayClock(), 30).run())
            await asyncio.to_thread(log.is_being_tended.wait, 30)
            looking.cancel()

    asyncio.run(main())
    assert caplog.text == ""


def test_what_fails_again_and_again_is_tried_ever_more_rarely(caplog):
    tried: list[float] = []

    class Broken(AlwaysDue):
        def tend(self) -> Tended:
            tried.append(LoopClock().monotonic() / 60)
            raise UpkeepFailed("no git")

    async def main() -> None:
        ledger = Ledger(MemoryLog(), Blackboard(), LoopClock(), str)
        with suppress(TimeoutError):
            async with asyncio.timeout(4 * 3600):
                await Caretaker(ledger, Broken(), LoopClock(), 30).run()

    run(main())
    assert [round(minutes) for minutes in tried] == [0, 2, 6, 14, 30, 62, 122, 182]
    assert [vars(record)["reason"] for record in caplog.records] == ["no git"] * 8


def test_a_running_engine_looks_after_the_branch_by_itself(tmp_path):
    workshop = Workshop(tmp_path)
    log = GitLog.open(workshop.folder)

    async def write() -> None:
        ledger = Ledger(log, Blackboard(), SystemClock(), str)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            for number in range(20):
                base = workshop.repository.branch_tip("main")
                await ledger.submit(c.StartRun(f"run {number}", "main", base, RunConfig("m"), "cli:ada"), "cli:ada")
                await ledger.submit(c.CancelRun(RunId(f"R{number + 1}")), "cli:ada")
            writing.cancel()

    async def live() -> None:
        async with workshop.engine(RoleModel(work={}), Options("m", keep_logs_days=0)) as shift:
            await shift.until(lambda board: all(each.sealed_at for each in board.runs.values()))
            async with asyncio.timeout(30):
                while log.is_tending_due():
                    await asyncio.to_thread(log.tip)

    asyncio.run(write())
    assert log.is_tending_due()
    asyncio.run(live())
    assert len(list(log.files(under="archive"))) == 20
    assert list(log.files(under="runs")) == []
    log.close()
