"""The ladder for failures that come again in the same way, wrong tests, and the last look at the whole run."""

import msgspec
import pytest

from engine.core import commands as c
from engine.core.entities import LadderStep, RunConfig, Verdict
from engine.core.ids import TaskId
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    RED,
    answer,
    approve,
    begin,
    fail,
    finish,
    land,
    oid,
    plan,
    planned,
    planned_run,
    receipt,
    submit,
)

STEPS: tuple[LadderStep, ...] = ("brief", "stronger_model", "replan", "human")
LADDER = RunConfig(model="m", ladder=STEPS, stronger_model="big")
T3 = TaskId("T3")
WRONG = ("tests/test_money.py::test_half: asks for 2, the law says 3",)


def failing(config: RunConfig, *details: str) -> CoreDriver:
    """T3 fails with each of the details in turn."""
    driver = planned_run(planned("a"), planned("b", "a"), config=config)
    for detail in details:
        begin(driver, "T3")
        fail(driver, "T3", "tests_red", detail)
    return driver


def test_the_first_failure_brings_a_brief_and_the_second_alike_a_stronger_model():
    driver = failing(LADDER, "1 failed in 3 s")
    assert (driver.task("T3").state, driver.task("T3").step) == ("ready", "brief")
    driver = failing(LADDER, "1 failed in 3 s", "1 failed in 4 s")
    assert (driver.task("T3").state, driver.task("T3").step) == ("ready", "stronger_model")


def test_the_third_alike_is_planned_anew_and_the_dependents_wait_for_the_new_plan():
    driver = failing(LADDER, "x", "x", "x")
    assert driver.task("T3").state == "abandoned"
    assert (driver.task("T5").role, driver.task("T4").depends_on) == ("planner", ("T5",))
    assert "3 times in the same way" in driver.task("T5").description


def test_failures_that_differ_do_not_climb():
    driver = failing(LADDER, "x", "y", "x", "y")
    assert (driver.task("T3").state, driver.task("T3").step) == ("ready", "brief")


def test_without_a_stronger_model_the_second_alike_is_planned_anew():
    driver = failing(msgspec.structs.replace(LADDER, stronger_model=""), "x", "x")
    assert driver.task("T3").state == "abandoned"


def test_where_nothing_may_be_planned_anew_a_person_is_asked():
    driver = failing(RunConfig(model="m", ladder=("brief", "human")), "x", "x")
    assert driver.task("T3").state == "waiting_human"
    assert "2 times in the same way" in driver.decision("D1").question


def test_a_persons_answer_lets_the_ladder_begin_again():
    config = RunConfig(model="m", ladder=("brief", "human"))
    driver = failing(config, "x", "x")
    driver.must(answer(driver, "D1", "retry_with_changes", "look at line 7"), ALICE)
    begin(driver, "T3")
    fail(driver, "T3", "tests_red", "x")
    assert driver.task("T3").state == "ready"


def test_an_infrastructure_failure_is_no_step():
    driver = failing(LADDER, "x")
    for _ in range(3):
        begin(driver, "T3")
        fail(driver, "T3", "lost", "the engine stopped")
    assert driver.task("T3").step == "brief"


def judged(fault: str, passed: bool = False) -> Verdict:
    return Verdict(passed=passed, feedback="look", wrong_tests=WRONG, fault="" if passed else fault)  # type: ignore[arg-type]


@pytest.mark.parametrize(("fault", "tries"), [("tests", 0), ("both", 1)])
def test_tests_that_are_wrong_are_mended_before_the_work_is_tried_again(fault: str, tries: int):
    driver = planned_run(planned("a"))
    submit(driver, "T3")
    driver.must(c.FailAttempt(T3, 1, "tests_red", "red check", verdict=judged(fault)))
    assert (driver.task("T3").state, driver.task("T3").depends_on, driver.task("T3").tries) == (
        "planned",
        ("T4",),
        tries,
    )
    assert driver.task("T4").role == "test_architect"
    assert "the law says 3" in driver.task("T4").description
    approve(driver, "T4")
    land(driver, "T3")
    assert driver.task("T4").state == "complete"
    laws.check(driver.board)


def test_tests_are_mended_once_for_a_task():
    driver = planned_run(planned("a"))
    submit(driver, "T3")
    driver.must(c.FailAttempt(T3, 1, "tests_red", "red check", verdict=judged("tests")))
    approve(driver, "T4")
    submit(driver, "T3")
    driver.must(c.FailAttempt(T3, 2, "tests_red", "red check", verdict=judged("tests")))
    assert driver.states() == driver.states() | {"T3": "ready"}
    assert "T5" not in driver.states()


def test_a_pass_that_flags_a_test_opens_a_task_for_it():
    driver = planned_run(planned("a"))
    submit(driver, "T3")
    driver.must(c.ApproveWork(T3, 1, judged("", passed=True)), "strategist")
    assert (driver.task("T4").role, driver.task("T4").depends_on) == ("tester", ("T3",))
    attempt = driver.task("T3").attempt
    assert attempt is not None
    assert attempt.verdict is not None
    assert attempt.verdict.word == "passed with notes"


def test_a_test_that_is_flagged_again_after_a_conflict_opens_no_second_task():
    driver = planned_run(planned("a"))
    for attempt in (1, 2):
        submit(driver, "T3")
        driver.must(c.ApproveWork(T3, attempt, judged("", passed=True)), "strategist")
        fail(driver, "T3", "conflict", "money.py")
    assert list(driver.states()) == ["T1", "T2", "T3", "T4"]


ACCEPTED = RunConfig(model="m", acceptance=True)


def landed(config: RunConfig = ACCEPTED) -> CoreDriver:
    driver = planned_run(planned("a"), config=config)
    land(driver, "T3")
    finish(driver)
    return driver


def test_a_run_completes_when_the_whole_was_judged():
    driver = landed()
    assert driver.task("T4").role == "strategist"
    assert driver.task("T4").criteria[0].text == "Cents are rounded half up"
    driver.must(c.AcceptVerdict(TaskId("T4"), begin(driver, "T4"), Verdict(passed=True)), "strategist")
    finish(driver)
    assert driver.run().state == "completed"


def test_a_no_on_the_whole_asks_a_person_who_may_accept_it_as_it_is():
    driver = landed()
    driver.must(
        c.AcceptVerdict(TaskId("T4"), begin(driver, "T4"), Verdict(passed=False, feedback="dates")), "strategist"
    )
    assert driver.decision("D1").evidence == "dates"
    driver.must(answer(driver, "D1", "approve"), ALICE)
    finish(driver)
    assert driver.run().state == "completed"


def test_a_run_that_was_planned_on_is_judged_again():
    driver = landed()
    driver.must(
        c.AcceptVerdict(TaskId("T4"), begin(driver, "T4"), Verdict(passed=False, feedback="dates")), "strategist"
    )
    driver.must(answer(driver, "D1", "replan", "the dates"), ALICE)
    assert "dates" in driver.task("T5").description
    plan(driver, "T5", [planned("dates")])
    land(driver, "T6")
    finish(driver)
    assert (driver.run().state, driver.task("T7").role) == ("running", "strategist")


def test_a_run_that_is_finished_cheaply_is_not_judged_against_all_that_was_promised():
    config = msgspec.structs.replace(ACCEPTED, budget_usd=1.0)
    driver = planned_run(planned("a"), planned("b"), config=config)
    begin(driver, "T3")
    driver.must(c.AskAboutBudget(driver.run().id, "1 of 1 USD", with_thrift=True))
    driver.must(answer(driver, "D1", "finish_cheaply"), ALICE)
    driver.must(c.SubmitWork(T3, 1, oid("T3/a1"), "done"), "coder")
    driver.must(c.ApproveWork(T3, 1, None), "strategist")
    proof = receipt(driver, "T3")
    driver.must(c.PrepareLanding(T3, 1, proof))
    driver.must(c.RecordLanding(T3, 1, proof))
    finish(driver)
    assert driver.run().state == "completed"


def test_a_red_gate_is_asked_about_before_anything_is_judged():
    driver = planned_run(planned("a"), config=ACCEPTED)
    land(driver, "T3")
    finish(driver, RED)
    assert driver.decision("D1").kind == "run_red"
    assert "T4" not in driver.states()
