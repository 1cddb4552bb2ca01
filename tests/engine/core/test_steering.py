"""Orders beyond the first steps: retry, restart, replan, one more task, a higher cap, and what takes two people."""

import msgspec
import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import RunConfig
from engine.core.ids import DecisionId, RunId, TaskId
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    BOB,
    CHECK,
    approve,
    begin,
    fail_until_asked,
    land,
    planned,
    planned_run,
    start_run,
    submit,
)  # fmt: skip

R1, T3 = RunId("R1"), TaskId("T3")
AT = "2026-01-01T08:00:00Z"


def retry(guidance: str = "") -> c.RetryTask:
    return c.RetryTask(T3, ALICE, AT, guidance)


@pytest.mark.parametrize("step", [begin, submit, approve])
def test_work_under_way_is_cut_off_and_tried_again_with_the_words(step):
    driver = planned_run(planned("a"))
    step(driver, "T3")
    done = driver.must(retry("use the table"), ALICE)
    assert [type(record.event) for record in done][:3] == [e.HumanAsked, e.DecisionAnswered, e.HumanRetried]
    task = driver.task("T3")
    assert (task.state, task.guidance, task.attempts[-1].failure) == ("ready", ("use the table",), "interrupted")
    laws.check(driver.board)


def test_a_waiting_task_is_answered():
    driver = planned_run(planned("a"))
    name = fail_until_asked(driver, "T3")
    driver.must(retry(), ALICE)
    assert driver.decision(name).answer is not None
    assert (driver.task("T3").state, driver.task("T3").tries) == ("ready", 0)


def test_what_was_never_tried_can_not_be_tried_again():
    driver = planned_run(planned("a"), planned("b", "a"))
    assert driver.refusal(retry()) == "T3 is ready and was not tried yet, so it can't be tried again"
    assert driver.refusal(c.RetryTask(TaskId("T4"), ALICE, AT)).startswith("T4 is planned")


def test_a_landed_task_is_not_tried_again():
    driver = planned_run(planned("a"))
    land(driver, "T3")
    assert driver.refusal(retry()) == "T3 is complete; it can't be changed any more"


def test_a_restart_begins_again_what_is_held_up_and_keeps_what_is_done():
    driver = planned_run(*(planned(name) for name in "abcd"))
    land(driver, "T3")
    submit(driver, "T4")
    begin(driver, "T5")
    name = fail_until_asked(driver, "T6")
    driver.must(c.RestartRun(R1, ALICE, AT), ALICE)
    assert driver.states() == {
        "T1": "complete", "T2": "complete", "T3": "complete", "T4": "awaiting_qa", "T5": "ready", "T6": "ready",
    }  # fmt: skip
    assert driver.decision(name).answer is not None
    laws.check(driver.board)


def test_a_restart_can_leave_open_questions_as_they_are():
    driver = planned_run(planned("a"), planned("b"))
    begin(driver, "T3")
    name = fail_until_asked(driver, "T4")
    driver.must(c.RestartRun(R1, ALICE, AT, spares_asked=True), ALICE)
    assert (driver.task("T3").state, driver.task("T4").state) == ("ready", "waiting_human")
    assert driver.decision(name).is_open
    driver.must(c.AbandonTask(T3), ALICE)
    assert driver.refusal(c.RestartRun(R1, ALICE, AT, spares_asked=True)) == (
        f"{name} must be answered first; nothing else of R1 is held up"
    )


def test_a_restart_of_nothing_is_refused():
    driver = planned_run(planned("a"))
    assert driver.refusal(c.RestartRun(R1, ALICE, AT)) == (
        "nothing of R1 is under way or held up, so there is nothing to begin again"
    )


def test_a_replan_gives_up_what_is_not_under_way_and_asks_a_planner():
    driver = planned_run(planned("a"), planned("b", "a"), planned("c"))
    begin(driver, "T3")
    fail_until_asked(driver, "T5")
    driver.must(c.ReplanRun(R1, "only the cents"), BOB)
    assert {name: driver.states()[name] for name in ("T3", "T4", "T5", "T6")} == {
        "T3": "active", "T4": "abandoned", "T5": "abandoned", "T6": "ready",
    }  # fmt: skip
    planner = driver.task("T6")
    assert planner.role == "planner"
    assert "only the cents" in planner.description
    assert "T4: Build b" in planner.description
    laws.check(driver.board)


def test_a_run_without_a_plan_is_not_planned_anew():
    driver = CoreDriver()
    start_run(driver)
    assert driver.refusal(c.ReplanRun(R1)).startswith("R1 has no plan yet")


def test_one_more_task_joins_the_plan():
    driver = planned_run(planned("a"))
    order = c.AddTask(R1, "Write it down\nIn the README.", criteria=(CHECK,), depends_on=(T3,))
    driver.must(order, ALICE)
    task = driver.task("T4")
    assert (task.title, task.state, task.depends_on) == ("Write it down", "planned", ("T3",))
    assert "has the title of T4" in driver.refusal(order)


def test_one_more_task_needs_a_check_and_known_dependencies():
    driver = planned_run(planned("a"))
    assert "has no check" in driver.refusal(c.AddTask(R1, "Write it down"))
    assert "has no title" in driver.refusal(c.AddTask(R1, " ", criteria=(CHECK,)))
    unknown = c.AddTask(R1, "Write it down", criteria=(CHECK,), depends_on=(TaskId("T9"),))
    assert "'T9', which is no key" in driver.refusal(unknown)


def test_titles_that_are_cut_alike_are_the_same_title():
    driver = planned_run(planned("a"))
    order = c.AddTask(R1, "long " * 30, criteria=(CHECK,))
    driver.must(order, ALICE)
    assert "has the title of T4" in driver.refusal(order)


@pytest.mark.parametrize("max_retries", [0, 2])
def test_one_more_task_may_have_retries_of_its_own(max_retries: int):
    driver = planned_run(planned("a"))
    driver.must(c.AddTask(R1, "Write it down", criteria=(CHECK,), max_retries=max_retries), ALICE)
    fail_until_asked(driver, "T4")
    assert len(driver.task("T4").attempts) == max_retries + 1
    fail_until_asked(driver, "T3")
    assert len(driver.task("T3").attempts) == 5
    for number in (-1, 51):
        order = c.AddTask(R1, "Another", criteria=(CHECK,), max_retries=number)
        assert driver.refusal(order) == f"a task may have 0 to 50 retries, found {number}"


def test_a_cap_is_raised_before_it_is_reached():
    driver = planned_run(planned("a"), config=RunConfig(model="m", budget_usd=2.0))
    assert driver.refusal(c.RaiseBudget(R1, budget_usd=2.0)) == "the cap is 2 USD now; name a higher one"
    driver.must(c.RaiseBudget(R1, budget_usd=3.0), ALICE)
    assert driver.run().config.budget_usd == 3.0


def raised(by: str, usd: float = 9.0) -> c.AnswerDecision:
    return c.AnswerDecision(DecisionId("D1"), "raise_budget", by, AT, budget_usd=usd, needs_second=True)


def over_budget() -> CoreDriver:
    driver = planned_run(planned("a"), config=RunConfig(model="m", budget_usd=2.0))
    driver.must(c.AskAboutBudget(R1, "2 of 2 USD"))
    return driver


def test_two_people_raise_a_cap():
    driver = over_budget()
    driver.must(raised(ALICE), ALICE)
    assert driver.run().config.budget_usd == 2.0
    assert driver.refusal(raised(ALICE)) == f"{ALICE} has said so already; it takes a second person to agree"
    driver.must(raised(BOB), BOB)
    assert driver.run().config.budget_usd == 9.0
    answer = driver.decision("D1").answer
    assert answer is not None
    assert (answer.by, answer.second) == (ALICE, BOB)


def test_another_amount_is_another_voice():
    driver = over_budget()
    driver.must(raised(ALICE), ALICE)
    driver.must(raised(BOB, 20.0), BOB)
    assert driver.run().config.budget_usd == 2.0
    driver.must(raised(ALICE, 20.0), ALICE)
    assert driver.run().config.budget_usd == 20.0


def test_a_first_voice_that_could_not_be_carried_out_is_refused():
    assert "name a higher one" in over_budget().refusal(raised(ALICE, 1.0))


def test_two_people_cancel_a_run():
    driver = planned_run(planned("a"))
    cancel = c.CancelRun(R1, "we buy it", needs_second=True, by=ALICE, at=AT)
    driver.must(cancel, ALICE)
    assert driver.run().state == "waiting_human"
    assert driver.decision("D1").question == (
        f"{ALICE} wants to cancel R1: we buy it. It takes a second person to agree"
    )
    assert driver.refusal(cancel).startswith("D1 asks already")
    agree = c.AnswerDecision(DecisionId("D1"), "stop", ALICE, AT, needs_second=True)
    assert "has said so already" in driver.refusal(agree)
    assert "has said so already" in driver.refusal(msgspec.structs.replace(agree, needs_second=False))
    driver.must(msgspec.structs.replace(agree, by=BOB), BOB)
    assert (driver.run().state, driver.run().reason) == ("cancelled", f"{ALICE} and {BOB} agreed")


def test_one_person_keeps_a_run():
    driver = planned_run(planned("a"))
    driver.must(c.CancelRun(R1, needs_second=True, by=ALICE, at=AT), ALICE)
    driver.must(c.AnswerDecision(DecisionId("D1"), "keep", BOB, AT), BOB)
    assert driver.run().state == "running"
