"""The transition tables of tasks and runs; the one home of what may follow what.

Terminal states have empty rows, written out. The picture in docs/lifecycle.md is generated from these tables.
"""

from collections.abc import Mapping
from typing import Final

from engine.core.entities import RunState, TaskState

TASK: Final[Mapping[TaskState, frozenset[TaskState]]] = {
    "planned": frozenset({"ready", "waiting_human", "abandoned"}),
    "ready": frozenset({"active", "planned", "waiting_human", "abandoned"}),
    "active": frozenset({"awaiting_qa", "failed", "planned", "waiting_human", "abandoned"}),
    "awaiting_qa": frozenset({"approved", "failed", "waiting_human", "abandoned"}),
    "approved": frozenset({"complete", "failed", "waiting_human", "abandoned"}),
    "failed": frozenset({"ready", "waiting_human", "abandoned"}),
    "waiting_human": frozenset({"planned", "awaiting_qa", "approved", "abandoned"}),
    "complete": frozenset(),
    "abandoned": frozenset(),
}

RUN: Final[Mapping[RunState, frozenset[RunState]]] = {
    "planning": frozenset({"running", "paused", "waiting_human", "failed", "cancelled"}),
    "running": frozenset({"planning", "paused", "waiting_human", "completed", "failed", "cancelled"}),
    "paused": frozenset({"running", "failed", "cancelled"}),
    "waiting_human": frozenset({"planning", "running", "paused", "failed", "cancelled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}

UNFINISHED: Final[frozenset[TaskState]] = frozenset(state for state, after in TASK.items() if after)
RUN_OVER: Final[frozenset[RunState]] = frozenset(state for state, after in RUN.items() if not after)


class BrokenHistory(Exception):
    """An event names something that is not there, or comes out of order: the log was altered, or the code has a bug."""


class IllegalTransition(Exception):
    """An event asks for a step the table does not have: the log is broken or the code has a bug. Nothing was changed."""


def check_task(task: str, before: TaskState, after: TaskState) -> None:
    """Accept the step, or raise.

    Raises: IllegalTransition with the task and the steps that are possible.
    """
    if after not in TASK[before]:
        raise IllegalTransition(f"{task}: {before} -> {after} is not possible; {_options(TASK[before])}")


def check_run(run: str, before: RunState, after: RunState) -> None:
    """Accept the step, or raise.

    Raises: IllegalTransition with the run and the steps that are possible.
    """
    if after not in RUN[before]:
        raise IllegalTransition(f"{run}: {before} -> {after} is not possible; {_options(RUN[before])}")


def _options(after: frozenset[TaskState] | frozenset[RunState]) -> str:
    return f"possible: {', '.join(sorted(after))}" if after else "it is over"
