"""The merge train: brings approved work to the target, one task at a time, and records each step.

The order of the steps is what makes a landing happen exactly once: prove the merged tree, record the receipt, move the
target, record the landing. After a crash the recorded receipt tells whether the target has moved; one that was overtaken is taken back.
"""

import asyncio
from functools import partial
from typing import Protocol

from engine.core import commands as c
from engine.core.entities import Receipt
from engine.core.ids import TaskId
from engine.guard import Crashed, guarded
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


class Train:
    """A queue of approved tasks and the one loop that lands them."""

    def __init__(self, ledger: Ledger, lander: Lander, yard: Yard) -> None:
        self._ledger = ledger
        self._lander = lander
        self._yard = yard
        self._waiting: asyncio.Queue[TaskId] = asyncio.Queue()
        self._proving: tuple[TaskId, asyncio.Task[Proven | Failed | Crashed]] | None = None

    def join(self, name: TaskId) -> None:
        """The task's work is approved and waits for its turn."""
        self._waiting.put_nowait(name)

    def cut_off(self, name: TaskId) -> None:
        """A person stopped the task: end what is running for it; a landing that is recorded is never cut in two."""
        if self._proving is not None and self._proving[0] == name:
            self._proving[1].cancel()

    async def run(self) -> None:
        """Land what joins, until cancelled.

        Raises: LedgerStopped, alone or in an ExceptionGroup.
        """
        while True:
            name = await self._waiting.get()
            is_over = False
            while not is_over and self._ledger.board.tasks[name].state == "approved":
                is_over = await self._land(self._yard.job(name))

    async def _land(self, job: Job) -> bool:
        """Whether the task's turn is over; False when somebody else moved the target first."""
        receipt = job.task.receipt
        if receipt is None:
            proof = await self._prove(job)
            if proof is None:
                return True
            if isinstance(proof, Failed):
                await self._yard.fail(job, proof)
                return True
            receipt = proof.receipt
            prepared = c.PrepareLanding(job.task.id, job.attempt, receipt)
            answer = await self._ledger.submit(prepared, ENGINE, proof.evidence.files)
            if isinstance(answer, c.Refused):
                # Its run is over, say. A task that a person took away in the meantime refuses the failure as well.
                await self._yard.fail(job, Failed("lost", answer.reason))
                return True
        # One that is there already was recorded before a crash: moving tells whether the target has moved since.
        return await self._move(job, receipt)

    async def _prove(self, job: Job) -> Proven | Failed | None:
        """The proof, or why there is none; None when a person cut it off."""
        prove = partial(self._lander.prove, job, job.task.attempts[-1].commit)
        async with asyncio.TaskGroup() as group:
            proving = group.create_task(guarded(prove, run=job.run.id, task=job.task.id))
            self._proving = (job.task.id, proving)
        self._proving = None
        if proving.cancelled():
            return None
        found = proving.result()
        return Failed("lost", found.detail) if isinstance(found, Crashed) else found

    async def _move(self, job: Job, receipt: Receipt) -> bool:
        """Whether the task's turn is over; False when the receipt was taken back."""
        match await guarded(partial(self._lander.move, receipt), run=job.run.id, task=job.task.id):
            case Moved():
                await self._ledger.submit(c.RecordLanding(job.task.id, job.attempt, receipt), ENGINE)
            case InTheWay(detail):
                await self._ask(job, detail)
            case Crashed(summary):
                # Locked, deleted, on a full disk: approved work is kept, and `land now` tries again.
                await self._ask(job, f"{receipt.branch} could not be moved: {summary}")
            case Overtaken():
                # Until the next proof nothing is landing: people can stop the task again.
                await self._ledger.submit(c.TakeReceiptBack(job.task.id, job.attempt), ENGINE)
                return False
        return True

    async def _ask(self, job: Job, detail: str) -> None:
        await self._ledger.submit(c.AskAboutCheckout(job.task.id, job.attempt, await self._ledger.fit(detail)), ENGINE)
