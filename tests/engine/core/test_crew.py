"""The crew helps itself: what an escalation, a division and a note lead to, and where each of them ends."""

import pytest

from engine.core import commands as c
from engine.core import limits
from engine.core.entities import Escalation
from engine.core.ids import TaskId
from engine.core.relevance import design_for, insights_for
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    answer,
    begin,
    current,
    escalate,
    find,
    land,
    note,
    plan,
    planned,
    planned_run,
)

T3, T4 = TaskId("T3"), TaskId("T4")


def at_work(*more: str) -> CoreDriver:
    """A run whose first coder is at work."""
    driver = planned_run(planned("a"), *(planned(key, "a") for key in more))
    begin(driver, "T3")
    return driver


def test_who_needs_research_waits_for_it_and_goes_on_with_the_answer():
    driver = at_work()
    escalate(driver, "T3", "needs_research", "which rounding?")
    assert (driver.task("T3").state, driver.task("T3").depends_on) == ("planned", ("T4",))
    assert (driver.task("T4").role, driver.task("T4").planned_by) == ("researcher", "T3")
    assert "which rounding?" in driver.task("T4").description
    find(driver, "T4", "half up")
    assert driver.task("T4").result.startswith("half up")
    assert (driver.task("T3").state, driver.task("T3").tries) == ("ready", 0)
    land(driver, "T3")


@pytest.mark.parametrize("kind", ["needs_replanning", "scope_too_large"])
def test_what_is_cut_wrongly_is_planned_anew_and_its_dependents_wait_for_the_new_plan(kind: Escalation):
    driver = at_work("b")
    escalate(driver, "T3", kind, "two things in one")
    assert (driver.task("T3").state, driver.task("T5").role) == ("abandoned", "planner")
    assert driver.task("T4").depends_on == ("T5",)
    plan(driver, "T5", [planned("x"), planned("y", "x")])
    assert driver.task("T4").depends_on == ("T5", "T6", "T7")
    land(driver, "T6")
    land(driver, "T7")
    assert driver.task("T4").state == "ready"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("spec_mismatch", "the specification does not fit"),
        ("needs_clarification", "asks for help"),
        ("blocked_external", "waits for something outside"),
    ],
)
def test_what_only_a_person_can_settle_is_asked(kind: Escalation, words: str):
    driver = at_work()
    escalate(driver, "T3", kind, "no printer module")
    (asked,) = driver.board.open_decisions.values()
    assert words in asked.question
    assert "no printer module" in asked.question
    assert driver.task("T3").state == "waiting_human"


def test_planning_anew_ends_at_a_person():
    driver = at_work()
    name = "T3"
    for _ in range(limits.MAX_REPLANS):
        escalate(driver, name, "needs_replanning")
        planner = f"T{driver.board.counters.task}"
        plan(driver, planner, [planned(f"after {planner}")])
        name = f"T{driver.board.counters.task}"
        begin(driver, name)
    escalate(driver, name, "needs_replanning")
    assert driver.task(name).state == "waiting_human"
    laws.check(driver.board)


def test_a_divided_task_waits_for_its_parts_and_costs_no_retry():
    driver = at_work("b")
    parts = (planned("x"), planned("y", "x", role="tester"))
    driver.must(c.SuspendWork(T3, 1, parts, "half way"), "coder")
    assert (driver.task("T3").state, driver.task("T3").depends_on) == ("planned", ("T5", "T6"))
    assert [driver.task(name).planned_by for name in ("T5", "T6")] == ["T3", "T3"]
    assert driver.task("T3").attempts[0].detail == "half way"
    land(driver, "T5")
    assert driver.task("T3").state == "planned"
    land(driver, "T6")
    assert (driver.task("T3").state, driver.task("T3").tries) == ("ready", 0)


def test_a_part_may_not_wait_for_the_task_that_waits_for_it():
    driver = at_work("b")
    for waited in ("T3", "T4"):
        assert "waits for this plan" in driver.refusal(c.SuspendWork(T3, 1, (planned("x", waited),), "half way"))


def test_a_task_that_only_divides_itself_comes_to_a_person():
    driver = at_work()
    for number in range(limits.MAX_SUSPENSIONS):
        driver.must(c.SuspendWork(T3, current(driver, "T3"), (planned(f"part {number}"),), "more"), "coder")
        land(driver, f"T{4 + number}")
        begin(driver, "T3")
    driver.must(c.SuspendWork(T3, current(driver, "T3"), (planned("yet another"),), "more"), "coder")
    assert driver.task("T3").state == "waiting_human"
    driver.must(answer(driver, "D1", "retry"), ALICE)


def test_a_flood_of_notes_is_refused_and_nothing_is_noted_twice():
    driver = at_work()
    for number in range(limits.MAX_NOTES_PER_ATTEMPT):
        note(driver, "T3", f"trap {number}")
    assert "no more insights" in driver.refusal(c.PostInsight(T3, 1, "one more"))
    driver.must(c.LogDesign(T3, 1, "money", "cents are integers"))
    assert "says so already" in driver.refusal(c.LogDesign(T3, 1, "money", "cents are integers "))
    assert "says nothing" in driver.refusal(c.PostInsight(T3, 1, " "))


def test_a_task_is_told_what_concerns_it_and_nothing_else():
    driver = planned_run(planned("a", title="Mend src/money.py"), planned("b", title="Draw"), planned("c", "b"))
    begin(driver, "T3")
    note(driver, "T3", "money is in cents", "src/money.py")
    begin(driver, "T4")
    note(driver, "T4", "the canvas is upside down")
    driver.must(c.AddTask(driver.run().id, "Read money.py aloud", criteria=planned("x").criteria), ALICE)
    driver.must(c.AddTask(driver.run().id, "Sing", criteria=planned("x").criteria), ALICE)
    told = {name: [n.summary for n in insights_for(driver.board, driver.task(name))] for name in ("T5", "T6", "T7")}
    assert told["T5"][-1] == "the canvas is upside down"
    assert told["T6"] == ["money is in cents"]
    assert told["T7"] == []


def test_of_many_insights_the_task_is_told_a_bounded_number():
    driver = planned_run(*(planned(f"k{n}") for n in range(6)))
    for name in ("T3", "T4", "T5"):
        begin(driver, name)
        for number in range(limits.MAX_NOTES_PER_ATTEMPT):
            note(driver, name, f"{name} trap {number}")
    assert len(insights_for(driver.board, driver.task("T8"))) == limits.MAX_INSIGHTS_SHOWN


def test_the_design_log_holds_for_all_unless_it_names_files():
    driver = planned_run(planned("a"), planned("b", title="Mend src/money.py"))
    begin(driver, "T3")
    driver.must(c.LogDesign(T3, 1, "names", "functions are verbs"))
    driver.must(c.LogDesign(T3, 1, "money", "cents", applies_to=("src/money.py",)))
    assert [entry.area for entry in design_for(driver.board, driver.task("T4"))] == ["names", "money"]
    driver.must(c.AddTask(driver.run().id, "Sing", criteria=planned("x").criteria), ALICE)
    assert [entry.area for entry in design_for(driver.board, driver.task("T5"))] == ["names"]


def test_findings_need_a_researcher_and_a_text():
    driver = at_work()
    assert "researcher" in driver.refusal(c.AcceptFindings(T3, 1, "s", "r"))
    escalate(driver, "T3", "needs_research")
    begin(driver, "T4")
    assert "found nothing" in driver.refusal(c.AcceptFindings(T4, 1, "s", "  "))
