"""What passes between the dispatcher and those who do the work: jobs, outcomes, and the three ports.

An implementation may run elsewhere (another process, another machine): everything here is plain data, and nothing in an
implementation of `Worker` may rely on the dispatcher's process.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from engine.core import phoenix, plan
from engine.core.commands import Link, Rejection
from engine.core.entities import (
    COMMITTERS,
    Attempt,
    Criterion,
    Escalation,
    FailureKind,
    FileRef,
    GateProof,
    Receipt,
    RoleName,
    Run,
    Spec,
    Spend,
    Task,
    Verdict,
)
from engine.core.ids import attempt_label
from engine.core.note_entities import DesignEntry, Insight
from engine.core.plan import PlannedTask
from engine.tools.notepad import Note


class Evidence(msgspec.Struct, frozen=True):
    """Files to keep beside the events, by path on the state branch, and the names under which events refer to them."""

    files: Mapping[str, bytes] = {}
    refs: tuple[FileRef, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """One attempt of a task, with the board's view of it at the start. `before` are the tasks it
    depends on; a planning role also sees all that is `planned`, a worker the `others` of its plan. `insights` and `design` are the notes that concern it.
    """

    run: Run
    task: Task
    attempt: int
    base: str
    before: tuple[Task, ...] = ()
    planned: tuple[Task, ...] = ()
    others: tuple[Task, ...] = ()
    insights: tuple[Insight, ...] = ()
    design: tuple[DesignEntry, ...] = ()

    @property
    def role(self) -> RoleName:
        """Who makes the attempt: the task's role, or the merger where only a conflict is left to be resolved."""
        return "merger" if self.conflicted is not None else self.task.role

    @property
    def conflicted(self) -> Attempt | None:
        """The earlier attempt whose conflict this one resolves."""
        if self.task.role not in COMMITTERS or self.checkpoint is not None:
            return None
        return phoenix.conflicted(self.task.attempts[:-1])

    @property
    def checkpoint(self) -> Attempt | None:
        """The earlier attempt that this one goes on from."""
        return phoenix.checkpoint(self.task.attempts[:-1])

    @property
    def handed(self) -> tuple[Task, ...]:
        """The tasks whose tests, shown red, this one starts from and turns green."""
        return tuple(task for task in self.before if task.is_shown_red)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """What the work is held to, the tests that it turns green among it."""
        return plan.held_to(self.task, self.handed)

    @property
    def label(self) -> str:
        """`R1/T3/a2`, for logs and models."""
        return attempt_label(self.run.id, self.task.id, self.attempt)


class Submitted(msgspec.Struct, frozen=True):
    """The worker's tree, committed by the engine."""

    commit: str
    summary: str
    evidence: Evidence = Evidence()
    disputed: tuple[str, ...] = ()


class SpecMade(msgspec.Struct, frozen=True):
    """A director's result."""

    spec: Spec
    domains: tuple[PlannedTask, ...]


class PlanMade(msgspec.Struct, frozen=True):
    """A planner's result."""

    tasks: tuple[PlannedTask, ...]


class PlansJoined(msgspec.Struct, frozen=True):
    """An integrator's result: what waits for what across domains, and which tasks are left out."""

    links: tuple[Link, ...] = ()
    rejected: tuple[Rejection, ...] = ()


class RunJudged(msgspec.Struct, frozen=True):
    """The strategist's word on the whole run."""

    verdict: Verdict


class FindingsMade(msgspec.Struct, frozen=True):
    """A researcher's result: the answer in short, and in full with its sources."""

    summary: str
    result: str


class Divided(msgspec.Struct, frozen=True):
    """A worker divides off tasks that its own then waits for; `detail` is how far it got."""

    tasks: tuple[PlannedTask, ...]
    detail: str
    evidence: Evidence = Evidence()
    commit: str = ""


class Failed(msgspec.Struct, frozen=True):
    """No result. `retry_after_s` is what a provider asked for, `is_final` that trying again can't help."""

    failure: FailureKind
    detail: str
    is_final: bool = False
    retry_after_s: float | None = None
    verdict: Verdict | None = None
    evidence: Evidence = Evidence()
    escalation: Escalation | None = None


class Approved(msgspec.Struct, frozen=True):
    """The review passed the work."""

    verdict: Verdict | None
    evidence: Evidence = Evidence()


class Deferred(msgspec.Struct, frozen=True):
    """The review could not be held; that says nothing about the work."""

    failure: FailureKind
    detail: str
    is_final: bool = False
    retry_after_s: float | None = None


class Proven(msgspec.Struct, frozen=True):
    """The merged tree passed; the receipt may be recorded, and then the target moved."""

    receipt: Receipt
    evidence: Evidence = Evidence()


class Moved(msgspec.Struct, frozen=True):
    """The target is at the receipt's commit."""


class Overtaken(msgspec.Struct, frozen=True):
    """Somebody else moved the target first; merge again."""


class InTheWay(msgspec.Struct, frozen=True):
    """Files of somebody's checkout would be overwritten; a person has to look."""

    detail: str


class FinalGates(msgspec.Struct, frozen=True):
    """The gates on the target's tip; `detail` tells what is red."""

    commit: str
    gates: tuple[GateProof, ...] = ()
    detail: str = ""


class LogBatch(msgspec.Struct, frozen=True):
    """Turns of a conversation to be written: JSON lines, how many turns, what they cost, and what others are to know."""

    content: bytes
    turns: int
    spend: Spend
    notes: tuple[Note, ...] = ()


Journal = Callable[[LogBatch], Awaitable[None]]
Succeeded = Submitted | SpecMade | PlanMade | PlansJoined | RunJudged | FindingsMade | Divided
WorkOutcome = Succeeded | Failed
ReviewOutcome = Approved | Failed | Deferred


class Worker(Protocol):
    """Makes attempts."""

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        """The attempt's outcome. Every process of it is dead on return, and on cancellation."""
        ...


class Reviewer(Protocol):
    """Judges submitted work."""

    async def review(self, job: Job, commit: str, journal: Journal) -> ReviewOutcome:
        """What is to be said of the commit, on evidence that was measured here."""
        ...


class Lander(Protocol):
    """Brings approved work to the target branch, one at a time."""

    async def tip(self, run: Run) -> str:
        """The commit the run's target branch is at now."""
        ...

    async def prove(self, job: Job, commit: str) -> Proven | Failed:
        """Merge with the tip, without moving anything, and run the gates on the merged tree."""
        ...

    async def move(self, receipt: Receipt) -> Moved | Overtaken | InTheWay:
        """Move the target from the receipt's tip to its commit, if it is still there. Moving twice is moving once."""
        ...

    async def final(self, run: Run) -> FinalGates:
        """What the gates say of the target's tip."""
        ...
