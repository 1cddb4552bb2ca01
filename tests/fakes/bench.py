"""An engine's heart on a log in memory: ledger, dispatcher and a scripted crew, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig, Task
from engine.dispatch import Dispatcher
from engine.ledger import Ledger
from engine.recovery import fail_lost_attempts, load_board, settle_runs
from engine.store.memory import MemoryLog
from tests.fakes.crew import ScriptedCrew
from tests.fakes.jumping import LoopClock

ALICE = "cli:alice"


class Heart:
    """What a test holds: the ledger, and ways to wait for what it is about."""

    def __init__(self, log: MemoryLog, crew: ScriptedCrew) -> None:
        self.log = log
        self.crew = crew
        self.records: list[e.Record] = []
        self.ledger = Ledger(log, load_board(log), LoopClock(), lambda text: text)
        self.dispatcher = Dispatcher(self.ledger, crew, crew, crew, LoopClock())

    @property
    def board(self) -> Blackboard:
        return self.ledger.board

    def task(self, title: str) -> Task:
        return next(task for task in self.board.tasks.values() if task.title == title)

    async def until(self, holds: Callable[[Blackboard], bool]) -> None:
        """Return when the board is so."""
        so = asyncio.Event()

        def look(_: object, board: Blackboard) -> None:
            if holds(board):
                so.set()

        stop = self.ledger.watch(look)
        look((), self.board)
        await so.wait()
        stop()

    async def start(self, max_workers: int = 5, **more: Any) -> None:
        config = RunConfig("pilot", max_workers=max_workers, **more)
        answer = await self.ledger.submit(c.StartRun("make it so", "main", "b" * 40, config, ALICE), ALICE)
        assert not isinstance(answer, c.Refused)

    async def order(self, command: c.PeopleCommand) -> tuple[e.Record, ...]:
        answer = await self.ledger.submit(command, ALICE)
        assert not isinstance(answer, c.Refused), answer.reason
        return answer


@asynccontextmanager
async def beating(crew: ScriptedCrew, log: MemoryLog | None = None) -> AsyncIterator[Heart]:
    """A heart that beats while the context is open; leaving it is like pulling the plug."""
    heart = Heart(log or MemoryLog(), crew)
    heart.ledger.watch(lambda records, _: heart.records.extend(records))
    async with asyncio.TaskGroup() as group:
        ledger = group.create_task(heart.ledger.run())
        await fail_lost_attempts(heart.ledger)
        await settle_runs(heart.ledger)
        dispatcher = group.create_task(heart.dispatcher.run())
        yield heart
        dispatcher.cancel()
        ledger.cancel()
