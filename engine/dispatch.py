"""The dispatcher: starts what is ready, has it reviewed, sends it to the train, ends the run. Must not hold rules.

It is driven by records alone (no polling): each durable group says what became ready, approved, answered or interrupted.
Attempts, reviews and landings are asyncio tasks of one group; whatever one of them raises becomes a failed attempt, and only
a stopped ledger ends them all.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Final

import msgspec

from engine.clock import from_iso, iso_after
from engine.core import commands as c
from engine.core import events as e
from engine.core import phoenix
from engine.core.blackboard import Blackboard
from engine.core.decide_work import is_drained, run_question
from engine.core.entities import PLANNING, GateProof, RoleName, Run, Task
from engine.core.ids import RunId, TaskId, number
from engine.core.relevance import design_for, insights_for
from engine.guard import Crashed, guarded
from engine.journal import journal_for
from engine.ledger import ENGINE, Ledger
from engine.model.types import believable_s
from engine.parking import Parking
from engine.ports import Clock
from engine.queue import ReadyQueue
from engine.train import Train
from engine.work import (
    Approved,
    Deferred,
    Divided,
    Evidence,
    Failed,
    FinalGates,
    FindingsMade,
    Job,
    Lander,
    PlanMade,
    PlansJoined,
    Reviewer,
    RunJudged,
    SpecMade,
    Submitted,
    Succeeded,
    Worker,
    WorkOutcome,
)

NEARBY: Final = 30
"""Tasks before and after a task in its plan that its worker and reviewer are told of; a job must not grow with the run."""

MAX_FINAL_TRIES: Final = 3
"""How often the last gates are tried when they can't even be run, before a person is asked."""

_NOT_RUN: Final = 126
"""The shell's exit code for a command that can't be executed (POSIX, "Exit Status for Commands")."""


ResultCommand = (
    c.SubmitWork
    | c.AcceptSpec
    | c.AcceptPlan
    | c.AcceptIntegration
    | c.AcceptVerdict
    | c.AcceptFindings
    | c.SuspendWork
    | c.ApproveWork
)
"""What reports the result of an attempt or a review, for `decide` to take or refuse."""


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
        self._parking = Parking(ledger, clock, self._wake_up)
        self._active: defaultdict[RunId, Counter[RoleName]] = defaultdict(Counter)
        self._jobs: dict[TaskId, asyncio.Task[None]] = {}
        self._endings: dict[RunId, asyncio.Task[None]] = {}
        self._alarms: dict[TaskId, asyncio.TimerHandle] = {}
        self._wake = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._is_open = False

    async def run(self) -> None:
        """Dispatch until cancelled; on the way out every attempt is cancelled and its processes are dead.

        Raises: LedgerStopped, in an ExceptionGroup, when nothing can be recorded any more.
        """
        async with self._group:
            unwatch = self._ledger.watch(self._see)
            self._is_open = True
            try:
                _ = self._group.create_task(self._train.run())
                _ = self._group.create_task(self._parking.run())
                self._take_up(self._ledger.board)
                while True:
                    self._start_ready()
                    await self._wake.wait()
                    self._wake.clear()
            finally:
                # The ledger goes on for a while, but a group that ends takes no more tasks.
                self._is_open = False
                unwatch()
                for alarm in self._alarms.values():
                    alarm.cancel()

    def _take_up(self, board: Blackboard) -> None:
        for state in ("ready", "awaiting_qa", "approved"):
            for name in board.in_state[state]:
                self._follow(board.tasks[name])
        for run in board.runs:
            self._finish_if_drained(run)

    def _follow(self, task: Task) -> None:
        """Do what the task's state calls for, now or at its `not_before`."""
        if (alarm := self._alarms.pop(task.id, None)) is not None:
            alarm.cancel()
        if not self._is_open:
            return
        delay_s = (from_iso(task.not_before) - self._clock.now_ms()) / 1000 if task.not_before else 0.0
        if delay_s > 0:
            again = asyncio.get_running_loop().call_later(delay_s, self._follow_by_name, task.id)
            self._alarms[task.id] = again
        elif task.state == "ready":
            self._ready.push(task)
            self._wake.set()
        elif task.state == "awaiting_qa":
            # The run is parked, or a question about it (its budget) is open: no model is called before that is over.
            board = self._ledger.board
            if run_question(board, task.run) is None and not board.runs[task.run].parked_until:
                _ = self._spawn(task, self._review)
        elif task.state == "approved" and not task.is_shown_red:
            self._train.join(task.id)

    def _follow_by_name(self, name: TaskId) -> None:
        self._follow(self._ledger.board.tasks[name])

    def _see(self, records: Sequence[e.Record], board: Blackboard) -> None:
        for record in records:
            self._react(record, board)
            self._parking.see(record, board)
        for run in {record.event.run for record in records}:
            self._finish_if_drained(run)
        self._wake.set()

    def _react(self, record: e.Record, board: Blackboard) -> None:
        match record.event:
            case (
                e.TaskReadied(task=name) | e.RetryScheduled(task=name) | e.ReviewDeferred(task=name)
                | e.WorkSubmitted(task=name) | e.WorkApproved(task=name) | e.LandingResumed(task=name)
            ):  # fmt: skip
                # A plan is submitted, approved and complete within one group; only what still waits is followed.
                self._follow(board.tasks[name])
            case e.DecisionAnswered(run=run) | e.DecisionWithdrawn(run=run) | e.ReviewResumed(run=run):
                self._take_up_reviews(run, board)
            case e.HumanAsked(task=name) | e.TaskAbandoned(task=name) if record.actor != ENGINE and name is not None:
                self._cut_off(name)
            case e.RunCancelled(run=run) | e.RunFailed(run=run) if run in self._endings:
                self._endings[run].cancel()

    def _wake_up(self, run: RunId) -> None:
        self._take_up_reviews(run, self._ledger.board)

    def _take_up_reviews(self, run: RunId, board: Blackboard) -> None:
        for name in board.in_state["awaiting_qa"]:
            if board.tasks[name].run == run and name not in self._jobs:
                self._follow(board.tasks[name])

    def _cut_off(self, name: TaskId) -> None:
        job = self._jobs.get(name)
        if job is not None:
            job.cancel()
        self._train.cut_off(name)

    def _finish_if_drained(self, run: RunId) -> None:
        if self._is_open and run not in self._endings and is_drained(self._ledger.board, run):
            self._endings[run] = self._group.create_task(self._finish(run))
            self._endings[run].add_done_callback(lambda _: self._finish_anew(run))

    def _finish_anew(self, run: RunId) -> None:
        """Its end was judged, or refused because of a pause; what happened meanwhile is looked at now."""
        del self._endings[run]
        self._finish_if_drained(run)

    async def _finish(self, run: RunId) -> None:
        final = await self._final(run)
        await self._ledger.submit(c.FinishRun(run, final.commit, final.gates, await self._ledger.fit(final.detail)))

    async def _final(self, name: RunId) -> FinalGates:
        run = self._ledger.board.runs[name]
        tries = 1
        while isinstance(found := await guarded(partial(self._lander.final, run), run=name), Crashed):
            if tries == MAX_FINAL_TRIES:
                return _unproven(run, found)
            await asyncio.sleep(phoenix.backoff_s(tries))
            tries += 1
        return found

    def _start_ready(self) -> None:
        board = self._ledger.board
        while (task := self._ready.pop(board, self._active, self._jobs)) is not None:
            self._active[task.run][task.role] += 1
            self._spawn(task, self._attempt).add_done_callback(partial(self._free_slot, task.run, task.role))

    def _free_slot(self, run: RunId, role: RoleName, _: "asyncio.Task[None]") -> None:
        self._active[run][role] -= 1
        self._wake.set()

    def _spawn(self, task: Task, work: Callable[[Task], Coroutine[None, None, None]]) -> "asyncio.Task[None]":
        # Callbacks and not a `finally` let go of the task: one that is cancelled before its first step never gets to a `finally`.
        job = self._group.create_task(work(task))
        self._jobs[task.id] = job
        job.add_done_callback(partial(self._let_go, task.id))
        return job

    def _let_go(self, name: TaskId, job: "asyncio.Task[None]") -> None:
        """What was recorded before this job had ended (a retry, an answer) is followed up now."""
        if self._jobs.get(name) is not job:
            return
        del self._jobs[name]
        if self._ledger.board.tasks[name].state in {"ready", "awaiting_qa"}:
            self._follow_by_name(name)

    async def _attempt(self, ready: Task) -> None:
        run = self._ledger.board.runs[ready.run]
        base = await guarded(partial(self._lander.tip, run), run=run.id, task=ready.id)
        start = c.StartAttempt(ready.id, run.base if isinstance(base, Crashed) else base)
        if isinstance(await self._ledger.submit(start, ready.role), c.Refused):
            return
        job = self.job(ready.id)
        if isinstance(base, Crashed):
            await self.fail(job, Failed("lost", base.summary, is_final=True))
            return
        work = partial(self._worker.work, job, journal_for(self._ledger, job, actor=job.role))
        outcome = await guarded(work, run=run.id, task=ready.id)
        await self._report(job, Failed("lost", outcome.detail) if isinstance(outcome, Crashed) else outcome)

    def job(self, name: TaskId) -> Job:
        """The task's current attempt, with the board's view of it now."""
        board = self._ledger.board
        task = board.tasks[name]
        attempt = task.attempts[-1]
        before = tuple(board.tasks[dependency] for dependency in task.depends_on)
        is_planning = task.role in PLANNING or task.role == "strategist"
        planned = tuple(board.run_tasks(task.run)) if is_planning else ()
        others = () if is_planning else _planned_beside(board, task)
        notes = insights_for(board, task), design_for(board, task)
        return Job(board.runs[task.run], task, attempt.number, attempt.base, before, planned, others, *notes)

    async def _report(self, job: Job, outcome: WorkOutcome) -> None:
        if isinstance(outcome, Failed):
            await self.fail(job, outcome)
            return
        if isinstance(outcome, Divided):
            outcome = msgspec.structs.replace(outcome, detail=await self._ledger.fit(outcome.detail))
        evidence = outcome.evidence if isinstance(outcome, Submitted | Divided) else Evidence()
        await self._record(job, command_of(job, outcome), job.role, evidence)

    async def _record(
        self, job: Job, command: ResultCommand, actor: str,
        evidence: Evidence = Evidence(),
    ) -> None:  # fmt: skip
        """Record a result. One that is refused fails the attempt, so that the task never waits for nobody; a task that has
        moved on in the meantime refuses the failure, too.
        """
        answer = await self._ledger.submit(command, actor, evidence.files)
        if isinstance(answer, c.Refused):
            await self.fail(job, Failed("wrong_result", answer.reason))

    async def fail(self, job: Job, failed: Failed) -> None:
        """Record the failure; what follows is Phoenix's to say."""
        detail = await self._ledger.fit(failed.detail)
        await self._hold_run(job, failed, detail)
        failures = self._ledger.board.tasks[job.task.id].infra_failures
        is_infra = failed.failure in phoenix.INFRASTRUCTURE
        not_before = self._not_before(failures, failed.retry_after_s) if is_infra else ""
        command = c.FailAttempt(
            job.task.id, job.attempt, failed.failure, detail, failed.is_final, not_before, failed.verdict,
            failed.evidence.refs, failed.escalation,
        )  # fmt: skip
        await self._ledger.submit(command, ENGINE, failed.evidence.files)

    async def _hold_run(self, job: Job, outcome: Failed | Deferred, detail: str) -> None:
        """What befalls all tasks of the run alike is said once, about the run."""
        if outcome.failure == "budget" and not outcome.is_final:
            await self._ledger.submit(c.AskAboutBudget(job.run.id, detail, with_thrift=True))
        elif outcome.failure == "quota":
            await self._parking.park(job.run.id, detail, outcome.retry_after_s)

    def _not_before(self, failures: int, retry_after_s: float | None) -> str:
        wait_s = max(phoenix.backoff_s(failures), believable_s(retry_after_s) or 0.0)
        return iso_after(self._clock.now_ms(), wait_s)

    async def _review(self, submitted: Task) -> None:
        job = self.job(submitted.id)
        journal = journal_for(self._ledger, job, actor="strategist", prefix="review-")
        review = partial(self._reviewer.review, job, job.task.attempts[-1].commit, journal)
        match await guarded(review, run=job.run.id, task=job.task.id):
            case Approved(verdict, evidence):
                command = c.ApproveWork(job.task.id, job.attempt, verdict, evidence.refs)
                await self._record(job, command, "strategist", evidence)
            case Failed() as failed:
                await self.fail(job, failed)
            case Deferred() as deferred:
                await self._defer(job, deferred)
            case Crashed() as crash:
                # That the reviewer is broken says nothing about the work.
                await self._defer(job, Deferred("lost", crash.detail))

    async def _defer(self, job: Job, deferred: Deferred) -> None:
        detail = await self._ledger.fit(deferred.detail)
        await self._hold_run(job, deferred, detail)
        deferrals = self._ledger.board.tasks[job.task.id].attempts[-1].deferrals
        command = c.DeferReview(
            job.task.id, job.attempt, deferred.failure, detail, self._not_before(deferrals, deferred.retry_after_s),
            deferred.is_final,
        )  # fmt: skip
        await self._ledger.submit(command)


def command_of(job: Job, outcome: Succeeded) -> ResultCommand:
    """The report that an outcome amounts to."""
    task, attempt = job.task.id, job.attempt
    match outcome:
        case Submitted(commit, summary, evidence, disputed):
            return c.SubmitWork(task, attempt, commit, summary, evidence.refs, disputed)
        case SpecMade(spec, domains):
            return c.AcceptSpec(task, attempt, spec, domains)
        case PlanMade(tasks):
            return c.AcceptPlan(task, attempt, tasks)
        case PlansJoined(links, rejected):
            return c.AcceptIntegration(task, attempt, links, rejected)
        case RunJudged(verdict):
            return c.AcceptVerdict(task, attempt, verdict)
        case FindingsMade(summary, result):
            return c.AcceptFindings(task, attempt, summary, result)
        case Divided(tasks, detail, evidence, commit):
            return c.SuspendWork(task, attempt, tasks, detail, evidence.refs, commit)


def _unproven(run: Run, crash: Crashed) -> FinalGates:
    """The end of a run whose gates can't be run: none of them is green."""
    unproven = tuple(GateProof(gate.name, gate.run, exit_code=_NOT_RUN) for gate in run.gates)
    none = GateProof("the look at the target", "", exit_code=_NOT_RUN)
    return FinalGates("", unproven or (none,), f"the gates could not be run on {run.branch}: {crash.summary}")


def _planned_beside(board: Blackboard, task: Task) -> tuple[Task, ...]:
    """The tasks of the same plan, at most NEARBY on each side: a plan's tasks are numbered in a row."""
    own = number(task.id)
    names = (TaskId(f"T{near}") for near in range(own - NEARBY, own + NEARBY + 1) if near != own)
    found = (board.tasks.get(name) for name in names)
    return tuple(other for other in found if other and (other.run, other.planned_by) == (task.run, task.planned_by))
