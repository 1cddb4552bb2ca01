"""Which ready task starts next: by priority (9 first), then by age; must not start anything itself.

Only what changed is looked at: a step costs the same with ten tasks and with ten thousand.
"""

import heapq
from collections.abc import Container, Mapping

from engine.core.blackboard import Blackboard
from engine.core.entities import Task
from engine.core.ids import RunId, TaskId, number
from engine.core.lifecycle import RUN_OVER


class ReadyQueue:
    """Ready tasks in the order in which they are to start; holds back those whose run is paused or full."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, TaskId]] = []
        self._held: dict[RunId, list[TaskId]] = {}

    def push(self, task: Task) -> None:
        """The task is ready."""
        heapq.heappush(self._heap, (-task.priority, number(task.id), task.id))

    def release(self, run: RunId, board: Blackboard) -> None:
        """Look again at what was held back for the run."""
        for name in self._held.pop(run, ()):
            self.push(board.tasks[name])

    def pop(self, board: Blackboard, active: Mapping[RunId, int], in_hand: Container[TaskId]) -> Task | None:
        """The next task that may start now, None when none may.

        `active` counts the running attempts of each run; what is `in_hand` was started a moment ago.
        """
        while self._heap:
            task = board.tasks[heapq.heappop(self._heap)[2]]
            if task.state != "ready" or task.id in in_hand:
                continue
            if may_start(board, task, active.get(task.run, 0)):
                return task
            self._held.setdefault(task.run, []).append(task.id)
        return None


def may_start(board: Blackboard, task: Task, active: int) -> bool:
    """Whether the task's run lets it start: not paused, not over, no question about the run open, a slot free."""
    run = board.runs[task.run]
    if run.paused or run.state in RUN_OVER or active >= run.config.max_workers:
        return False
    return not any(d.run == run.id and d.task is None for d in board.open_decisions.values())
