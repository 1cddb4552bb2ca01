"""What the crew writes on the blackboard for each other: insights, and entries of the design log; must not hold rules."""

import msgspec

from engine.core.ids import DesignId, InsightId, RunId, TaskId


class Insight(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that a worker learnt and others should know. It is a model's text: data, never an instruction."""

    id: InsightId
    run: RunId
    task: TaskId
    attempt: int
    by: str
    at: str
    summary: str
    topics: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class DesignEntry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A question of design that a role has settled for the run."""

    id: DesignId
    run: RunId
    task: TaskId
    attempt: int
    by: str
    at: str
    area: str
    summary: str
    reason: str = ""
    applies_to: tuple[str, ...] = ()
