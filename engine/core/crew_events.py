"""The facts that the crew adds of itself: what it learnt, what it settled, what it waits for; must not hold rules. On the wire for ever."""

from engine.core.entities import FileRef, Nudge
from engine.core.event import Event
from engine.core.ids import DesignId, InsightId, TaskId


class InsightPosted(Event, frozen=True):
    """A worker learnt something that others should know; `paths` and `topics` say whom it concerns."""

    insight: InsightId
    task: TaskId
    attempt: int
    summary: str
    topics: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class DesignDecided(Event, frozen=True):
    """A role settled a question of design, so that others settle it alike."""

    entry: DesignId
    task: TaskId
    attempt: int
    area: str
    summary: str
    reason: str = ""
    applies_to: tuple[str, ...] = ()


class AttemptWatched(Event, frozen=True):
    """The guardian looked at the attempt: how it goes, and what it said to the worker. No state changes."""

    task: TaskId
    attempt: int
    nudge: Nudge


class PlanApproved(Event, frozen=True):
    """A person has seen the plan and lets its tasks start."""


class WorkSuspended(Event, frozen=True):
    """The attempt ends without failure: the task waits for others, and then goes on, from `commit` if there is one."""

    task: TaskId
    attempt: int
    waits_for: tuple[TaskId, ...]
    detail: str
    evidence: tuple[FileRef, ...] = ()
    commit: str = ""
