"""How long a run still takes, judged by its own pace. Pure: the board is all it knows, so an estimate moves with the records."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from engine.clock import from_iso
from engine.core.blackboard import Blackboard
from engine.core.entities import RoleName, Task
from engine.core.ids import RunId

MIN_COMPLETE: Final = 3
"""Fewer tasks are luck and no pace."""
_PLANNING: Final[frozenset[RoleName]] = frozenset({"director", "planner"})
_AT_WORK: Final = frozenset({"active", "awaiting_qa", "approved"})
_OVER: Final = frozenset({"complete", "abandoned"})


def seconds_left(board: Blackboard, name: RunId) -> float | None:
    """The seconds until the planned tasks are through: those left at their role's mean, shared by the slots in use.

    None while nobody can say: before MIN_COMPLETE tasks are complete (planning not counted, it says nothing of the work), and
    while a run plans, is paused, waits for a person, has no task left, or is over.

    Raises: KeyError for an unknown run.
    """
    built = [task for task in board.run_tasks(name) if task.role not in _PLANNING]
    left = [task for task in built if task.state not in _OVER]
    complete = sum(1 for task in built if task.state == "complete")
    if board.runs[name].state != "running" or not left or complete < MIN_COMPLETE:
        return None
    pace = _pace(built)
    typical_s = fmean(pace.values())
    slots = sum(1 for task in built if task.state in _AT_WORK)
    return sum(pace.get(task.role, typical_s) for task in left) / max(1, slots)


def _pace(tasks: Sequence[Task]) -> dict[RoleName, float]:
    """The mean seconds of each role's finished attempts; roles without one are absent."""
    took: dict[RoleName, list[float]] = {}
    for task in tasks:
        for attempt in task.attempts:
            if attempt.ended_at:
                seconds = (from_iso(attempt.ended_at) - from_iso(attempt.started_at)) / 1000
                took.setdefault(task.role, []).append(seconds)
    return {role: fmean(each) for role, each in took.items()}
