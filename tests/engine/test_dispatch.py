"""The dispatcher: what it starts, what it waits for, what it ends. In virtual time, with a scripted crew."""

import asyncio

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId, TaskId
from engine.store.memory import MemoryLog
from engine.work import Deferred, Failed, InTheWay, Job, Moved, Overtaken, Proven
from tests.fakes.bench import ALICE, beating
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import passes, run

R1 = RunId("R1")


def over(board: Blackboard) -> bool:
    return R1 in board.runs and board.runs[R1].state in {"completed", "failed", "cancelled"}


def asked(board: Blackboard) -> bool:
    return bool(board.open_decisions)


def in_state(title: str, state: str):
    return lambda board: any(task.title == title and task.state == state for task in board.tasks.values())


def test_a_chain_a_diamond_and_a_crowd_all_land():
    plan = (
        planned("a"), planned("b", "a"), planned("c", "a"), planned("d", "b", "c"), *(planned(f"x{n}") for n in range(90))
    )  # fmt: skip
    crew = ScriptedCrew(plan)

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"
            assert heart.board.runs[R1].landed == len(plan)
        order = [line.split()[2] for line in crew.log]
        assert order.index("a") < order.index("b") < order.index("d")
        assert order.index("a") < order.index("c") < order.index("d")

    run(story())


def test_never_more_attempts_at_once_than_the_run_allows():
    running, most = 0, 0

    async def pace(_: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await passes(1)
        running -= 1

    crew = ScriptedCrew(tuple(planned(f"x{n}") for n in range(20)), pace=pace)

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start(max_workers=3)
            await heart.until(over)

    run(story())
    assert most == 3


def test_a_higher_priority_starts_first():
    crew = ScriptedCrew((planned("low", priority=2), planned("high", priority=8)))

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start(max_workers=1)
            await heart.until(over)

    run(story())
    assert crew.log == ["start Task high a1", "start Task low a1"]


def test_a_ready_task_never_waits_for_an_unrelated_one():
    crew = ScriptedCrew((planned("slow"), planned("quick"), planned("after", "quick")))
    crew.waits["Task slow"] = asyncio.Event()

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(in_state("Task after", "complete"))
            assert heart.task("Task slow").state == "active"
            crew.waits["Task slow"].set()
            await heart.until(over)

    run(story())


def test_the_fifth_failure_asks_a_human_while_others_go_on():
    crew = ScriptedCrew(
        (planned("bad"), planned("good")),
        lambda job: Failed("tests_red", "1 failed") if job.task.title == "Task bad" else None,
    )

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(lambda board: asked(board) and in_state("Task good", "complete")(board))
            assert [line for line in crew.log if "bad" in line] == [f"start Task bad a{n}" for n in range(1, 6)]
            assert heart.board.runs[R1].state == "waiting_human"

    run(story())


def test_an_answer_starts_the_task_again_with_the_guidance():
    crew = ScriptedCrew((planned("bad"),), lambda job: None if job.task.guidance else Failed("tests_red", "1 failed"))

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            (decision,) = heart.board.open_decisions
            await heart.order(c.AnswerDecision(decision, "retry_with_changes", ALICE, "now", changes="read the manual"))
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"

    run(story())


def test_infrastructure_failures_wait_cost_no_retry_and_end_with_a_question():
    crew = ScriptedCrew((planned("a"),), lambda job: Failed("model_error", "no answer"))

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            began = asyncio.get_running_loop().time()
            await heart.until(asked)
            waited = asyncio.get_running_loop().time() - began
            assert heart.task("Task a").tries == 0
            assert len(heart.task("Task a").attempts) == 6
            assert waited >= 2 + 4 + 8 + 16 + 32

    run(story())


def test_a_bug_in_a_worker_is_a_lost_attempt_with_its_traceback():
    def script(job: Job) -> None:
        if job.attempt == 1:
            raise ZeroDivisionError("planted")

    crew = ScriptedCrew((planned("a"),), script)

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(over)
            first = heart.task("Task a").attempts[0]
            assert first.failure == "lost"
            assert "planted" in first.detail
            assert "test_dispatch.py" in first.detail

    run(story())


def test_an_interrupt_cuts_off_one_attempt_and_leaves_the_others():
    crew = ScriptedCrew((planned("a"), planned("b")))
    crew.waits = {"Task a": asyncio.Event(), "Task b": asyncio.Event()}

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(lambda board: in_state("Task a", "active")(board) and in_state("Task b", "active")(board))
            await asyncio.sleep(0)
            await heart.order(c.InterruptTask(heart.task("Task a").id, "too slow"))
            await heart.until(asked)
            crew.waits["Task b"].set()
            await heart.until(in_state("Task b", "complete"))
            assert "cut off Task a" in crew.log
            assert "cut off Task b" not in crew.log
            assert heart.task("Task b").attempts[-1].number == 1

    run(story())


def test_pause_stops_new_starts_and_lets_running_attempts_finish():
    crew = ScriptedCrew((planned("a"), planned("b", "a")))
    crew.waits["Task a"] = asyncio.Event()

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(in_state("Task a", "active"))
            await heart.order(c.PauseRun(R1))
            crew.waits["Task a"].set()
            await heart.until(in_state("Task b", "ready"))
            await passes(60)
            assert heart.task("Task b").state == "ready"
            await heart.order(c.ResumeRun(R1))
            await heart.until(over)

    run(story())


def test_cancel_cuts_everything_off():
    crew = ScriptedCrew((planned("a"), planned("b", "a")))
    crew.waits["Task a"] = asyncio.Event()

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(in_state("Task a", "active"))
            await asyncio.sleep(0)
            await heart.order(c.CancelRun(R1))
            await heart.until(over)
            await passes(0.1)
            assert crew.log == ["start Task a a1", "cut off Task a"]

    run(story())


def test_the_target_moving_underneath_proves_again_and_lands_once():
    crew = ScriptedCrew((planned("a"),))
    answers = [Overtaken(), Moved()]

    async def move(_):
        return answers.pop(0)

    crew.move = move  # type: ignore[method-assign]  # the target of this test is moved by somebody else

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(over)
            kinds = [type(record.event) for record in heart.records]
            assert kinds.count(e.LandingPrepared) == 2
            assert kinds.count(e.LandingOvertaken) == 1
            assert kinds.count(e.WorkMerged) == 1

    run(story())


@pytest.mark.parametrize(
    ("order", "state"), [(c.InterruptTask(TaskId("T3")), "waiting_human"), (c.CancelRun(R1), "abandoned")]
)
def test_a_landing_that_was_overtaken_is_stopped_at_once(order: c.PeopleCommand, state: str):
    crew = ScriptedCrew((planned("a"),))
    again, ended = asyncio.Event(), asyncio.Event()
    proofs = 0

    async def prove(job: Job, commit: str) -> Proven | Failed:
        nonlocal proofs
        proofs += 1
        if proofs == 1:
            return await ScriptedCrew.prove(crew, job, commit)
        again.set()
        try:
            return await asyncio.Future()
        finally:
            ended.set()

    async def move(_):
        return Overtaken()

    crew.prove, crew.move = prove, move  # type: ignore[method-assign]  # gates that take long, on a target that was moved

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await again.wait()
            await heart.order(order)
            await ended.wait()
            assert (heart.task("Task a").state, heart.task("Task a").receipt) == (state, None)

    run(story())


def test_a_receipt_from_before_a_restart_that_was_overtaken_is_taken_back():
    log = MemoryLog()
    crew = ScriptedCrew((planned("a"),))
    answers = [Overtaken(), Moved()]

    async def never(_):
        return await asyncio.Future()

    async def move(_):
        return answers.pop(0)

    async def story() -> None:
        crew.move = never  # type: ignore[method-assign]  # the plug is pulled while the target is moved
        async with beating(crew, log) as heart:
            await heart.start()
            await heart.until(lambda board: any(task.receipt for task in board.tasks.values()))
        crew.move = move  # type: ignore[method-assign]  # somebody pushed in the meantime
        async with beating(crew, log) as heart:
            await heart.until(over)

    run(story())
    kinds = [type(e.decode(entry.event)) for entry in log.entries()]
    landing = [kind for kind in kinds if kind in {e.LandingPrepared, e.LandingOvertaken, e.WorkMerged}]
    assert landing == [e.LandingPrepared, e.LandingOvertaken, e.LandingPrepared, e.WorkMerged]


def test_a_checkout_in_the_way_asks_and_lands_after_the_answer():
    crew = ScriptedCrew((planned("a"),))
    answers = [InTheWay("notes.txt"), Moved()]

    async def move(_):
        return answers.pop(0)

    crew.move = move  # type: ignore[method-assign]  # files are in the way once

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            (decision,) = heart.board.open_decisions
            await heart.order(c.AnswerDecision(decision, "land_now", ALICE, "now"))
            await heart.until(over)
            assert heart.board.runs[R1].landed == 1

    run(story())


def test_a_review_that_can_not_be_held_is_held_later():
    crew = ScriptedCrew((planned("a"),))
    crew.reviews["Task a"] = Deferred("model_error", "no answer")

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(
                lambda board: any(one.deferrals for task in board.tasks.values() for one in task.attempts)
            )
            crew.reviews.clear()
            await heart.until(over)
            assert len(heart.task("Task a").attempts) == 1

    run(story())


@pytest.mark.parametrize("events", range(12, 30))
def test_pulled_plugs_lose_nothing_and_land_once(events: int):
    log = MemoryLog()
    plan = (planned("a"), planned("b", "a"))

    async def first() -> None:
        async with beating(ScriptedCrew(plan), log) as heart:
            await heart.start()
            await heart.until(lambda board: board.seq >= events or over(board))

    async def second() -> None:
        async with beating(ScriptedCrew(plan), log) as heart:
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"

    run(first())
    run(second())
    kinds = [type(e.decode(entry.event)) for entry in log.entries()]
    assert kinds.count(e.WorkMerged) == 2
    assert kinds.count(e.RunCompleted) == 1


def test_a_failed_append_stops_everything_loudly():
    class FullDisk(MemoryLog):
        def append(self, entries):
            if any("complete" in entry.subject for entry in entries):
                raise OSError("no space left on device")
            return super().append(entries)

    async def story() -> None:
        async with beating(ScriptedCrew((planned("a"),)), FullDisk()) as heart:
            await heart.start()
            await heart.until(over)

    with pytest.raises(ExceptionGroup) as caught:
        run(story())
    assert "no space left" in str(caught.value.exceptions)


def test_a_worker_is_told_of_the_tasks_beside_its_own_in_the_plan() -> None:
    told: dict[str, list[str]] = {}
    crew = ScriptedCrew(
        tuple(planned(f"x{n}") for n in range(80)),
        lambda job: told.update({job.task.title: [other.title for other in job.others]}),
    )

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(over)

    run(story())
    assert told["Task x0"] == [f"Task x{n}" for n in range(1, 31)]
    assert len(told["Task x40"]) == 60
    assert "Task x40" not in told["Task x40"]
