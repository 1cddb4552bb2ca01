"""Old runs are put away and small packs together, while the engine runs and without it; `orch verify` proves it all."""

import asyncio
from pathlib import Path

from engine.caretaker import Caretaker, due_for_sealing
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.ledger import Ledger
from engine.recovery import load_board
from engine.store.gitlog import GitLog
from engine.verify import verify
from engine.workspace.repository import Repository
from tests.fakes.entries import git, new_repository

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
        caretaker = Caretaker(ledger, log, clock)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            for number in range(40):
                started = c.StartRun(f"run {number}", "main", "0" * 40, RunConfig("none"), "cli:ada")
                await ledger.submit(started, "cli:ada")
            looking = group.create_task(caretaker.run(every_s=60))
            async with asyncio.timeout(30):
                while log.is_tending_due():
                    await asyncio.to_thread(log.tip)
            looking.cancel()
            writing.cancel()

    asyncio.run(main())
    assert not log.is_tending_due()
    (path / ".git" / "objects" / "info" / "commit-graphs").rename(path / "away")
    (path / ".git" / "objects" / "info" / "commit-graphs").write_text("in the way")

    class AlwaysDue:
        def is_tending_due(self) -> bool:
            return True

        tend = staticmethod(log.tend)

    asyncio.run(Caretaker(Ledger(log, Blackboard(), clock, str), AlwaysDue(), clock).look())
    assert "upkeep failed" in caplog.text
    log.close()
