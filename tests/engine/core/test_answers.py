"""Answers to questions: each does exactly what it says, once, and only to what it was asked about."""

import math

import msgspec
import pytest

from engine.core import commands as c
from engine.core.entities import Choice, Criterion, RoleName, RunConfig
from engine.core.ids import RunId, TaskId
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    BOB,
    RED,
    answer,
    approve,
    begin,
    fail,
    fail_until_asked,
    finish,
    land,
    plan,
    planned,
    planned_run,
    receipt,
)  # fmt: skip

R1 = RunId("R1")
CAPPED = RunConfig(model="m", budget_usd=2.0, budget_tokens=1_000)


def _asked() -> CoreDriver:
    """T3 waits for a person, T4 waits for T3, T5 is being worked on."""
    driver = planned_run(planned("a"), planned("b", "a"), planned("c"))
    begin(driver, "T5")
    fail_until_asked(driver, "T3")
    return driver


def test_retry_sends_the_task_back_to_work_and_touches_no_other():
    driver = _asked()
    others = driver.task("T4"), driver.task("T5")
    driver.must(answer(driver, "D1", "retry"), ALICE)
    task = driver.task("T3")
    assert (task.state, task.tries, task.guidance, task.decision) == ("ready", 0, (), None)
    assert (driver.task("T4"), driver.task("T5")) == others


def test_retry_with_changes_keeps_every_guidance_in_order():
    driver = _asked()
    driver.must(answer(driver, "D1", "retry_with_changes", " use Decimal\n"), ALICE)
    fail_until_asked(driver, "T3")
    driver.must(answer(driver, "D2", "retry_with_changes", "round half up"), ALICE)
    assert driver.task("T3").guidance == ("use Decimal", "round half up")
    given = driver.decision("D1").answer
    assert given is not None
    assert (given.choice, given.by, given.changes) == ("retry_with_changes", ALICE, " use Decimal\n")


def test_answers_that_need_a_text_are_refused_without_one():
    driver = _asked()
    assert driver.refusal(answer(driver, "D1", "retry_with_changes", " ")) == (
        "say what to change: retry with changes needs a text"
    )
    assert driver.refusal(answer(driver, "D1", "spawn")) == "describe the new task: its first line becomes the title"
    assert driver.decision("D1").is_open


def test_the_second_answer_is_told_who_decided_what():
    driver = _asked()
    late = msgspec.structs.replace(answer(driver, "D1", "abandon", dependents="cascade"), by=BOB)
    driver.must(answer(driver, "D1", "retry"), ALICE)
    assert driver.refusal(late, BOB) == f"D1 is decided: retry, by {ALICE} at 2026-01-01T08:00:00Z"
    assert driver.states()["T3"] == "ready"


def test_of_fifty_answers_exactly_one_has_an_effect():
    driver = _asked()
    orders = [answer(driver, "D1", "retry_with_changes", f"idea {i}") for i in range(50)]
    carried_out = [order for order in orders if not isinstance(driver.do(order, ALICE), c.Refused)]
    assert carried_out == orders[:1]
    assert driver.task("T3").guidance == ("idea 0",)


def test_an_answer_to_an_older_question_is_refused():
    driver = _asked()
    stale = msgspec.structs.replace(answer(driver, "D1", "retry"), generation=1)
    assert driver.refusal(stale) == "D1 was asked anew; look at it again"
    driver.must(msgspec.structs.replace(stale, generation=None))


def test_an_answer_to_a_withdrawn_question_is_refused():
    driver = _asked()
    late = answer(driver, "D1", "retry")
    driver.must(c.AbandonTask(TaskId("T3"), dependents="drop"), BOB)
    assert driver.refusal(late) == "D1 was withdrawn: the task is abandoned"


@pytest.mark.parametrize("choice", ["raise_budget", "land_now", "replan", "stop"])
def test_a_question_about_a_task_takes_no_other_answer(choice: Choice):
    driver = _asked()
    assert driver.refusal(answer(driver, "D1", choice)) == (
        f"D1 can't be answered by {choice.replace('_', ' ')}; possible: retry, retry with changes, abandon, spawn"
    )


def test_abandoning_by_answer_also_asks_about_the_dependents():
    driver = _asked()
    assert driver.refusal(answer(driver, "D1", "abandon")).startswith("these tasks wait for T3: T4.")
    driver.must(answer(driver, "D1", "abandon", dependents="cascade"), ALICE)
    assert (driver.states()["T3"], driver.states()["T4"], driver.states()["T5"]) == ("abandoned", "abandoned", "active")
    given = driver.decision("D1").answer
    assert given is not None
    assert given.dependents == "cascade"
    assert driver.task("T3").reason == f"{ALICE} gave it up"


def test_spawn_puts_a_new_task_in_the_old_ones_place():
    driver = planned_run(planned("base"), planned("a", "base"), planned("b", "a", "base"), planned("c", "a"))
    land(driver, "T3")
    fail_until_asked(driver, "T4")
    driver.must(answer(driver, "D1", "spawn", "Use a table\nLook the cents up."), ALICE)
    new, old = driver.task("T7"), driver.task("T4")
    assert (new.title, new.description, new.state) == ("Use a table", "Use a table\nLook the cents up.", "ready")
    assert (new.role, new.criteria, new.depends_on, new.planned_by) == ("coder", old.criteria, ("T3",), "T4")
    assert (old.state, old.reason) == ("abandoned", "T7 replaces it")
    assert driver.task("T5").depends_on == ("T7", "T3")
    assert driver.task("T6").depends_on == ("T7",)
    land(driver, "T7")
    assert driver.states()["T5"] == driver.states()["T6"] == "ready"


def test_a_spawned_task_may_have_criteria_of_its_own():
    driver = _asked()
    criteria = (Criterion("it runs", "true"),)
    driver.must(msgspec.structs.replace(answer(driver, "D1", "spawn", "Other"), criteria=criteria))
    assert driver.task("T6").criteria == criteria


def test_a_spawned_task_is_held_to_what_a_plan_is_held_to():
    driver = _asked()
    no_check = msgspec.structs.replace(answer(driver, "D1", "spawn", "Other"), criteria=(Criterion("it is nice"),))
    assert "has no check" in driver.refusal(no_check)
    assert "has the title of T4" in driver.refusal(answer(driver, "D1", "spawn", driver.task("T4").title))
    driver.must(answer(driver, "D1", "spawn", driver.task("T3").title), ALICE)


@pytest.mark.parametrize("role", ["director", "test_architect"])
def test_a_task_of_any_role_can_be_replaced(role: RoleName):
    driver = _asked()
    driver.board.put_task(msgspec.structs.replace(driver.task("T3"), role=role))
    driver.must(answer(driver, "D1", "spawn", "Other"), ALICE)
    assert driver.task("T6").role == role


def test_a_checkout_in_the_way_is_a_question_and_land_now_goes_on():
    driver = planned_run(planned("a"))
    attempt = approve(driver, "T3")
    driver.must(c.PrepareLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    driver.must(c.AskAboutCheckout(TaskId("T3"), attempt, "money.py"))
    assert driver.task("T3").receipt is None
    assert driver.decision("D1").options == ("land_now", "retry", "abandon")
    assert driver.run().state == "waiting_human"
    driver.must(answer(driver, "D1", "land_now"), ALICE)
    assert driver.task("T3").state == "approved"
    assert not driver.task("T3").attempts[-1].failure
    driver.must(c.RecordLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    assert driver.task("T3").state == "complete"


def test_land_now_is_refused_when_the_task_waits_for_others_by_now():
    driver = planned_run(planned("a"), planned("b"))
    attempt = approve(driver, "T3")
    driver.must(c.AskAboutCheckout(TaskId("T3"), attempt, "money.py"))
    driver.must(c.ChangeDependencies(TaskId("T3"), add=(TaskId("T4"),)))
    assert driver.refusal(answer(driver, "D1", "land_now")) == (
        "T3 now waits for other tasks; retry it, and it lands after them"
    )


def _broke() -> CoreDriver:
    driver = planned_run(planned("a"), planned("b"), config=CAPPED)
    begin(driver, "T3")
    driver.must(c.AskAboutBudget(R1, "2.00 of 2 USD"))
    return driver


def test_at_the_cap_the_run_waits_once_its_work_has_ended():
    driver = _broke()
    assert driver.run().state == "running"
    assert driver.refusal(c.StartAttempt(TaskId("T4"), "base")) == "R1 waits for a person: answer D1"
    fail(driver, "T3", "budget", "no money left")
    assert driver.run().state == "waiting_human"
    assert driver.refusal(c.AskAboutBudget(R1, "again")) == "R1 waits for an answer about its budget already"


def test_raising_the_budget_lets_it_go_on():
    driver = _broke()
    fail(driver, "T3", "budget", "no money left")
    driver.must(msgspec.structs.replace(answer(driver, "D1", "raise_budget"), budget_usd=5.0), ALICE)
    assert (driver.run().config.budget_usd, driver.run().config.budget_tokens) == (5.0, 1_000)
    assert driver.run().state == "running"
    begin(driver, "T4")


def test_a_raise_has_to_raise():
    driver = _broke()
    order = answer(driver, "D1", "raise_budget")
    assert driver.refusal(order) == "say how much: a new cap in USD or in tokens"
    for usd in (2.0, 1.5, -1.0, math.nan, math.inf):
        found = driver.refusal(msgspec.structs.replace(order, budget_usd=usd))
        assert found == "the cap is 2 USD now; name a higher one"
    assert driver.refusal(msgspec.structs.replace(order, budget_tokens=1_000)) == (
        "the cap is 1000 tokens now; name a higher one"
    )
    assert driver.refusal(answer(driver, "D1", "retry")).startswith("D1 can't be answered by retry; possible: raise")


def test_stopping_at_the_cap_ends_the_run_and_every_question():
    driver = _broke()
    driver.must(c.InterruptTask(TaskId("T4")), ALICE)
    driver.must(answer(driver, "D1", "stop"), ALICE)
    assert driver.run().state == "failed"
    assert driver.run().reason.startswith(f"{ALICE} stopped it: R1 has reached its budget")
    assert driver.states()["T3"] == driver.states()["T4"] == "abandoned"
    assert not driver.board.open_decisions


def _red() -> CoreDriver:
    driver = planned_run(planned("a"))
    land(driver, "T3")
    finish(driver, RED)
    return driver


def test_a_red_gate_at_the_end_is_a_question_not_an_end():
    driver = _red()
    assert driver.run().state == "waiting_human"
    assert driver.decision("D1").question == "All tasks of R1 are over, but tests is red on main. Plan more work?"
    assert driver.refusal(c.FinishRun(R1, "tip", (RED,))).startswith("R1 is not at its end")


def test_planning_the_repair_goes_on_with_a_planner():
    driver = _red()
    driver.must(answer(driver, "D1", "replan", "look at the dates"), ALICE)
    planner = driver.task("T4")
    assert (planner.role, planner.state, planner.title) == ("planner", "ready", "Plan the repair of main")
    assert "one test is red" in planner.description
    assert "look at the dates" in planner.description
    assert driver.run().state == "planning"
    plan(driver, "T4", [planned("dates")])
    land(driver, "T5")
    finish(driver)
    assert driver.run().state == "completed"


def test_stopping_on_red_withdraws_a_question_about_money():
    driver = _red()
    driver.must(c.AskAboutBudget(R1, "2 of 2 USD"))
    driver.must(answer(driver, "D1", "stop"), ALICE)
    assert driver.run().state == "failed"
    assert driver.decision("D2").withdrawn == "the run was stopped"
    assert driver.refusal(answer(driver, "D2", "stop")) == "D2 was withdrawn: the run was stopped"
