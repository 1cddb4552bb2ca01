"""Tests that come first: shown red, handed over, landed with the code, and given up with it."""

import msgspec

from engine.core import commands as c
from engine.core.entities import Criterion, GateProof
from engine.core.ids import TaskId
from engine.core.plan import PlannedTask, handed, held_to
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    CHECK,
    answer,
    approve,
    begin,
    fail_until_asked,
    finish,
    land,
    planned,
    planned_run,
    receipt,
)

T3, T4, T5 = TaskId("T3"), TaskId("T4"), TaskId("T5")


def first(key: str = "show") -> PlannedTask:
    return planned(key, role="test_architect", title=f"Test {key}", criteria=(Criterion("it rounds", "pytest t.py"),))


def red(*more: PlannedTask) -> CoreDriver:
    """T3's tests are shown red, and T4 may take them over."""
    driver = planned_run(first(), planned("round", "show"), *more)
    approve(driver, "T3")
    return driver


def test_the_coder_begins_when_the_tests_are_shown_red_and_gets_their_checks():
    driver = red()
    assert (driver.task("T3").state, driver.task("T4").state) == ("approved", "ready")
    assert "pytest t.py" in [criterion.check for criterion in driver.task("T4").criteria]


def test_both_land_together_with_one_receipt():
    driver = red(planned("after", "round"))
    land(driver, "T4")
    assert driver.states()["T3"] == driver.states()["T4"] == "complete"
    assert driver.task("T3").receipt == driver.task("T4").receipt
    assert driver.task("T3").carried_by == "T4"
    assert driver.run().landed == 2
    land(driver, "T5")
    finish(driver)
    assert driver.run().state == "completed"


def test_tests_shown_red_never_land_alone():
    driver = red()
    assert "never alone" in driver.refusal(c.PrepareLanding(T3, 1, receipt(driver, "T3")))


def test_handed_tests_are_not_pulled_from_under_the_coder():
    driver = red()
    begin(driver, "T4")
    orders: list[c.Command] = [
        c.InterruptTask(T3),
        c.AbandonTask(T3, dependents="drop"),
        c.RetryTask(T3, ALICE, "now"),
        c.FailAttempt(T3, 1, "lost", "gone"),
    ]
    assert all("handed over" in driver.refusal(order) for order in orders)
    laws.check(driver.board)


def test_they_are_given_up_when_nobody_writes_their_code():
    driver = red(planned("other"))
    driver.must(c.AbandonTask(T4), ALICE)
    assert driver.task("T3").state == "abandoned"
    assert "nobody writes the code" in driver.task("T3").reason


def test_a_run_whose_coder_asks_waits_for_a_person_in_spite_of_red_tests():
    driver = red()
    asked = fail_until_asked(driver, "T4")
    assert driver.run().state == "waiting_human"
    driver.must(answer(driver, asked, "abandon"), ALICE)
    assert driver.run().state == "failed"


def test_a_plan_needs_a_coder_for_each_test_that_comes_first():
    driver = planned_run(planned("x"))
    begin(driver, "T3")
    driver.must(c.ReplanRun(driver.run().id), ALICE)
    begin(driver, "T4")
    assert "they would stay red" in driver.refusal(c.AcceptPlan(T4, 1, (first(),)))


def test_a_coder_that_was_linked_later_lands_only_with_the_checks_of_the_tests_it_takes_over():
    driver = red(planned("later"))
    driver.must(c.ChangeDependencies(T5, add=(T3,)), ALICE)
    attempt = approve(driver, "T5")
    whole = receipt(driver, "T5")
    own = msgspec.structs.replace(whole, checks=(GateProof("check", CHECK.check, 0),))
    assert "no word on pytest t.py" in driver.refusal(c.PrepareLanding(T5, attempt, own))
    assert "no word on pytest t.py" in driver.refusal(c.RecordLanding(T5, attempt, own))
    assert driver.task("T3").state == "approved"
    driver.must(c.PrepareLanding(T5, attempt, whole))
    driver.must(c.RecordLanding(T5, attempt, whole))
    assert driver.task("T3").carried_by == T5
    laws.check(driver.board)


def test_a_check_that_two_tests_share_is_one_criterion_of_their_code():
    driver = red(first("more"), planned("both", "show", "more"))
    assert [criterion.check for criterion in driver.task("T6").criteria] == [CHECK.check, "pytest t.py"]


def test_tests_that_build_on_tests_are_held_to_their_own_checks_alone():
    driver = red()
    later = msgspec.structs.replace(driver.task("T3"), depends_on=(T3,), criteria=(CHECK,))
    assert held_to(later, handed(driver.board, later)) == (CHECK,)
