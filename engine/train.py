"""The merge train: brings approved work to the target, one task at a time, and records each step.

The order of the steps is what makes a landing happen exactly once: prove the merged tree, record the receipt, move the
target, record the landing. After a crash the recorded receipt tells whether the target has moved.
"""

import asyncio
from typing import Protocol

from engine.core import commands as c
from engine.core.entities import Receipt
from engine.core.ids import TaskId
from engine.ledger import ENGINE, Ledger
from engine.work import Failed, InTheWay, Job, Lander, Moved, Overtaken, Proven


class Yard(Protocol):
    """What the train needs of the dispatcher: the job of a task, and what to do when it failed."""

    def job(self, name: TaskId) -> Job:
        """The task's current attempt."""
        ...

    async def fail(self, job: Job, failed: Failed) -> None:
        """Record the failure."""
        ...

    async def prove(self, job: Job, commit: str) -> Proven | Failed:
        """The lander's proof; what it raises is a failure too."""
        ...


class Train:
    """A queue of approved tasks and the one loop that lands them."""

    def __init__(self, ledger: Ledger, lander: Lander, yard: Yard) -> None:
        self._ledger = ledger
        self._lander = lander
        self._yard = yard
        self._waiting: asyncio.Queue[TaskId] = asyncio.Queue()
        self._proving: tuple[TaskId, asyncio.Task[Proven | Failed]] | None = None

    def join(self, name: TaskId) -> None:
        """The task's work is approved and waits for its turn."""
        self._waiting.put_nowait(name)

    def cut_off(self, name: TaskId) -> None:
        """A person stopped the task: end what is running for it; a landing that is recorded is never cut in two."""
        if self._proving is not None and self._proving[0] == name:
            self._proving[1].cancel()

    async def run(self) -> None:
        """Land what joins, until cancelled."""
        while True:
            name = await self._waiting.get()
            if self._ledger.board.tasks[name].state == "approved":
                await self._land(self._yard.job(name))

    async def _land(self, job: Job) -> None:
        if job.task.receipt is not None:
            # Cut off between recording the receipt and recording the landing: ask the target which of the two it was.
            if await self._move(job, job.task.receipt):
                return
            job = self._yard.job(job.task.id)
        while (proof := await self._prove(job)) is not None:
            if isinstance(proof, Failed):
                await self._yard.fail(job, proof)
                return
            prepared = c.PrepareLanding(job.task.id, job.attempt, proof.receipt)
            if isinstance(await self._ledger.submit(prepared, ENGINE, proof.evidence.files), c.Refused):
                return
            if await self._move(job, proof.receipt):
                return

    async def _prove(self, job: Job) -> Proven | Failed | None:
        async with asyncio.TaskGroup() as group:
            proving = group.create_task(self._yard.prove(job, job.task.attempts[-1].commit))
            self._proving = (job.task.id, proving)
        self._proving = None
        return None if proving.cancelled() else proving.result()

    async def _move(self, job: Job, receipt: Receipt) -> bool:
        """Whether the task's turn is over; False when somebody else moved the target first."""
        match await self._lander.move(receipt):
            case Moved():
                await self._ledger.submit(c.RecordLanding(job.task.id, job.attempt, receipt), ENGINE)
                return True
            case InTheWay(detail):
                await self._ledger.submit(c.AskAboutCheckout(job.task.id, job.attempt, detail), ENGINE)
                return True
            case Overtaken():
                return False
