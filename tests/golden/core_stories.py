"""Whole runs, told to the core from the objective to the end. Once written down (logs/), they read the same for ever.

Where the rules have come to decide otherwise, the story is told anew under another name: the old log stays, and is only read.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from engine.core import commands as c
from engine.core.entities import Criterion, RunConfig, Spend, Verdict
from engine.core.ids import BindingId, DecisionId, PostId, RunId, TaskId
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    BOB,
    RED,
    answer,
    approve,
    begin,
    direct,
    fail,
    fail_until_asked,
    finish,
    land,
    log,
    oid,
    plan,
    planned,
    receipt,
    start_run,
    submit,
)  # fmt: skip
from tests.golden.crew_stories import CREW_STORIES

R1 = RunId("R1")
AT = "2026-01-01T08:00:00Z"


def two_planners_and_a_tester() -> CoreDriver:
    """Everything goes well."""
    driver = CoreDriver()
    start_run(driver, "Round the cents half up — and test it 😀")
    direct(driver, "money", "dates")
    plan(driver, "T2", [planned("round", title="Repair the rounding"), planned("proof", "round", role="tester")])
    plan(driver, "T3", [planned("dates", title="Read ISO dates")])
    begin(driver, "T4")
    log(driver, "T4")
    log(driver, "T4", turns=1, cost_usd=0.1)
    driver.must(c.SubmitWork(TaskId("T4"), 1, oid("T4/a1"), "quantize with ROUND_HALF_UP"), "coder")
    driver.must(c.ApproveWork(TaskId("T4"), 1, Verdict(passed=True, feedback="every criterion holds")), "strategist")
    proof = receipt(driver, "T4")
    driver.must(c.PrepareLanding(TaskId("T4"), 1, proof))
    driver.must(c.RecordLanding(TaskId("T4"), 1, proof))
    driver.must(c.PauseRun(R1, "lunch"), ALICE)
    driver.must(c.ResumeRun(R1), BOB)
    land(driver, "T6", "reads 2026-11-22")
    land(driver, "T5", "pins the rounding down")
    finish(driver)
    return driver


def retries_then_a_person_then_landed() -> CoreDriver:
    """Phoenix tries, asks, is told what to change, and lands; a second question follows a second round."""
    driver = CoreDriver()
    start_run(driver, "Make the failing tests pass", RunConfig(model="openai/pilot", max_retries=2))
    direct(driver, "money")
    plan(driver, "T2", [planned("round", title="Repair the rounding"), planned("after", "round")])
    begin(driver, "T3")
    fail(driver, "T3", "tests_red", "1 failed, 11 passed")
    submit(driver, "T3")
    fail(driver, "T3", "qa_rejected", "negative cents")
    begin(driver, "T3")
    fail(driver, "T3", "stuck", "the same call five times")
    driver.must(answer(driver, "D1", "retry_with_changes", "Use Decimal, never float."), ALICE)
    fail_until_asked(driver, "T3")
    driver.must(answer(driver, "D2", "retry"), ALICE)
    land(driver, "T3", "Decimal throughout")
    begin(driver, "T4")
    fail(driver, "T4", "escalated", "Which currency is meant?")
    driver.must(answer(driver, "D3", "retry_with_changes", "Euro."), ALICE)
    land(driver, "T4")
    finish(driver)
    return driver


def conflicts_outages_and_reviews() -> CoreDriver:
    """What the world does to a run: conflicts, red merges, model outages, a reviewer out of reach, files in the way, an empty purse, a
    red end.
    """
    driver = CoreDriver()
    start_run(driver, "Make the failing tests pass", RunConfig(model="openai/pilot", budget_usd=1.0))
    direct(driver, "money")
    plan(driver, "T2", [planned("a", title="Repair a"), planned("b", title="Repair b")])
    approve(driver, "T3")
    fail(driver, "T3", "conflict", "money.py: both changed line 7")
    approve(driver, "T3")
    fail(driver, "T3", "merged_red", "tests/test_money.py::test_sum is green on main, red with it")
    begin(driver, "T4")
    log(driver, "T4")
    driver.must(c.FailAttempt(TaskId("T4"), 1, "quota", "429", not_before="2026-01-01T01:00:00Z"))
    begin(driver, "T4")
    fail(driver, "T4", "lost", "the engine was restarted")
    attempt = submit(driver, "T3")
    driver.must(c.DeferReview(TaskId("T3"), attempt, "model_error", "503", not_before="2026-01-01T00:10:00Z"))
    driver.must(c.DeferReview(TaskId("T3"), attempt, "model_error", "401: the key is expired", is_final=True))
    driver.must(answer(driver, "D1", "review_again"), ALICE)
    driver.must(c.ApproveWork(TaskId("T3"), attempt, None), "strategist")
    driver.must(c.PrepareLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    driver.must(c.AskAboutCheckout(TaskId("T3"), attempt, "money.py has changes that are not committed"))
    driver.must(answer(driver, "D2", "land_now"), ALICE)
    driver.must(c.RecordLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    begin(driver, "T4")
    driver.must(c.AskAboutBudget(R1, "1.02 of 1 USD"))
    fail(driver, "T4", "budget", "no call fits into what is left")
    raised = answer(driver, "D3", "raise_budget")
    driver.must(c.AnswerDecision(raised.decision, raised.choice, raised.by, raised.at, budget_usd=5.0), ALICE)
    land(driver, "T4")
    finish(driver, RED)
    driver.must(answer(driver, "D4", "replan", "Only the dates are left."), ALICE)
    plan(driver, "T5", [planned("dates")])
    land(driver, "T6")
    finish(driver)
    return driver


def a_landing_is_overtaken() -> CoreDriver:
    """Somebody pushes while work is landing: it is stopped, tried again, overtaken once more, and lands."""
    driver = CoreDriver()
    start_run(driver, "Make the failing tests pass")
    direct(driver, "money")
    plan(driver, "T2", [planned("a", title="Repair a"), planned("b", title="Repair b")])
    for name in ("T3", "T4"):
        attempt = approve(driver, name)
        driver.must(c.PrepareLanding(TaskId(name), attempt, receipt(driver, name)))
    driver.must(c.TakeReceiptBack(TaskId("T3"), 1))
    driver.must(c.InterruptTask(TaskId("T3"), "the push has it"), ALICE)
    driver.must(answer(driver, "D1", "retry"), ALICE)
    attempt = approve(driver, "T3")
    driver.must(c.PrepareLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    driver.must(c.TakeReceiptBack(TaskId("T3"), attempt))
    driver.must(c.PrepareLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    driver.must(c.RecordLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    driver.must(c.CancelRun(R1), BOB)
    driver.must(c.TakeReceiptBack(TaskId("T4"), 1))
    return driver


def people_change_their_minds() -> CoreDriver:
    """Interrupt, abandon in three ways, spawn, link, and cancel; a second run in the same log is stopped."""
    driver = CoreDriver()
    start_run(driver, "Make the failing tests pass")
    direct(driver, "money")
    names = ("a", "b", "c", "d", "e", "f", "g")
    after = {"b": ("a",), "d": ("c",), "f": ("e",)}
    plan(driver, "T2", [planned(name, *after.get(name, ())) for name in names])
    begin(driver, "T3")
    driver.must(c.InterruptTask(TaskId("T3"), "the wrong file"), ALICE)
    driver.must(answer(driver, "D1", "spawn", "Build a with a table\nLook the cents up."), ALICE)
    driver.must(c.AbandonTask(TaskId("T5"), "nobody needs it", "replan"), BOB)
    plan(driver, "T11", [planned("h")])
    driver.must(c.AbandonTask(TaskId("T7"), dependents="drop"), BOB)
    driver.must(c.ChangeDependencies(TaskId("T9"), add=(TaskId("T8"), TaskId("T10"))), ALICE)
    driver.must(c.ChangeDependencies(TaskId("T9"), remove=(TaskId("T8"),)), ALICE)
    land(driver, "T10")
    approve(driver, "T9")
    driver.must(c.AbandonTask(TaskId("T8"), dependents="cascade"), BOB)
    driver.must(c.PrepareLanding(TaskId("T9"), 1, receipt(driver, "T9")))
    driver.must(c.InterruptTask(TaskId("T12")), BOB)
    driver.must(c.CancelRun(R1, "we buy it instead"), ALICE)
    driver.must(c.FailAttempt(TaskId("T9"), 1, "conflict", "the target was moved by somebody else"))
    second = start_run(driver, "Another objective")
    begin(driver, "T13")
    driver.must(c.AskAboutBudget(second, "1 of 1 USD"))
    driver.must(answer(driver, "D3", "stop"), ALICE)
    return driver


def told_and_steered_in_chat() -> CoreDriver:
    """Two channels, a reminder, a dead channel, answers and a cancellation of two people, and orders beyond the first steps."""
    driver = CoreDriver()
    start_run(driver, "Make the failing tests pass")
    driver.must(c.BindChat(R1, "slack", "T1", "C9"), ALICE)
    driver.must(c.OpenThread(BindingId("B1"), "1719.0001"))
    direct(driver, "money")
    plan(driver, "T2", [planned("a"), planned("b", "a"), planned("c")])
    driver.must(
        c.IntendPost(BindingId("B1"), "digest", "digest 12", lines=("T2 complete: planned 3 tasks",), until_seq=12)
    )
    driver.must(c.SettlePost(PostId("P1"), message="1719.0002"))
    driver.must(c.BindChat(R1, "discord", "G1", "900"), BOB)
    asked = fail_until_asked(driver, "T3")
    for number, binding in ((2, "B1"), (3, "B2")):
        driver.must(c.IntendPost(BindingId(binding), "decision", f"decision {asked}", about=asked))
        settled = {"message": "1719.0003"} if number == 2 else {"dead": "the channel is gone"}
        driver.must(c.SettlePost(PostId(f"P{number}"), **settled))
    driver.must(c.UnbindChat(BindingId("B2"), "the channel is gone"))
    driver.must(c.RemindDecision(asked))
    driver.must(answer(driver, asked, "retry"), ALICE)
    begin(driver, "T3")
    driver.must(c.RetryTask(TaskId("T3"), BOB, AT, "use the table"), BOB)
    begin(driver, "T5")
    driver.must(c.RestartRun(R1, ALICE, AT), ALICE)
    check = (Criterion("it says so", "grep -q half README.md"),)
    driver.must(
        c.AddTask(R1, "Document the rounding\nIn the README.", criteria=check, depends_on=(TaskId("T5"),)), ALICE
    )
    driver.must(c.RaiseBudget(R1, budget_usd=3.0), ALICE)
    driver.must(c.AskAboutBudget(R1, "3 of 3 USD"))
    raised = c.AnswerDecision(DecisionId("D4"), "raise_budget", ALICE, AT, budget_usd=9.0, needs_second=True)
    driver.must(raised, ALICE)
    driver.must(msgspec.structs.replace(raised, by=BOB), BOB)
    driver.must(c.ReplanRun(R1, "Only the rounding matters."), BOB)
    driver.must(c.CancelRun(R1, "we buy it", needs_second=True, by=ALICE, at=AT), ALICE)
    driver.must(answer(driver, "D5", "keep"), BOB)
    driver.must(c.CancelRun(R1, "we do buy it", needs_second=True, by=ALICE, at=AT), ALICE)
    driver.must(c.AnswerDecision(DecisionId("D6"), "stop", BOB, AT, needs_second=True), BOB)
    driver.must(c.IntendPost(BindingId("B1"), "summary", "summary"))
    driver.must(c.SettlePost(PostId("P4"), message="1719.0004"))
    return driver


def landed_and_put_away() -> CoreDriver:
    """A run that was over for long is sealed; its channel closes even later."""
    driver = CoreDriver()
    start_run(driver, "Round the cents")
    driver.must(c.BindChat(R1, "slack", "T1", "C9"), ALICE)
    direct(driver, "money")
    plan(driver, "T2", [planned("round")])
    land(driver, "T3", "rounded half up")
    assert "not over" in driver.refusal(c.SealRun(R1))
    finish(driver)
    driver.must(c.IntendPost(BindingId("B1"), "summary", "summary"))
    assert "still to be posted" in driver.refusal(c.SealRun(R1))
    driver.must(c.SettlePost(PostId("P1"), message="1719.0004"))
    driver.must(c.SealRun(R1))
    assert "sealed already" in driver.refusal(c.SealRun(R1))
    driver.must(c.UnbindChat(BindingId("B1"), "the channel is gone"))
    return driver


def quota_and_money() -> CoreDriver:
    """A quota that is used up, grants out of a budget, a task's own cap, and a run that is finished cheaply."""
    driver = CoreDriver()
    config = RunConfig("m", budget_usd=1.0, budget_tokens=10_000, task_budget_usd=0.5)
    start_run(driver, "Round the cents", config)
    driver.must(c.GrantSpend(TaskId("T1"), begin(driver, "T1"), 2_000, 0.25))
    fail(driver, "T1", "quota", "429: come back at nine")
    driver.must(c.ParkRun(R1, "2026-01-01T09:00:00Z", "429: come back at nine"))
    driver.must(c.SettleSpend(TaskId("T1"), 1, Spend(tokens=300, cost_usd=0.03)))
    assert "parked already" in driver.refusal(c.ParkRun(R1, "2026-01-01T10:00:00Z", "429"))
    assert "is parked until" in driver.refusal(c.StartAttempt(TaskId("T1"), oid("base")))
    driver.must(c.UnparkRun(R1))
    direct(driver, "money")
    plan(driver, "T2", [planned("round"), planned("total"), planned("print", "total")])
    first = begin(driver, "T3")
    driver.must(c.GrantSpend(TaskId("T3"), first, 4_000, 0.4))
    log(driver, "T3", cost_usd=0.3)
    assert "budget of T3 has no room" in driver.refusal(c.GrantSpend(TaskId("T3"), first, 4_000, 0.6))
    begin(driver, "T4")
    assert "budget of R1 has no room" in driver.refusal(c.GrantSpend(TaskId("T4"), 1, 9_000, 0.1))
    driver.must(c.FailAttempt(TaskId("T3"), first, "budget", "0.40 of 0.5 USD", is_final=True))
    driver.must(c.SettleSpend(TaskId("T3"), first))
    driver.must(answer(driver, "D1", "retry"), ALICE)
    driver.must(c.GrantSpend(TaskId("T3"), begin(driver, "T3"), 4_000, 0.45))
    driver.must(c.ParkRun(R1, "2026-01-01T12:00:00Z", "429"))
    driver.must(c.FailAttempt(TaskId("T3"), 2, "quota", "429"))
    driver.must(c.ResumeRun(R1), BOB)
    driver.must(c.AskAboutBudget(R1, "1 of 1 USD", with_thrift=True))
    driver.must(answer(driver, "D2", "finish_cheaply"), BOB)
    land(driver, "T3")
    driver.must(c.SubmitWork(TaskId("T4"), 1, oid("T4/a1"), "adds up"), "coder")
    driver.must(c.ParkRun(R1, "2026-01-01T15:00:00Z", "429"))
    driver.must(c.DeferReview(TaskId("T4"), 1, "quota", "429"))
    driver.must(c.UnparkRun(R1))
    driver.must(c.ApproveWork(TaskId("T4"), 1, Verdict(passed=True)), "strategist")
    proof = receipt(driver, "T4")
    driver.must(c.PrepareLanding(TaskId("T4"), 1, proof))
    driver.must(c.RecordLanding(TaskId("T4"), 1, proof))
    finish(driver)
    return driver


def two_engines_worked_apart() -> CoreDriver:
    """Events of another engine that can't follow, in a run under way and in one that is over."""
    driver = CoreDriver()
    start_run(driver, "Rounding")
    direct(driver, "money")
    plan(driver, "T2", [planned("round")])
    land(driver, "T3")
    aside = c.SetAside('{"kind":"attempt-started","run":"R1","task":"T3"}', oid("theirs"), "T3 is complete")
    driver.must(c.SetEventsAside(R1, (aside, aside)))
    driver.must(answer(driver, "D1", "keep"), ALICE)
    finish(driver)
    driver.must(c.SetEventsAside(R1, (aside,)))
    assert "possible: keep" in driver.refusal(answer(driver, "D2", "stop"))
    driver.must(answer(driver, "D2", "keep"), BOB)
    return driver


STORIES: Final[Mapping[str, Callable[[], CoreDriver]]] = {
    story.__name__: story
    for story in (
        two_planners_and_a_tester,
        retries_then_a_person_then_landed,
        conflicts_outages_and_reviews,
        a_landing_is_overtaken,
        people_change_their_minds,
        told_and_steered_in_chat,
        landed_and_put_away,
        quota_and_money,
        two_engines_worked_apart,
    )
} | dict(CREW_STORIES)
