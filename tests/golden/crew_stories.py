"""Whole runs about the crew, told like those in core_stories.py; once written down, they read the same for ever."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from engine.core import commands as c
from engine.core.entities import Criterion, Nudge, RunConfig, Spec, Verdict
from engine.core.ids import RunId, TaskId
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    BOB,
    RED,
    answer,
    approve,
    begin,
    current,
    direct,
    domain,
    escalate,
    fail,
    find,
    finish,
    join,
    land,
    note,
    plan,
    planned,
    receipt,
    start_run,
    submit,
)  # fmt: skip

R1 = RunId("R1")
AT = "2026-01-01T08:00:00Z"


def the_crew_helps_itself() -> CoreDriver:
    """Insights, a design log, research, a divided task, a task that is planned anew, and questions that a worker asks."""
    driver = CoreDriver()
    start_run(driver, "Invoices in euro")
    attempt = begin(driver, "T1")
    driver.must(
        c.LogDesign(TaskId("T1"), attempt, "money", "cents are integers", "floats round", ("money.py",)), "director"
    )
    driver.must(c.AcceptSpec(TaskId("T1"), attempt, Spec("Invoices"), (domain("money"),), result="{}"), "director")
    plan(driver, "T2", [planned("round"), planned("total", "round"), planned("print", "total")])
    begin(driver, "T3")
    note(driver, "T3", "the importer divides by 100 twice", "src/importer.py")
    assert "says so already" in driver.refusal(c.PostInsight(TaskId("T3"), 1, "the importer divides by 100 twice"))
    escalate(driver, "T3", "needs_research", "Which rounding does the law ask for?")
    find(driver, "T6")
    attempt = begin(driver, "T3")
    parts = (planned("tables", title="Write the tables"), planned("checks", "tables", role="tester"))
    driver.must(c.SuspendWork(TaskId("T3"), attempt, parts, "the tables come first"), "coder")
    land(driver, "T7", "tables")
    land(driver, "T8", "checks")
    land(driver, "T3")
    begin(driver, "T4")
    escalate(driver, "T4", "scope_too_large", "totals and taxes are two things")
    plan(driver, "T9", [planned("sum"), planned("tax", "sum")])
    land(driver, "T10")
    land(driver, "T11")
    begin(driver, "T5")
    escalate(driver, "T5", "spec_mismatch", "there is no printer module")
    driver.must(answer(driver, "D1", "retry_with_changes", "Make one."), ALICE)
    begin(driver, "T5")
    escalate(driver, "T5", "blocked_external", "the font server is down")
    driver.must(answer(driver, "D2", "retry"), ALICE)
    land(driver, "T5")
    finish(driver)
    driver.must(c.SealRun(R1))
    return driver


def tests_land_with_their_checks() -> CoreDriver:
    """Tests are shown red, handed to the coder, and land with the code; others are given up with their code."""
    driver = CoreDriver()
    start_run(driver, "Round the cents")
    direct(driver, "money")
    tests = planned(
        "show", role="test_architect", title="Show the rounding", criteria=(Criterion("it rounds", "pytest t.py"),)
    )
    paper = planned("paper", "round", role="writer", title="Describe the rounding")
    plan(driver, "T2", [tests, planned("round", "show"), paper])
    approve(driver, "T3", "six tests, all red")
    assert "handed over to T4" in driver.refusal(c.InterruptTask(TaskId("T3")))
    begin(driver, "T4")
    fail(driver, "T4", "tests_red", "2 failed")
    approve(driver, "T4")
    fail(driver, "T4", "conflict", "money.py: both changed line 7")
    land(driver, "T4")
    land(driver, "T5", "says half up")
    finish(driver, RED)
    driver.must(answer(driver, "D1", "replan", "The dates are missing."), ALICE)
    plan(
        driver,
        "T6",
        [msgspec.structs.replace(tests, title="Show the dates"), planned("read", "show", title="Read the dates")],
    )
    approve(driver, "T7", "three tests, all red")
    driver.must(c.AbandonTask(TaskId("T8"), "no dates after all"), ALICE)
    finish(driver)
    return driver


def several_domains_become_one_plan() -> CoreDriver:
    """A foundation and two domains, put together and shown; a person wants another plan, and then lets it begin."""
    driver = CoreDriver()
    start_run(driver, "Invoices in euro", RunConfig(model="openai/pilot", plan_first=True, joins_plans=True))
    base = msgspec.structs.replace(domain("money"), foundation=True)
    spec = Spec("Invoices", interfaces=("money.cents(text) -> int",))
    driver.must(
        c.AcceptSpec(TaskId("T1"), begin(driver, "T1"), spec, (base, domain("totals"), domain("paper")), "{}"),
        "director",
    )
    plan(driver, "T2", [planned("cents"), planned("rates", "cents")])
    plan(driver, "T3", [msgspec.structs.replace(planned("sum"), needs=("the printed page",)), planned("tax", "sum")])
    plan(driver, "T4", [planned("page"), planned("again", title="Build cents again"), planned("song")])
    links = (c.Link(TaskId("T8"), TaskId("T10"), "the page"),)
    gone = (
        c.Rejection(TaskId("T11"), "it is T6 in other words", TaskId("T6")),
        c.Rejection(TaskId("T12"), "nobody asked for music", is_planned_again=True),
    )
    join(driver, "T5", *links, rejected=gone)
    plan(driver, "T13", [planned("letter")])
    driver.must(answer(driver, "D1", "replan", "Leave the letter out."), ALICE)
    plan(driver, "T15", [planned("all", title="Build it all")])
    driver.must(answer(driver, "D2", "approve"), BOB)
    land(driver, "T16")
    finish(driver)
    return driver


def the_ladder_and_the_last_look() -> CoreDriver:
    """A failure that comes again climbs the ladder; tests are found wrong; a guardian watches; the whole run is judged."""
    driver = CoreDriver()
    config = RunConfig(
        model="openai/pilot",
        acceptance=True,
        ladder=("brief", "stronger_model", "replan", "human"),
        stronger_model="openai/big",
    )
    start_run(driver, "Round the cents", config)
    direct(driver, "money")
    plan(driver, "T2", [planned("round"), planned("total", "round"), planned("paper", role="writer")])
    for number in range(3):
        begin(driver, "T3")
        nudge = Nudge(10, "drifting", "it edits the tests", "direct", "Leave the tests; the fault is in money.py.")
        driver.must(c.WatchAttempt(TaskId("T3"), current(driver, "T3"), nudge), "guardian")
        fail(driver, "T3", "tests_red", f"{number} failed")
    plan(driver, "T6", [planned("half")])
    wrong = ("tests/test_money.py::test_half: asks for 2, the law says 3",)
    submit(driver, "T7")
    verdict = Verdict(passed=False, feedback="the test is wrong", wrong_tests=wrong, fault="tests")
    driver.must(c.FailAttempt(TaskId("T7"), 1, "tests_red", "red check", verdict=verdict))
    approve(driver, "T8", "asks for 3")
    land(driver, "T7")
    land(driver, "T4")
    attempt = submit(driver, "T5")
    notes = Verdict(passed=True, notes=("the page is long",), wrong_tests=("docs/test_doc.py: counts words",))
    driver.must(c.ApproveWork(TaskId("T5"), attempt, notes), "strategist")
    for order in (c.PrepareLanding, c.RecordLanding):
        driver.must(order(TaskId("T5"), attempt, receipt(driver, "T5")))
    land(driver, "T9")
    finish(driver)
    no = Verdict(passed=False, feedback="negative cents are cut", fault="work")
    driver.must(c.AcceptVerdict(TaskId("T10"), begin(driver, "T10"), no), "strategist")
    driver.must(answer(driver, "D1", "replan", "Mind the negative ones."), ALICE)
    plan(driver, "T11", [planned("negative")])
    land(driver, "T12")
    finish(driver)
    yes = Verdict(passed=True, feedback="all of it is there")
    driver.must(c.AcceptVerdict(TaskId("T13"), begin(driver, "T13"), yes), "strategist")
    finish(driver)
    return driver


CREW_STORIES: Final[Mapping[str, Callable[[], CoreDriver]]] = {
    story.__name__: story
    for story in (
        the_crew_helps_itself,
        tests_land_with_their_checks,
        several_domains_become_one_plan,
        the_ladder_and_the_last_look,
    )
}
