"""The dispatcher when something breaks or ends: one fault stops one thing, and nothing waits for nobody."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Run
from engine.core.ids import RunId, TaskId
from engine.ledger import MAX_DETAIL_CHARS
from engine.store.memory import MemoryLog
from engine.work import Deferred, FinalGates, Job, Journal, Moved, Overtaken, ReviewOutcome
from engine.workspace.repository import UnknownBranch
from tests.fakes.bench import ALICE, Heart, beating
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import passes, run

R1 = RunId("R1")


def over(board: Blackboard) -> bool:
    return R1 in board.runs and board.runs[R1].state in {"completed", "failed", "cancelled"}


def asked(board: Blackboard) -> bool:
    return bool(board.open_decisions)


def in_state(title: str, state: str):
    return lambda board: any(task.title == title and task.state == state for task in board.tasks.values())


def test_a_slow_review_holds_no_attempt_up_also_where_the_run_has_one_slot():
    crew = ScriptedCrew((planned("slow"), planned("quick"), planned("after", "quick")))
    said = asyncio.Event()

    async def review(job: Job, commit: str, journal: Journal) -> ReviewOutcome:
        if job.task.title == "Task slow":
            await said.wait()
        return await ScriptedCrew.review(crew, job, commit, journal)

    crew.review = review  # type: ignore[method-assign]  # the reviewer of this test takes its time

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start(max_workers=1)
            await heart.until(in_state("Task after", "complete"))
            assert heart.task("Task slow").state == "awaiting_qa"
            said.set()
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"

    run(story())


def test_a_branch_that_is_gone_asks_a_person_and_leaves_other_runs_alone():
    crew = ScriptedCrew((planned("a"),))
    known = crew.tip

    async def tip(run: Run) -> str:
        if run.id == R1:
            raise UnknownBranch("no branch 'main'")
        return await known(run)

    crew.tip = tip  # type: ignore[method-assign]  # somebody deletes the branch

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            assert "no branch 'main'" in next(iter(heart.board.open_decisions.values())).question
            await heart.start()
            await heart.until(lambda board: board.runs[RunId("R2")].state == "completed")

    run(story())


def test_a_job_that_is_cut_off_before_its_first_step_frees_its_slot_and_its_task():
    crew = ScriptedCrew((planned("a"), planned("b")))

    async def story() -> None:
        async with beating(crew) as heart:
            cut: list[TaskId] = []

            def cut_off_at_once(records: Sequence[e.Record], _: Blackboard) -> None:
                for record in records:
                    if isinstance(record.event, e.TaskReadied) and record.event.task == "T3":
                        heart.dispatcher._start_ready()
                        heart.dispatcher._cut_off(record.event.task)
                        cut.append(record.event.task)

            await asyncio.sleep(0)
            heart.ledger.watch(cut_off_at_once)
            await heart.start(max_workers=1)
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"
            assert cut == ["T3"]

    run(story())


def test_last_gates_that_can_not_be_run_are_tried_again_and_then_ask():
    crew = ScriptedCrew((planned("a"),))
    tries = 0

    async def final(run: Run) -> FinalGates:
        nonlocal tries
        tries += 1
        raise OSError("no space left on device")

    crew.final = final  # type: ignore[method-assign]  # the disk is full

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            (decision,) = heart.board.open_decisions.values()
            assert decision.kind == "run_red"
            assert "no space left" in decision.evidence
            assert tries == 3

    run(story())


@pytest.mark.parametrize("pause_s", [0, 1])
def test_a_run_that_was_paused_while_its_last_gates_ran_completes_after_it_is_resumed(pause_s: int):
    crew = ScriptedCrew((planned("a"),))
    looked, may_end = asyncio.Event(), asyncio.Event()
    known = crew.final

    async def final(run: Run) -> FinalGates:
        looked.set()
        await may_end.wait()
        return await known(run)

    crew.final = final  # type: ignore[method-assign]  # the gates take their time

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await looked.wait()
            await heart.order(c.PauseRun(R1))
            may_end.set()
            # Not at all: the refusal of the end and the resuming are then in one group.
            await passes(pause_s)
            assert heart.board.runs[R1].state == "paused"
            await heart.order(c.ResumeRun(R1))
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"

    run(story())


def test_cancel_ends_the_last_gates():
    crew = ScriptedCrew((planned("a"),))
    looked, ended = asyncio.Event(), asyncio.Event()

    async def final(run: Run) -> FinalGates:
        looked.set()
        try:
            await asyncio.Event().wait()
            return FinalGates("")
        finally:
            ended.set()

    crew.final = final  # type: ignore[method-assign]  # the gates never end

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await looked.wait()
            await heart.order(c.CancelRun(R1))
            await ended.wait()

    run(story())


def test_a_move_that_fails_keeps_the_approved_work_and_asks():
    crew = ScriptedCrew((planned("a"),))
    answers = [OSError("main.lock is held"), Moved()]

    async def move(_):
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    crew.move = move  # type: ignore[method-assign]  # the branch is locked once

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            (decision,) = heart.board.open_decisions.values()
            assert "main.lock is held" in decision.evidence
            await heart.order(c.AnswerDecision(decision.id, "land_now", ALICE, "now"))
            await heart.until(over)
            assert len(heart.task("Task a").attempts) == 1

    run(story())


def test_a_run_that_is_cancelled_while_somebody_moves_the_target_leaves_no_task_open():
    crew = ScriptedCrew((planned("a"),))
    moving, may_move = asyncio.Event(), asyncio.Event()

    async def move(_):
        moving.set()
        await may_move.wait()
        return Overtaken()

    crew.move = move  # type: ignore[method-assign]  # somebody else is always faster

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await moving.wait()
            await heart.order(c.CancelRun(R1))
            may_move.set()
            await heart.until(in_state("Task a", "abandoned"))

    run(story())


def test_a_bug_in_a_reviewer_says_nothing_about_the_work():
    crew = ScriptedCrew((planned("a"),))
    known = crew.review
    answers = [ZeroDivisionError("planted")]

    async def review(*args):
        if answers:
            raise answers.pop()
        return await known(*args)

    crew.review = review  # type: ignore[method-assign]  # broken once

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"
            assert len(heart.task("Task a").attempts) == 1

    run(story())


def test_work_that_could_not_be_reviewed_is_reviewed_again_after_the_answer():
    crew = ScriptedCrew((planned("a"), planned("b")))
    crew.reviews["Task a"] = Deferred("model_error", "401: the key is expired", is_final=True)
    reviews = Counter[str]()
    known = crew.review

    async def review(job: Job, commit: str, journal: Journal) -> ReviewOutcome:
        reviews[job.task.title] += 1
        return await known(job, commit, journal)

    crew.review = review  # type: ignore[method-assign]  # counted

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            crew.reviews.clear()
            (decision,) = heart.board.open_decisions
            await heart.order(c.AnswerDecision(decision, "review_again", ALICE, "now"))
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"
            assert (reviews["Task a"], len(heart.task("Task a").attempts)) == (2, 1)

    run(story())
    assert crew.log.count("start Task a a1") == 1


def test_no_review_is_held_while_a_question_about_the_budget_is_open():
    crew = ScriptedCrew((planned("a"),))
    crew.reviews["Task a"] = Deferred("budget", "the budget of 10 tokens is reached")
    reviews = 0
    known = crew.review

    async def review(*args):
        nonlocal reviews
        reviews += 1
        return await known(*args)

    crew.review = review  # type: ignore[method-assign]  # counted

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(asked)
            await passes(600)
            assert reviews == 1
            crew.reviews.clear()
            (decision,) = heart.board.open_decisions
            await heart.order(c.AnswerDecision(decision, "raise_budget", ALICE, "now", budget_tokens=1000))
            await heart.until(over)
            assert heart.board.runs[R1].state == "completed"
            assert reviews == 2

    run(story())


def test_what_is_recorded_while_the_dispatcher_ends_stops_nothing():
    async def pace(job: Job) -> None:
        if job.task.title == "Task a":
            try:
                await asyncio.Event().wait()
            finally:
                await passes(1)

    crew = ScriptedCrew((planned("a"), planned("b")), pace=pace)

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            heart = Heart(MemoryLog(), crew)
            writing = group.create_task(heart.ledger.run())
            dispatching = group.create_task(heart.dispatcher.run())
            await heart.start()
            await heart.until(
                lambda board: in_state("Task a", "active")(board) and in_state("Task b", "complete")(board)
            )
            await asyncio.sleep(0)
            dispatching.cancel()
            await passes(0.5)
            # Now the run is drained, and its end would be judged.
            await heart.order(c.AbandonTask(heart.task("Task a").id))
            await asyncio.wait([dispatching])
            assert not writing.done()
            writing.cancel()

    run(story())


def test_a_traceback_of_any_length_is_cut_and_keeps_its_end():
    def script(job: Job) -> None:
        if job.attempt == 1:
            raise ZeroDivisionError("x" * 100_000)

    crew = ScriptedCrew((planned("a"),), script)

    async def story() -> None:
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(over)
            detail = heart.task("Task a").attempts[0].detail
            assert len(detail) < MAX_DETAIL_CHARS + 100
            assert detail.startswith("ZeroDivisionError")

    run(story())
