"""Orders of the crew beyond work and verdicts: findings, a division of work, insights, the design log. Nothing here is stored."""

import msgspec

from engine.core.entities import FileRef, Nudge, Verdict
from engine.core.ids import TaskId
from engine.core.plan import PlannedTask


class AcceptFindings(msgspec.Struct, frozen=True):
    """A researcher's result, as text."""

    task: TaskId
    attempt: int
    summary: str
    result: str
    evidence: tuple[FileRef, ...] = ()


class SuspendWork(msgspec.Struct, frozen=True):
    """The worker divides off tasks that its own waits for; `detail` says how far it got."""

    task: TaskId
    attempt: int
    tasks: tuple[PlannedTask, ...]
    detail: str
    evidence: tuple[FileRef, ...] = ()
    commit: str = ""


class Link(msgspec.Struct, frozen=True):
    """A task waits for another one of the run, and why."""

    task: TaskId
    after: TaskId
    reason: str = ""


class Rejection(msgspec.Struct, frozen=True):
    """A planned task is left out. `instead` does its work, or `is_planned_again` sends the reason back to be planned anew."""

    task: TaskId
    reason: str
    instead: TaskId | None = None
    is_planned_again: bool = False


class AcceptIntegration(msgspec.Struct, frozen=True):
    """The plans of several domains, put together: what is left out, and what waits for what."""

    task: TaskId
    attempt: int
    links: tuple[Link, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    result: str = ""


class AcceptVerdict(msgspec.Struct, frozen=True):
    """The strategist's word on the whole run."""

    task: TaskId
    attempt: int
    verdict: Verdict
    result: str = ""


class WatchAttempt(msgspec.Struct, frozen=True):
    """The guardian has looked at the attempt."""

    task: TaskId
    attempt: int
    nudge: Nudge


class PostInsight(msgspec.Struct, frozen=True):
    """A worker has learnt something that others should know."""

    task: TaskId
    attempt: int
    summary: str
    topics: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class LogDesign(msgspec.Struct, frozen=True):
    """A role has settled a question of design."""

    task: TaskId
    attempt: int
    area: str
    summary: str
    reason: str = ""
    applies_to: tuple[str, ...] = ()
