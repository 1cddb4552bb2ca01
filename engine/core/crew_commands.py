"""Orders of the crew beyond work and verdicts: findings, a division of work, insights, the design log. Nothing here is stored."""

import msgspec

from engine.core.entities import FileRef
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
