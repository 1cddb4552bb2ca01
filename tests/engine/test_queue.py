"""The ready queue: order, what a run allows, and stale entries."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable

import msgspec

from engine.core.blackboard import Blackboard
from engine.core.entities import Decision, RoleName, Run, RunConfig, Task
from engine.core.ids import DecisionId, RunId, TaskId
from engine.queue import ReadyQueue
from tests.fakes import jumping
from tests.fakes.bench import beating
from tests.fakes.crew import ScriptedCrew, planned

NOW = "2026-01-01T00:00:00Z"


def board_of(*tasks: Task, **run: object) -> Blackboard:
    board = Blackboard()
    for name in dict.fromkeys(task.run for task in tasks):
        made = Run(name, "o", "running", "main", "b", RunConfig("m", max_workers=2), NOW, NOW)
        board.put_run(msgspec.structs.replace(made, **run))
    for task in tasks:
        board.put_task(task)
    return board


def ready(number: int, run: str = "R1", priority: int = 5, role: RoleName = "coder") -> Task:
    return Task(TaskId(f"T{number}"), RunId(run), f"Task {number}", role, "ready", NOW, NOW, priority=priority)


def drain(queue: ReadyQueue, board: Blackboard, **active: int) -> list[str]:
    """What starts beside `active` coders of each run."""
    taken: dict[TaskId, None] = {}
    counts: defaultdict[RunId, Counter[RoleName]] = defaultdict(Counter)
    for run, count in active.items():
        counts[RunId(run)]["coder"] = count
    while (task := queue.pop(board, counts, taken)) is not None:
        taken[task.id] = None
        counts[task.run][task.role] += 1
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


def test_a_role_has_its_share_of_the_workers_and_holds_up_no_other():
    tasks = [
        ready(1),
        ready(2),
        ready(3),
        ready(4, role="tester"),
        ready(5, role="tester"),
        ready(6, "R2"),
        ready(7, "R2"),
    ]
    config = RunConfig("m", max_workers=3, workers_of={"coder": 1})
    assert drain(queue_of(*tasks), board_of(*tasks, config=config)) == ["T1", "T4", "T5", "T6"]
    assert drain(queue_of(*tasks), board_of(*tasks, config=config), R1=1) == ["T4", "T5", "T6"]


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


def done(title: str) -> Callable[[Blackboard], bool]:
    return lambda board: any((task.title, task.state) == (title, "complete") for task in board.tasks.values())


def test_an_attempt_that_ends_makes_room_for_one_of_its_role():
    crew = ScriptedCrew((planned("one"), planned("two"), msgspec.structs.replace(planned("words"), role="writer")))
    crew.waits["Task one"] = asyncio.Event()

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start(workers_of={"coder": 1})
            await heart.until(done("Task words"))
            assert heart.task("Task two").state == "ready"
            crew.waits["Task one"].set()
            await heart.until(done("Task two"))

    jumping.run(story())
