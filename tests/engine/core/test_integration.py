"""Several plans become one: what is linked, left out, put on a foundation, and shown before it begins."""

import msgspec
import pytest

from engine.core import commands as c
from engine.core.entities import RunConfig, Spec
from engine.core.ids import TaskId
from engine.core.plan import PlannedTask
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    answer,
    begin,
    domain,
    finish,
    join,
    land,
    plan,
    planned,
    start_run,
)

CONFIG = RunConfig(model="m", joins_plans=True)


def T(number: int) -> TaskId:  # noqa: N802 - reads as the name it makes
    return TaskId(f"T{number}")


def directed(*domains: PlannedTask, config: RunConfig = CONFIG) -> CoreDriver:
    """T1 directed; T2 and on plan, the task after them puts their plans together."""
    driver = CoreDriver()
    start_run(driver, config=config)
    driver.must(c.AcceptSpec(TaskId("T1"), begin(driver, "T1"), Spec("s"), domains, "{}"), "director")
    return driver


def two_plans() -> CoreDriver:
    """T5 a, T6 b after a (of T2); T7 c, T8 d (of T3); T4 is to put them together."""
    driver = directed(domain("left"), domain("right"))
    plan(driver, "T2", [planned("a"), planned("b", "a")])
    plan(driver, "T3", [planned("c"), planned("d")])
    return driver


def test_nothing_of_several_plans_begins_before_they_are_one():
    driver = two_plans()
    assert {driver.task(name).state for name in ("T5", "T6", "T7", "T8")} == {"planned"}
    assert driver.task("T4").state == "ready"
    join(driver, "T4")
    assert [driver.task(name).state for name in ("T5", "T6", "T7", "T8")] == ["ready", "planned", "ready", "ready"]


def test_one_domain_needs_no_integration():
    driver = directed(domain("all"))
    plan(driver, "T2", [planned("a")])
    assert driver.task("T3").state == "ready"


def test_a_link_makes_a_task_wait_for_another_domains():
    driver = two_plans()
    join(driver, "T4", c.Link(T(7), T(6), "calls b"))
    assert "T6" in driver.task("T7").depends_on
    land(driver, "T5")
    land(driver, "T6")
    assert driver.task("T7").state == "ready"


def test_who_waited_for_a_repetition_waits_for_the_task_that_does_its_work():
    driver = two_plans()
    join(driver, "T4", rejected=(c.Rejection(T(5), "it is c in other words", T(7)),))
    assert (driver.task("T5").state, driver.task("T5").reason) == ("abandoned", "it is c in other words (T7 does it)")
    assert set(driver.task("T6").depends_on) == {"T4", "T7"}
    laws.check(driver.board)


def test_a_rejection_that_is_planned_again_brings_its_reason_to_a_planner():
    driver = two_plans()
    join(driver, "T4", rejected=(c.Rejection(T(8), "it changes the wire format", is_planned_again=True),))
    assert driver.task("T9").role == "planner"
    assert "it changes the wire format" in driver.task("T9").description
    plan(driver, "T9", [planned("d again")])
    assert driver.task("T10").state == "ready"


def test_the_first_tasks_of_other_domains_wait_for_the_last_of_the_foundation():
    driver = directed(msgspec.structs.replace(domain("base"), foundation=True), domain("left"), domain("right"))
    plan(driver, "T2", [planned("a"), planned("b", "a")])
    plan(driver, "T3", [planned("c"), planned("d", "c")])
    plan(driver, "T4", [planned("e")])
    join(driver, "T5")
    assert driver.task("T7").depends_on == ("T6", "T5")
    assert set(driver.task("T8").depends_on) == {"T5", "T7"}
    assert set(driver.task("T9").depends_on) == {"T8", "T5"}
    assert set(driver.task("T10").depends_on) == {"T5", "T7"}


@pytest.mark.parametrize(
    ("links", "rejected", "words"),
    [
        ((c.Link(T(6), T(99)),), (), "T99 is no task of this run"),
        ((c.Link(T(1), T(5)),), (), "T1 is no task of these plans"),
        ((c.Link(T(5), T(6)),), (), "cycle"),
        ((c.Link(T(5), T(2)),), (), "no work to wait for"),
        ((c.Link(T(7), T(5)),), (c.Rejection(T(5), "no"),), "one of them is left out"),
        ((), (c.Rejection(T(5), " "),), "say why"),
        ((), (c.Rejection(T(5), "no", T(1)),), "no task that stays"),
        ((), tuple(c.Rejection(T(n), "no") for n in (5, 6, 7, 8)), "no task is left"),
    ],
)
def test_plans_that_do_not_fit_together_are_refused_with_the_reason(
    links: tuple[c.Link, ...], rejected: tuple[c.Rejection, ...], words: str
):
    driver = two_plans()
    attempt = begin(driver, "T4")
    assert words in driver.refusal(c.AcceptIntegration(T(4), attempt, links, rejected))


def test_an_abandoned_planner_is_left_out_and_the_rest_goes_on():
    driver = directed(domain("left"), domain("right"))
    plan(driver, "T2", [planned("a")])
    driver.must(c.AbandonTask(T(3), "not needed", "drop"), ALICE)
    join(driver, "T4")
    assert driver.task("T5").state == "ready"


def test_with_plan_first_nothing_starts_before_a_person_approves():
    driver = directed(domain("all"), config=RunConfig(model="m", plan_first=True))
    plan(driver, "T2", [planned("a"), planned("b", "a")])
    (asked,) = driver.board.open_decisions.values()
    assert "2 tasks" in asked.question
    assert "T4 (coder, after T3): Build b" in asked.evidence
    assert "waits for a person" in driver.refusal(c.StartAttempt(T(3), "b" * 40))
    driver.must(c.AddTask(driver.run().id, "One more", criteria=planned("x").criteria), ALICE)
    driver.must(answer(driver, "D1", "approve"), ALICE)
    for name in ("T3", "T4", "T5"):
        land(driver, name)
    finish(driver)
    assert driver.run().state == "completed"


def test_another_plan_is_made_with_the_persons_words_and_shown_again():
    driver = directed(domain("all"), config=RunConfig(model="m", plan_first=True))
    plan(driver, "T2", [planned("a")])
    driver.must(answer(driver, "D1", "replan", "smaller steps"), ALICE)
    assert "smaller steps" in driver.task("T4").description
    plan(driver, "T4", [planned("a", title="Another a")])
    assert driver.decision("D2").is_open
    driver.must(answer(driver, "D2", "stop"), ALICE)
    assert driver.run().state == "failed"


def test_what_is_planned_later_in_the_run_is_not_asked_about_again():
    driver = directed(domain("all"), config=RunConfig(model="m", plan_first=True))
    plan(driver, "T2", [planned("a"), planned("b")])
    driver.must(answer(driver, "D1", "approve"), ALICE)
    driver.must(c.ReplanRun(driver.run().id, "less"), ALICE)
    plan(driver, "T5", [planned("c")])
    assert not driver.board.open_decisions
