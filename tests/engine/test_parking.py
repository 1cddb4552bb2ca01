"""Parking: a quota that is used up stops a whole run once, in virtual time, and it wakes by itself."""

import asyncio
import math

import pytest

from engine.clock import from_iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.model.lanes import QUOTA_WAIT_S
from engine.model.types import MAX_ASKED_WAIT_S
from engine.store.memory import MemoryLog
from engine.work import Deferred, Failed, Job, WorkOutcome
from tests.fakes.bench import Heart, beating
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import passes, run

R1 = RunId("R1")
PLAN = tuple(planned(key) for key in "abcdefg")


def used_up(wait_s: float | None = 3600.0, resets_after_s: float = 3600.0) -> ScriptedCrew:
    """A crew that finds the quota used up for so long after the first attempt."""
    began: list[float] = []

    def script(job: Job) -> WorkOutcome | None:
        now_s = asyncio.get_running_loop().time()
        began.append(now_s)
        is_empty = now_s < began[0] + resets_after_s
        return Failed("quota", "the quota is used up", retry_after_s=wait_s) if is_empty else None

    return ScriptedCrew(PLAN, script)


def is_parked(board: Blackboard) -> bool:
    return R1 in board.runs and bool(board.runs[R1].parked_until)


def is_over(board: Blackboard) -> bool:
    return board.runs[R1].state == "completed"


def times(heart: Heart, kind: type) -> list[float]:
    """When such events were, in seconds."""
    return [from_iso(record.at) / 1000 for record in heart.records if isinstance(record.event, kind)]


def told(crew: ScriptedCrew) -> Heart:
    async def story() -> Heart:
        async with beating(crew) as heart:
            await heart.start(max_workers=3)
            await heart.until(is_over)
            return heart

    return run(story())


def test_it_is_parked_once_calls_nobody_until_the_reset_and_wakes_by_itself():
    heart = told(used_up())
    (parked,), (awake,) = times(heart, e.RunParked), times(heart, e.RunUnparked)
    assert 3600 <= awake - parked <= 3602
    assert not [at for at in times(heart, e.AttemptStarted) if parked < at < awake]
    assert heart.board.runs[R1].parked_why == ""


def test_no_task_pays_for_it_and_nobody_is_asked():
    heart = told(used_up(resets_after_s=9.5 * 3600))
    assert len(times(heart, e.RunParked)) == 10
    assert times(heart, e.HumanAsked) == []
    assert all(task.tries == task.infra_failures == 0 for task in heart.board.run_tasks(R1))


def test_without_a_word_from_the_provider_it_is_tried_again_after_a_while():
    heart = told(used_up(wait_s=None, resets_after_s=QUOTA_WAIT_S))
    assert QUOTA_WAIT_S <= times(heart, e.RunUnparked)[0] - times(heart, e.RunParked)[0] <= QUOTA_WAIT_S + 2


@pytest.mark.parametrize(
    ("asked_s", "rests_s"),
    [(math.inf, QUOTA_WAIT_S), (math.nan, QUOTA_WAIT_S), (1.8e12, QUOTA_WAIT_S), (1.8e9, QUOTA_WAIT_S), (-5.0, QUOTA_WAIT_S), (0.0, QUOTA_WAIT_S), (3e6, MAX_ASKED_WAIT_S)],
    ids=["for ever", "no number", "milliseconds since 1970", "seconds since 1970", "the past", "at once", "a month"],
)  # fmt: skip
def test_a_wait_that_can_be_none_is_not_believed(asked_s: float, rests_s: float):
    heart = told(used_up(wait_s=asked_s, resets_after_s=rests_s))
    assert rests_s <= times(heart, e.RunUnparked)[0] - times(heart, e.RunParked)[0] <= rests_s + 2


def test_a_failed_call_with_such_a_wait_stops_nothing():
    async def story() -> Heart:
        crew = ScriptedCrew((planned("a"),))
        crew.reviews["Task a"] = Deferred("model_error", "no answer", retry_after_s=math.inf)
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(lambda _: bool(times(heart, e.ReviewDeferred)))
            crew.reviews.clear()
            await heart.until(is_over)
            return heart

    assert run(story()).board.runs[R1].state == "completed"


def test_a_start_in_the_meantime_calls_nobody_either_and_wakes_at_the_same_time():
    async def story() -> tuple[float, float, list[str]]:
        log, first = MemoryLog(), used_up()
        async with beating(first, log) as heart:
            await heart.start()
            await heart.until(is_parked)
            (parked,) = times(heart, e.RunParked)
        await passes(600)
        second = ScriptedCrew(PLAN)
        async with beating(second, log) as heart:
            before = heart.crew.log.copy()
            await heart.until(is_over)
            return parked, times(heart, e.RunUnparked)[0], before

    parked, awake, before = run(story())
    assert 3600 <= awake - parked <= 3602
    assert before == []


def test_a_person_wakes_it_before_its_time():
    async def story() -> float:
        async with beating(used_up(resets_after_s=60)) as heart:
            await heart.start()
            await heart.until(is_parked)
            await passes(60)
            await heart.order(c.ResumeRun(R1))
            await heart.until(is_over)
            return times(heart, e.RunUnparked)[0] - times(heart, e.RunParked)[0]

    assert run(story()) <= 62


def test_a_review_waits_for_the_quota_too_and_the_work_is_not_done_again():
    async def story() -> Heart:
        crew = ScriptedCrew((planned("a"),))
        crew.reviews["Task a"] = Deferred("quota", "used up", retry_after_s=1800)
        async with beating(crew) as heart:
            await heart.start()
            await heart.until(is_parked)
            crew.reviews.clear()
            await heart.until(is_over)
            return heart

    heart = run(story())
    task = heart.task("Task a")
    assert (len(task.attempts), task.infra_failures) == (1, 0)
    assert times(heart, e.RunUnparked)[0] - times(heart, e.RunParked)[0] >= 1800


def test_a_run_that_is_cancelled_while_it_rests_never_wakes():
    async def story() -> list[e.Record]:
        async with beating(used_up()) as heart:
            await heart.start()
            await heart.until(is_parked)
            await heart.order(c.CancelRun(R1))
            await passes(7200)
            return heart.records

    assert not any(isinstance(record.event, e.RunUnparked) for record in run(story()))


def test_of_two_runs_each_rests_for_itself_and_an_awake_one_is_no_longer_parked():
    async def story() -> tuple[object, object, object]:
        async with beating(used_up()) as heart:
            await heart.start()
            await heart.until(is_parked)
            again = await heart.ledger.submit(c.ParkRun(R1, "2030-01-01T00:00:00Z", "once more"))
            early = await heart.ledger.submit(c.StartAttempt(heart.task("Task a").id, "b" * 40))
            await heart.order(c.ResumeRun(R1))
            return again, early, await heart.ledger.submit(c.UnparkRun(R1))

    again, early, late = run(story())
    assert isinstance(again, c.Refused)
    assert "parked already" in again.reason
    assert isinstance(early, c.Refused)
    assert isinstance(late, c.Refused)
    assert "not parked" in late.reason
