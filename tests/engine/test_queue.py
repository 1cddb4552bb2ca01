"""The ready queue: order, what a run allows, and stale entries."""

import msgspec

from engine.core.blackboard import Blackboard
from engine.core.entities import Decision, Run, RunConfig, Task
from engine.core.ids import DecisionId, RunId, TaskId
from engine.queue import ReadyQueue

NOW = "2026-01-01T00:00:00Z"


def board_of(*tasks: Task, **run: object) -> Blackboard:
    board = Blackboard()
    for name in dict.fromkeys(task.run for task in tasks):
        made = Run(name, "o", "running", "main", "b", RunConfig("m", max_workers=2), NOW, NOW)
        board.put_run(msgspec.structs.replace(made, **run))
    for task in tasks:
        board.put_task(task)
    return board


def ready(number: int, run: str = "R1", priority: int = 5) -> Task:
    return Task(TaskId(f"T{number}"), RunId(run), f"Task {number}", "coder", "ready", NOW, NOW, priority=priority)


def drain(queue: ReadyQueue, board: Blackboard, **active: int) -> list[str]:
    taken: dict[TaskId, None] = {}
    counts = {RunId(run): count for run, count in active.items()}
    while (task := queue.pop(board, counts, taken)) is not None:
        taken[task.id] = None
        counts[task.run] = counts.get(task.run, 0) + 1
    return list(taken)


def queue_of(*tasks: Task) -> ReadyQueue:
    queue = ReadyQueue()
    for task in tasks:
        queue.push(task)
    return queue


def test_priority_goes_before_age_and_age_counts_as_a_number():
    tasks = [ready(10), ready(9), ready(11, priority=9)]
    assert drain(queue_of(*tasks), board_of(*tasks)) == ["T11", "T9"]


def test_a_full_run_holds_back_its_own_tasks_alone():
    tasks = [ready(1), ready(2, "R2")]
    assert drain(queue_of(*tasks), board_of(*tasks), R1=2) == ["T2"]


def test_what_was_held_back_starts_when_there_is_room():
    tasks = [ready(1)]
    queue, board = queue_of(*tasks), board_of(*tasks)
    assert drain(queue, board, R1=2) == []
    assert drain(queue, board) == ["T1"]


def test_a_paused_run_starts_nothing():
    tasks = [ready(1)]
    assert drain(queue_of(*tasks), board_of(*tasks, paused=True)) == []


def test_a_run_with_an_open_question_starts_nothing():
    tasks = [ready(1)]
    board = board_of(*tasks)
    board.put_decision(Decision(DecisionId("D1"), RunId("R1"), "budget", "more?", ("raise_budget",), NOW))
    assert drain(queue_of(*tasks), board) == []


def test_an_entry_of_an_earlier_generation_does_not_start_the_task():
    task = ready(1)
    waits = msgspec.structs.replace(task, generation=7, not_before="2999-01-01T00:00:00Z")
    assert drain(queue_of(task), board_of(waits)) == []


def test_a_task_that_is_pushed_twice_starts_once():
    task = ready(1)
    assert drain(queue_of(task, task), board_of(task)) == ["T1"]


def test_a_run_that_is_over_is_forgotten():
    task = ready(1)
    queue = queue_of(task)
    assert drain(queue, board_of(task, state="cancelled")) == []
    assert not queue._waiting
