"""A worker, a reviewer and a lander that do nothing but answer: for the dispatcher's own tests and its benchmark."""

import asyncio
from collections.abc import Awaitable, Callable

from engine.core.entities import Criterion, Receipt, Run, Spec, Verdict
from engine.core.plan import PlannedTask
from engine.work import (
    Approved,
    Failed,
    FinalGates,
    FindingsMade,
    Job,
    Journal,
    Moved,
    PlanMade,
    PlansJoined,
    Proven,
    ReviewOutcome,
    RunJudged,
    SpecMade,
    Submitted,
    WorkOutcome,
)

COMMIT = "c" * 40
Script = Callable[[Job], WorkOutcome | None]
Pace = Callable[[Job], Awaitable[None]]


def planned(key: str, *depends_on: str, priority: int = 5) -> PlannedTask:
    """A coder's task with a check, as a planner would write it."""
    check = (Criterion("it is done", "true"),)
    return PlannedTask(key, f"Task {key}", "coder", criteria=check, depends_on=depends_on, priority=priority)


async def at_once(_: Job) -> None:
    """No time at all."""


class ScriptedCrew:
    """Plans the given tasks; each attempt takes its time by `pace`, and gets what `script` says, or succeeds when it says None.

    `waits` holds an event by task title: such an attempt waits for it. `log` tells what was done, in order.
    """

    def __init__(self, plan: tuple[PlannedTask, ...], script: Script = lambda _: None, pace: Pace = at_once) -> None:
        self.plan = plan
        self.script = script
        self.pace = pace
        self.waits: dict[str, asyncio.Event] = {}
        self.started: dict[str, asyncio.Event] = {}
        self.log: list[str] = []
        self.reviews: dict[str, ReviewOutcome] = {}

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        match job.task.role:
            case "director":
                return SpecMade(Spec("as asked"), (PlannedTask("d1", "Plan it", "planner", priority=9),))
            case "planner":
                return PlanMade(self.plan)
            case "integrator":
                return self.script(job) or PlansJoined()
            case "researcher":
                return self.script(job) or FindingsMade("it is so", "it is so (sure; README.md)")
            case "strategist":
                return self.script(job) or RunJudged(Verdict(passed=True, feedback="all of it is there"))
            case "coder" | "tester" | "test_architect" | "writer" | "merger" | "guardian":
                return await self._attempt(job)

    async def _attempt(self, job: Job) -> WorkOutcome:
        self.log.append(f"start {job.task.title} a{job.attempt}")
        self.started.setdefault(job.task.title, asyncio.Event()).set()
        try:
            await self.pace(job)
            if job.task.title in self.waits:
                await self.waits[job.task.title].wait()
        except asyncio.CancelledError:
            self.log.append(f"cut off {job.task.title}")
            raise
        return self.script(job) or Submitted(COMMIT, "done")

    async def review(self, job: Job, commit: str, journal: Journal) -> ReviewOutcome:
        return self.reviews.get(job.task.title, Approved(None))

    async def tip(self, run: Run) -> str:
        return COMMIT

    async def prove(self, job: Job, commit: str) -> Proven | Failed:
        return Proven(Receipt(commit=COMMIT, work=commit, tip=COMMIT, tree=COMMIT, branch=job.run.branch))

    async def move(self, receipt: Receipt) -> Moved:
        return Moved()

    async def final(self, run: Run) -> FinalGates:
        return FinalGates(COMMIT)
