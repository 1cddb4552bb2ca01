"""Which ready task starts next: by priority (9 first), then by age; must not start anything itself.

A step costs the same with ten tasks and with ten thousand: a run that is paused or full, or a role of it that has all its workers,
costs one look, whatever waits in it.
"""

import heapq
from collections import defaultdict
from collections.abc import Container, Mapping

from engine.core.blackboard import Blackboard
from engine.core.decide_work import run_question
from engine.core.entities import RoleName, Task
from engine.core.ids import RunId, TaskId, number
from engine.core.lifecycle import RUN_OVER

_Place = tuple[int, int, TaskId, int]
Active = Mapping[RunId, Mapping[RoleName, int]]
"""How many attempts of each run are made, by role."""


class ReadyQueue:
    """Ready tasks, run by run and role by role, in the order in which they are to start."""

    def __init__(self) -> None:
        self._waiting: dict[RunId, dict[RoleName, list[_Place]]] = {}

    def push(self, task: Task) -> None:
        """The task is ready."""
        place = (-task.priority, number(task.id), task.id, task.generation)
        heapq.heappush(self._waiting.setdefault(task.run, defaultdict(list))[task.role], place)

    def pop(self, board: Blackboard, active: Active, in_hand: Container[TaskId]) -> Task | None:
        """The next task that may start now, None when none may.

        What is `in_hand` has not been let go of yet and is dropped here.
        """
        for run in [run for run in self._waiting if board.runs[run].state in RUN_OVER]:
            del self._waiting[run]
        firsts = (
            first
            for run, roles in self._waiting.items()
            if may_start(board, run, sum(active.get(run, {}).values()))
            for role, places in roles.items()
            if has_room(board, run, role, active.get(run, {}).get(role, 0))
            and (first := _first(places, board, in_hand)) is not None
        )
        place = min(firsts, default=None)
        if place is None:
            return None
        task = board.tasks[place[2]]
        heapq.heappop(self._waiting[task.run][task.role])
        return task


def _first(places: list[_Place], board: Blackboard, in_hand: Container[TaskId]) -> _Place | None:
    while places:
        _, _, name, generation = places[0]
        task = board.tasks[name]
        # An entry of an earlier generation is stale: the task was pushed again when it became ready again.
        if task.state == "ready" and task.generation == generation and name not in in_hand:
            return places[0]
        heapq.heappop(places)
    return None


def may_start(board: Blackboard, run_id: RunId, active: int) -> bool:
    """Whether the run lets a task start: not paused, not parked, not over, no question about the run open, a slot free."""
    run = board.runs[run_id]
    if run.paused or run.parked_until or run.state in RUN_OVER:
        return False
    if active >= (1 if run.thrifty else run.config.max_workers):
        return False
    return run_question(board, run_id) is None


def has_room(board: Blackboard, run_id: RunId, role: RoleName, active: int) -> bool:
    """Whether one more attempt may be of that role."""
    cap = board.runs[run_id].config.workers_of.get(role)
    return cap is None or active < cap
