"""What an order of a person's amounts to, by who they are, what takes two, and what is asked."""

import pytest

from bot.consent import Consent, NotTheirs
from bot.people import People, PeopleRules, TwoPeople
from bot.port import Actor
from engine.core import commands as c
from engine.core.entities import RunConfig
from engine.core.ids import RunId, TaskId
from tests.bot.story import middle
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import approve, planned, planned_run, start_run, submit

R1 = RunId("R1")
APPROVER, OPERATOR, STARTER = "web:bob", "web:carl", "slack:T1:U7"
AT = "2026-01-01T08:00:00Z"


def consent(driver: CoreDriver, who: str = APPROVER, *two: TwoPeople) -> Consent:
    rules = PeopleRules(
        operators=(OPERATOR, STARTER), approvers=(APPROVER,), links={"web:bobby": APPROVER}, two_people=two
    )
    return Consent(People(rules), driver.board, Actor(who, who), AT, "web")


def over_budget() -> CoreDriver:
    driver = planned_run(planned("a"), config=RunConfig(model="m", budget_usd=2.0))
    driver.must(c.AskAboutBudget(R1, "2 of 2 USD"))
    return driver


def answered(order: object) -> tuple[str, str, str, bool]:
    assert isinstance(order, c.AnswerDecision)
    return order.decision, order.choice, order.by, order.needs_second


def refused(order: object) -> str:
    assert isinstance(order, c.Refused)
    return order.reason


def test_an_answer_is_for_approvers_and_for_who_started_the_run():
    driver = middle(CoreDriver())
    decision = driver.decision("D1")
    told = consent(driver, OPERATOR).answer(decision, "retry")
    assert isinstance(told, NotTheirs)
    assert (
        told.reason == "it takes an approver to answer D1, and you (web:carl) are an operator; an admin can change that"
    )
    assert answered(consent(driver, STARTER).answer(decision, "retry")) == ("D1", "retry", STARTER, False)
    assert answered(consent(driver, "web:bobby", "retry").answer(decision, "retry")) == ("D1", "retry", APPROVER, True)


def test_giving_a_task_up_is_the_answer_to_its_question_where_it_takes_two():
    driver = middle(CoreDriver())
    asks, waits = driver.task("T8"), driver.task("T9")
    assert consent(driver).abandon(asks, "no use", "drop") == c.AbandonTask(TaskId("T8"), "no use", "drop")
    order = consent(driver, APPROVER, "abandon").abandon(asks, "no use", "drop")
    assert answered(order) == ("D1", "abandon", APPROVER, True)
    assert isinstance(order, c.AnswerDecision)
    assert order.dependents == "drop"
    assert refused(consent(driver, APPROVER, "abandon").abandon(waits, "", None)) == (
        "`abandon` takes two people here: `interrupt T9` asks about it, and both answer the question"
    )
    assert isinstance(consent(driver, OPERATOR, "abandon").abandon(asks, "", None), NotTheirs)


@pytest.mark.parametrize(("words", "choice"), [("", "retry"), ("half up", "retry_with_changes")])
def test_a_retry_is_the_answer_to_the_question_or_an_order_that_one_may_give(words: str, choice: TwoPeople):
    driver = middle(CoreDriver())
    asks, works = driver.task("T8"), driver.task("T5")
    assert answered(consent(driver).retry(asks, words)) == ("D1", choice, APPROVER, False)
    assert answered(consent(driver, APPROVER, choice).retry(asks, words)) == ("D1", choice, APPROVER, True)
    assert consent(driver).retry(works, words) == c.RetryTask(TaskId("T5"), APPROVER, AT, words)
    assert "`interrupt T5` asks about it" in refused(consent(driver, APPROVER, choice).retry(works, words))


def test_a_question_that_offers_no_words_is_passed_over_by_a_retry_with_words():
    driver = planned_run(planned("a"))
    approve(driver, "T3")
    driver.must(c.AskAboutCheckout(TaskId("T3"), 1, "money.py"))
    task = driver.task("T3")
    assert consent(driver).retry(task, "by hand") == c.RetryTask(TaskId("T3"), APPROVER, AT, "by hand")
    assert isinstance(consent(driver, APPROVER, "retry_with_changes").retry(task, "by hand"), c.AnswerDecision)


def test_a_higher_cap_answers_the_question_about_it_and_takes_two_where_that_is_the_rule():
    driver = over_budget()
    order = consent(driver).raise_budget(R1, 9.0, None)
    assert answered(order) == ("D1", "raise_budget", APPROVER, False)
    assert isinstance(order, c.AnswerDecision)
    driver.must(order, APPROVER)
    assert driver.board.open_decisions == {}
    assert consent(driver).raise_budget(R1, 12.0, None) == c.RaiseBudget(R1, 12.0, None)
    assert "both answer the question about it" in refused(
        consent(driver, APPROVER, "raise_budget").raise_budget(R1, 12, None)
    )
    assert isinstance(consent(driver, OPERATOR).raise_budget(R1, 12.0, None), NotTheirs)


def test_a_new_plan_answers_the_question_that_offers_one():
    driver = CoreDriver()
    start_run(driver, config=RunConfig(model="m", plan_first=True))
    assert isinstance(consent(driver, OPERATOR).replan(R1, ""), c.ReplanRun)
    assert "takes two people" in refused(consent(driver, APPROVER, "replan").replan(R1, ""))
    driver = planned_run(planned("a"), config=RunConfig(model="m", plan_first=True))
    assert answered(consent(driver, APPROVER, "replan").replan(R1, "less")) == ("D1", "replan", APPROVER, True)
    assert isinstance(consent(driver, OPERATOR).replan(R1, ""), NotTheirs)


def test_a_restart_spares_what_is_asked_unless_the_speaker_may_answer():
    driver = middle(CoreDriver())
    assert consent(driver, OPERATOR).restart(R1) == c.RestartRun(R1, OPERATOR, AT, spares_asked=True)
    assert consent(driver, STARTER).restart(R1) == c.RestartRun(R1, STARTER, AT)
    assert "task by task" in refused(consent(driver, APPROVER, "retry").restart(R1))


def test_a_run_is_cancelled_at_once_or_proposed_to_be():
    driver = planned_run(planned("a"))
    submit(driver, "T3")
    assert consent(driver).cancel(R1, "no use") == c.CancelRun(R1, "no use", needs_second=False, by=APPROVER, at=AT)
    assert consent(driver, "web:bobby", "cancel").cancel(R1, "").by == APPROVER
    assert consent(driver, APPROVER, "cancel").cancel(R1, "").needs_second
