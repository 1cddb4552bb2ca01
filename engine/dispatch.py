"""The dispatcher: starts what is ready, has it reviewed, sends it to the train, ends the run. Must not hold rules.

It is driven by records alone (no polling): each durable group says what became ready, approved, answered or interrupted.
Attempts, reviews and landings are asyncio tasks of one group; whatever one of them raises becomes a failed attempt, and only
a stopped ledger ends them all.
"""

import asyncio
import logging
import traceback
from collections.abc import Coroutine, Sequence
from typing import Final, TypeVar

from engine.clock import from_iso, iso
from engine.core import commands as c
from engine.core import events as e
from engine.core import phoenix
from engine.core.blackboard import Blackboard
from engine.core.decide import is_drained
from engine.core.entities import Task
from engine.core.ids import RunId, TaskId
from engine.journal import journal_for
from engine.ledger import ENGINE, Ledger, LedgerStopped
from engine.ports import Clock
from engine.queue import ReadyQueue
from engine.train import Train
from engine.work import Approved, Deferred, Failed, Job, Lander, PlanMade, Proven, Reviewer, SpecMade, Submitted, Worker

logger = logging.getLogger(__name__)
T = TypeVar("T")
MAX_DETAIL_CHARS: Final = 4_000


class Dispatcher:
    """Runs every unfinished run of the board until it is cancelled."""

    def __init__(self, ledger: Ledger, worker: Worker, reviewer: Reviewer, lander: Lander, clock: Clock) -> None:
        self._ledger = ledger
        self._worker = worker
        self._reviewer = reviewer
        self._lander = lander
        self._clock = clock
        self._ready = ReadyQueue()
        self._train = Train(ledger, lander, self)
        self._active: dict[RunId, int] = {}
        self._jobs: dict[TaskId, asyncio.Task[None]] = {}
        self._finishing: set[RunId] = set()
        self._wake = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def run(self) -> None:
        """Dispatch until cancelled; on the way out every attempt is cancelled and its processes are dead.

        Raises: LedgerStopped when nothing can be recorded any more.
        """
        unwatch = self._ledger.watch(self._see)
        try:
            async with self._group:
                _ = self._group.create_task(self._train.run())
                self._take_up(self._ledger.board)
                while True:
                    self._start_ready()
                    await self._wake.wait()
                    self._wake.clear()
        finally:
            unwatch()

    def _take_up(self, board: Blackboard) -> None:
        for state in ("ready", "awaiting_qa", "approved"):
            for name in board.in_state[state]:
                self._follow(board.tasks[name])
        for run in board.runs:
            self._finish_if_drained(run, board)

    def _follow(self, task: Task) -> None:
        """Do what the task's state calls for, now or at its `not_before`."""
        delay_s = (from_iso(task.not_before) - self._clock.now_ms()) / 1000 if task.not_before else 0.0
        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, self._follow_again, task.id, task.generation)
        elif task.state == "ready":
            self._ready.push(task)
            self._wake.set()
        elif task.state == "awaiting_qa":
            self._spawn(task.id, self._review(task))
        elif task.state == "approved":
            self._train.join(task.id)

    def _follow_again(self, name: TaskId, generation: int) -> None:
        task = self._ledger.board.tasks[name]
        if task.generation == generation:
            self._follow(task)

    def _follow_if_ready(self, name: TaskId) -> None:
        """A retry is recorded before its predecessor has let go of the task, and is not started until it has."""
        task = self._ledger.board.tasks[name]
        if task.state == "ready":
            self._follow(task)

    def _see(self, records: Sequence[e.Record], board: Blackboard) -> None:
        for record in records:
            self._react(record, board)
        for run in {record.event.run for record in records}:
            self._finish_if_drained(run, board)

    def _react(self, record: e.Record, board: Blackboard) -> None:
        match record.event:
            case e.TaskReadied(task=name) | e.RetryScheduled(task=name) | e.ReviewDeferred(task=name):
                self._follow(board.tasks[name])
            case e.WorkSubmitted(task=name) | e.WorkApproved(task=name) | e.LandingResumed(task=name):
                # A plan is submitted, approved and complete within one group; only what still waits is followed.
                self._follow(board.tasks[name])
            case e.RunResumed(run=run) | e.DecisionAnswered(run=run) | e.DecisionWithdrawn(run=run):
                self._ready.release(run, board)
                self._wake.set()
            case e.HumanAsked(task=name) | e.TaskAbandoned(task=name) if ":" in record.actor and name is not None:
                self._cut_off(name)

    def _cut_off(self, name: TaskId) -> None:
        job = self._jobs.get(name)
        if job is not None:
            job.cancel()
        self._train.cut_off(name)

    def _finish_if_drained(self, run: RunId, board: Blackboard) -> None:
        if run not in self._finishing and is_drained(board, run):
            self._finishing.add(run)
            _ = self._group.create_task(self._finish(run))

    async def _finish(self, run: RunId) -> None:
        try:
            final = await self._lander.final(self._ledger.board.runs[run])
            await self._ledger.submit(c.FinishRun(run, final.commit, final.gates, final.detail))
        finally:
            self._finishing.discard(run)

    def _start_ready(self) -> None:
        board = self._ledger.board
        while (task := self._ready.pop(board, self._active, self._jobs)) is not None:
            self._active[task.run] = self._active.get(task.run, 0) + 1
            self._spawn(task.id, self._attempt(task))

    def _spawn(self, name: TaskId, work: Coroutine[None, None, None]) -> None:
        async def supervised() -> None:
            try:
                await work
            finally:
                if self._jobs.get(name) is asyncio.current_task():
                    del self._jobs[name]
                    self._follow_if_ready(name)
                self._wake.set()

        self._jobs[name] = self._group.create_task(supervised())

    async def _attempt(self, ready: Task) -> None:
        try:
            base = await self._lander.tip(self._ledger.board.runs[ready.run])
            if isinstance(await self._ledger.submit(c.StartAttempt(ready.id, base), ready.role), c.Refused):
                return
            job = self.job(ready.id)
            outcome = await self._guarded(self._worker.work(job, journal_for(self._ledger, job, actor=job.task.role)), job)
            await self._report(job, outcome)
        finally:
            self._active[ready.run] -= 1
            self._ready.release(ready.run, self._ledger.board)

    def job(self, name: TaskId) -> Job:
        """The task's current attempt, with the board's view of it now."""
        board = self._ledger.board
        task = board.tasks[name]
        attempt = task.attempts[-1]
        before = tuple(board.tasks[dependency] for dependency in task.depends_on)
        planned = tuple(board.run_tasks(task.run)) if task.role in {"director", "planner"} else ()
        return Job(board.runs[task.run], task, attempt.number, attempt.base, before, planned)

    async def _guarded(self, work: Coroutine[None, None, T], job: Job) -> T | Failed:
        try:
            return await work
        except LedgerStopped:
            raise
        except Exception as error:
            logger.exception(
                "attempt crashed", extra={"action": "attempt_crashed", "run": job.run.id, "task": job.task.id}
            )
            where = "".join(traceback.format_exception(error))[-MAX_DETAIL_CHARS:]
            return Failed("lost", f"{type(error).__name__}: {error}\n{where}")

    async def _report(self, job: Job, outcome: Submitted | SpecMade | PlanMade | Failed) -> None:
        task, role = job.task.id, job.task.role
        match outcome:
            case Submitted(commit, summary, evidence):
                command = c.SubmitWork(task, job.attempt, commit, summary, evidence.refs)
                await self._ledger.submit(command, role, evidence.files)
            case SpecMade(spec, domains):
                await self._accept(job, c.AcceptSpec(task, job.attempt, spec, domains))
            case PlanMade(tasks):
                await self._accept(job, c.AcceptPlan(task, job.attempt, tasks))
            case Failed():
                await self.fail(job, outcome)

    async def _accept(self, job: Job, command: c.AcceptSpec | c.AcceptPlan) -> None:
        answer = await self._ledger.submit(command, job.task.role)
        if isinstance(answer, c.Refused):
            await self.fail(job, Failed("wrong_result", answer.reason))

    async def fail(self, job: Job, failed: Failed) -> None:
        """Record the failure; what follows is Phoenix's to say."""
        if failed.failure == "budget":
            await self._ledger.submit(c.AskAboutBudget(job.run.id, failed.detail))
        not_before = self._not_before(job, failed.retry_after_s) if failed.failure in phoenix.INFRASTRUCTURE else ""
        command = c.FailAttempt(
            job.task.id, job.attempt, failed.failure, failed.detail[:MAX_DETAIL_CHARS], failed.is_final, not_before,
            failed.verdict, failed.evidence.refs,
        )  # fmt: skip
        await self._ledger.submit(command, ENGINE, failed.evidence.files)

    async def prove(self, job: Job, commit: str) -> Proven | Failed:
        """The lander's proof of the merged tree."""
        return await self._guarded(self._lander.prove(job, commit), job)

    def _not_before(self, job: Job, retry_after_s: float | None) -> str:
        wait_s = max(phoenix.backoff_s(self._ledger.board.tasks[job.task.id].infra_failures), retry_after_s or 0.0)
        return iso(self._clock.now_ms() + int(wait_s * 1000) + 999)

    async def _review(self, submitted: Task) -> None:
        job = self.job(submitted.id)
        commit = job.task.attempts[-1].commit
        journal = journal_for(self._ledger, job, actor="strategist", prefix="review-")
        outcome = await self._guarded(self._reviewer.review(job, commit, journal), job)
        match outcome:
            case Approved(verdict, evidence):
                command = c.ApproveWork(job.task.id, job.attempt, verdict, evidence.refs)
                await self._ledger.submit(command, "strategist", evidence.files)
            case Failed():
                await self.fail(job, outcome)
            case Deferred(failure, detail, is_final, retry_after_s):
                not_before = self._not_before(job, retry_after_s)
                if failure == "budget":
                    await self._ledger.submit(c.AskAboutBudget(job.run.id, detail))
                await self._ledger.submit(
                    c.DeferReview(job.task.id, job.attempt, failure, detail, not_before, is_final), ENGINE
                )
