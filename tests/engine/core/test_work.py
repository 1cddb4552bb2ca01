"""What workers report: attempts, specs, plans, reviews, landings; what is not proven is not complete."""

import msgspec
import pytest

from engine.core import commands as c
from engine.core import limits
from engine.core.entities import CriterionVerdict, RunConfig, Spec, Spend, Verdict
from engine.core.ids import RunId, TaskId
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    GREEN,
    RED,
    answer,
    approve,
    begin,
    direct,
    domain,
    fail,
    fail_until_asked,
    file,
    finish,
    land,
    log,
    oid,
    plan,
    planned,
    planned_run,
    receipt,
    start_run,
    submit,
)  # fmt: skip

R1, T3 = RunId("R1"), TaskId("T3")


def test_a_run_goes_from_the_objective_to_green_gates():
    driver = planned_run(planned("a"), planned("b", "a", role="tester"))
    assert driver.states() == {"T1": "complete", "T2": "complete", "T3": "ready", "T4": "planned"}
    land(driver, "T3")
    assert driver.states()["T4"] == "ready"
    land(driver, "T4")
    assert driver.run().state == "running"
    finish(driver)
    run = driver.run()
    assert (run.state, run.landed, run.final_gates, run.final_commit) == ("completed", 2, (GREEN,), oid("tip"))
    assert driver.task("T4").role == "tester"


def test_a_spec_is_written_before_its_planners_exist():
    driver = CoreDriver()
    start_run(driver)
    direct(driver, "money", "dates")
    run = driver.run()
    assert run.spec is not None
    assert run.spec.summary == "Cents are rounded half up"
    assert [task.planned_by for task in driver.board.run_tasks(R1)] == [None, "T1", "T1"]
    assert driver.task("T1").result == "{}"
    assert driver.board.planning_tasks_of[R1] == ("T1", "T2", "T3")
    assert run.state == "planning"
    plan(driver, "T2", [planned("a")])
    assert driver.run().state == "planning"
    plan(driver, "T3", [planned("b")])
    assert driver.run().state == "running"


def test_a_spec_of_too_many_or_faulty_domains_is_refused():
    driver = CoreDriver()
    start_run(driver)
    begin(driver, "T1")
    many = tuple(domain(str(i)) for i in range(limits.MAX_DOMAINS + 1))
    assert driver.refusal(c.AcceptSpec(TaskId("T1"), 1, Spec("s"), many)) == "6 domains; 5 are possible"
    assert "the plan has no task" in driver.refusal(c.AcceptSpec(TaskId("T1"), 1, Spec("s"), ()))
    assert driver.run().spec is None


def test_a_plans_tasks_may_wait_for_one_another_and_for_older_ones():
    driver = CoreDriver()
    start_run(driver)
    direct(driver, "money", "dates")
    plan(driver, "T2", [planned("a")])
    plan(driver, "T3", [planned("c", "b", "T4", "b"), planned("b")])
    assert driver.task("T5").depends_on == ("T6", "T4")
    assert (driver.states()["T5"], driver.states()["T6"]) == ("planned", "ready")


def test_only_the_role_of_a_task_can_report_its_result():
    driver = planned_run(planned("a"))
    begin(driver, "T3")
    tasks = (planned("b"),)
    assert driver.refusal(c.AcceptPlan(T3, 1, tasks)) == "T3 is a coder's task; that is for a planner to report"
    assert (
        driver.refusal(c.AcceptSpec(T3, 1, Spec("s"), tasks))
        == "T3 is a coder's task; that is for a director to report"
    )
    fresh = CoreDriver()
    start_run(fresh)
    begin(fresh, "T1")
    assert fresh.refusal(c.SubmitWork(TaskId("T1"), 1, oid("x"), "done")) == (
        "T1 is a director's task; that is for a coder or a tester or a test_architect or a writer to report"
    )


def test_work_without_a_commit_is_refused():
    driver = planned_run(planned("a"))
    begin(driver, "T3")
    assert driver.refusal(c.SubmitWork(T3, 1, "", "all done!")) == (
        "T3 has no commit; work without one can't be submitted"
    )


def test_a_negative_verdict_never_approves():
    driver = planned_run(planned("a"))
    submit(driver, "T3")
    verdict = Verdict(passed=False, criteria=(CriterionVerdict(1, passed=False),), feedback="the cents are wrong")
    assert driver.refusal(c.ApproveWork(T3, 1, verdict)) == "the verdict on T3 is no; report the attempt as failed"
    driver.must(c.FailAttempt(T3, 1, "qa_rejected", "the cents are wrong", verdict=verdict, evidence=(file("q.txt"),)))
    attempt = driver.task("T3").attempts[0]
    assert attempt.verdict == verdict
    assert [each.path for each in attempt.evidence] == ["runs/R1/logs/T3/a1/diff.patch", "q.txt"]


def test_only_a_receipt_for_the_approved_commit_lands():
    driver = planned_run(planned("a"))
    attempt = approve(driver, "T3")
    proof = receipt(driver, "T3")
    other = msgspec.structs.replace(proof, work=oid("other"))
    red = msgspec.structs.replace(proof, checks=(RED,))
    for order in (c.PrepareLanding, c.RecordLanding):
        assert driver.refusal(order(T3, attempt, other)).startswith(f"the receipt is for {oid('other')}, but ")
        assert driver.refusal(order(T3, attempt, red)).startswith("tests of T3 is red on the merged tree")
    driver.must(c.PrepareLanding(T3, attempt, proof))
    driver.must(c.RecordLanding(T3, attempt, proof))
    assert (driver.task("T3").receipt, driver.run().landed) == (proof, 1)


def test_a_landing_is_never_cut_in_two():
    driver = planned_run(planned("a"), planned("b", "a"))
    attempt = approve(driver, "T3")
    proof = receipt(driver, "T3")
    driver.must(c.PrepareLanding(T3, attempt, proof))
    assert driver.task("T3").receipt == proof
    landing = "T3 is landing at this moment; `orch show` tells when it is complete"
    assert driver.refusal(c.InterruptTask(T3)) == landing
    assert driver.refusal(c.AbandonTask(T3, dependents="cascade")) == landing
    driver.must(c.CancelRun(R1), ALICE)
    assert driver.states()["T3"] == "approved"
    driver.must(c.RecordLanding(T3, attempt, proof))
    assert (driver.task("T3").state, driver.run().state, driver.run().landed) == ("complete", "cancelled", 1)


def test_a_landing_that_fails_in_a_run_that_is_over_is_abandoned():
    driver = planned_run(planned("a"), planned("b"))
    for name in ("T3", "T4"):
        attempt = approve(driver, name)
        driver.must(c.PrepareLanding(TaskId(name), attempt, receipt(driver, name)))
    driver.must(c.CancelRun(R1), ALICE)
    assert driver.refusal(c.PrepareLanding(T3, 1, receipt(driver, "T3"))).startswith("R1 is over: nothing more lands")
    driver.must(c.FailAttempt(T3, 1, "conflict", "the tip moved"))
    driver.must(c.AskAboutCheckout(TaskId("T4"), 1, "money.py"))
    assert driver.states()["T3"] == driver.states()["T4"] == "abandoned"
    assert driver.task("T3").receipt is None
    assert not driver.board.open_decisions


def test_a_landing_that_was_overtaken_can_be_stopped_or_proven_again():
    driver = planned_run(planned("a"), planned("b"))
    attempt = approve(driver, "T3")
    driver.must(c.PrepareLanding(T3, attempt, receipt(driver, "T3")))
    driver.must(c.TakeReceiptBack(T3, attempt))
    assert (driver.task("T3").state, driver.task("T3").receipt) == ("approved", None)
    assert driver.refusal(c.TakeReceiptBack(T3, attempt)) == "T3 is not landing, it is approved"
    driver.must(c.PrepareLanding(T3, attempt, receipt(driver, "T3")))
    driver.must(c.TakeReceiptBack(T3, attempt))
    driver.must(c.InterruptTask(T3), ALICE)
    assert driver.states()["T3"] == "waiting_human"


def test_a_landing_that_was_overtaken_in_a_run_that_is_over_is_abandoned():
    driver = planned_run(planned("a"))
    attempt = approve(driver, "T3")
    driver.must(c.PrepareLanding(T3, attempt, receipt(driver, "T3")))
    driver.must(c.CancelRun(R1), ALICE)
    driver.must(c.TakeReceiptBack(T3, attempt))
    assert (driver.states()["T3"], driver.task("T3").receipt) == ("abandoned", None)


@pytest.mark.parametrize("failure", ["conflict", "merged_red"])
def test_work_that_can_not_land_is_a_failed_attempt_of_the_same_task(failure):
    driver = planned_run(planned("a"))
    attempt = approve(driver, "T3")
    driver.must(c.PrepareLanding(T3, attempt, receipt(driver, "T3")))
    fail(driver, "T3", failure, "money.py")
    task = driver.task("T3")
    assert (task.state, task.receipt, task.attempts[0].failure) == ("ready", None, failure)
    land(driver, "T3")
    assert len(driver.board.tasks) == 3


def test_a_report_about_another_attempt_is_refused():
    driver = planned_run(planned("a"))
    begin(driver, "T3")
    fail(driver, "T3")
    begin(driver, "T3")
    stale = "attempt 1 of T3 is not the current one"
    reports: list[c.Command] = [
        c.SubmitWork(T3, 1, oid("x"), ""), c.FailAttempt(T3, 1, "lost", ""), c.ApproveWork(T3, 1, None),
        c.RecordLanding(T3, 1, receipt(driver, "T3")), c.DeferReview(T3, 1, "quota", ""),
        c.LogTurns(T3, 1, file("f"), 1, Spend()), c.AskAboutCheckout(T3, 1, ""),
        c.PrepareLanding(T3, 1, receipt(driver, "T3")), c.TakeReceiptBack(T3, 1),
    ]  # fmt: skip
    assert {driver.refusal(report) for report in reports} == {stale}


def test_a_report_out_of_turn_is_refused():
    driver = planned_run(planned("a"))
    assert driver.refusal(c.StartAttempt(TaskId("T9"), "base")) == "there is no task T9"
    assert driver.refusal(c.SubmitWork(TaskId("T9"), 1, "x", "")) == "there is no task T9"
    assert driver.refusal(c.SubmitWork(T3, 1, "x", "")) == "attempt 1 of T3 is not the current one"
    begin(driver, "T3")
    assert driver.refusal(c.StartAttempt(T3, "base")) == "T3 is active, not ready"
    assert driver.refusal(c.ApproveWork(T3, 1, None)) == "T3 is active, not awaiting_qa"
    assert driver.refusal(c.DeferReview(T3, 1, "quota", "")) == "T3 is active, not awaiting_qa"
    assert driver.refusal(c.RecordLanding(T3, 1, receipt(driver, "T3"))) == "T3 is active, not approved"
    assert driver.refusal(c.AskAboutCheckout(T3, 1, "")) == "T3 is active, not approved"


def test_a_deferred_review_keeps_the_work_and_costs_nothing():
    driver = planned_run(planned("a"))
    attempt = submit(driver, "T3")
    driver.must(c.DeferReview(T3, attempt, "quota", "429", not_before="later"))
    task = driver.task("T3")
    assert (task.state, task.tries, task.not_before, len(task.attempts)) == ("awaiting_qa", 0, "later", 1)
    driver.must(c.ApproveWork(T3, attempt, None))
    assert driver.task("T3").not_before == ""


def test_a_review_that_can_not_be_held_goes_to_a_person():
    driver = planned_run(planned("a"), planned("b"))
    attempt = submit(driver, "T3")
    for _ in range(limits.MAX_INFRA_FAILURES):
        driver.must(c.DeferReview(T3, attempt, "model_error", "503"))
    driver.must(c.DeferReview(T3, attempt, "model_error", "503"))
    assert driver.decision("D1").question == "T3 (Build a) can't be reviewed: 503"
    submit(driver, "T4")
    driver.must(c.DeferReview(TaskId("T4"), 1, "model_error", "401", is_final=True))
    assert driver.task("T4").state == "waiting_human"


def unreviewed() -> CoreDriver:
    """T3's work is submitted, and its review can't be held."""
    driver = planned_run(planned("a"), planned("b"))
    attempt = submit(driver, "T3")
    driver.must(c.DeferReview(T3, attempt, "model_error", "503", not_before="later"))
    driver.must(c.DeferReview(T3, attempt, "model_error", "401: the key is expired", is_final=True))
    return driver


def test_work_whose_reviewer_is_out_of_reach_is_reviewed_again_and_not_done_again():
    driver = unreviewed()
    assert not driver.task("T3").attempts[-1].ended_at
    assert driver.decision("D1").options == ("review_again", "retry", "retry_with_changes", "abandon", "spawn")
    driver.must(answer(driver, "D1", "review_again"), ALICE)
    task = driver.task("T3")
    assert (task.state, task.decision, task.attempts[0].deferrals, task.not_before) == ("awaiting_qa", None, 0, "")
    driver.must(c.ApproveWork(T3, 1, None))
    assert (driver.task("T3").state, len(driver.task("T3").attempts)) == ("approved", 1)
    laws.check(driver.board)


def test_a_retry_of_work_that_was_not_reviewed_is_another_attempt():
    driver = unreviewed()
    driver.must(answer(driver, "D1", "retry"), ALICE)
    assert (driver.task("T3").state, driver.task("T3").attempts[0].failure) == ("ready", "interrupted")
    laws.check(driver.board)


def test_work_that_waits_for_others_by_now_is_not_reviewed_again():
    driver = unreviewed()
    driver.must(c.ChangeDependencies(T3, add=(TaskId("T4"),)))
    assert "now waits for other tasks" in driver.refusal(answer(driver, "D1", "review_again"))


def test_a_review_that_is_held_again_may_be_paid_for():
    driver = planned_run(planned("a"), config=RunConfig(model="m", task_budget_usd=0.5))
    begin(driver, "T3")
    log(driver, "T3", cost_usd=0.5)
    driver.must(c.SubmitWork(T3, 1, oid("w"), "done"))
    driver.must(c.DeferReview(T3, 1, "budget", "the budget of T3 is reached", is_final=True))
    driver.must(answer(driver, "D1", "review_again"), ALICE)
    assert driver.task("T3").spent_before.cost_usd == 0.5


def test_failures_on_the_way_to_the_work_do_not_count_against_its_review():
    driver = planned_run(planned("a"))
    for _ in range(limits.MAX_INFRA_FAILURES):
        begin(driver, "T3")
        fail(driver, "T3", "lost")
    attempt = submit(driver, "T3")
    for _ in range(limits.MAX_INFRA_FAILURES):
        driver.must(c.DeferReview(T3, attempt, "model_error", "503"))
    assert driver.task("T3").state == "awaiting_qa"
    driver.must(c.ApproveWork(T3, attempt, None))
    fail(driver, "T3", "lost", "the machine went away while landing")
    assert driver.task("T3").state == "waiting_human"


def test_what_models_were_paid_adds_up():
    driver = planned_run(planned("a"), planned("b"))
    for name in ("T3", "T3", "T4"):
        if driver.task(name).state == "ready":
            begin(driver, name)
        log(driver, name, turns=2, cost_usd=0.1)
    attempt = driver.task("T3").attempts[0]
    assert (attempt.turns, attempt.spend) == (4, Spend(tokens=1_800, cost_usd=0.2))
    assert driver.run().spend == Spend(tokens=2_700, cost_usd=0.3)
    driver.must(c.CancelRun(R1))
    log(driver, "T4", turns=1)
    assert driver.task("T4").state == "abandoned"


def test_the_run_waits_for_a_person_only_when_nothing_else_can_be_done():
    driver = planned_run(planned("a"), planned("b"), planned("c", "a"))
    fail_until_asked(driver, "T3")
    assert driver.run().state == "running"
    land(driver, "T4")
    assert driver.run().state == "waiting_human"
    driver.must(answer(driver, "D1", "retry"), ALICE)
    assert driver.run().state == "running"


@pytest.mark.parametrize("role", ["director", "planner"])
def test_a_failed_director_or_planner_never_completes_the_run(role: str):
    driver = CoreDriver()
    start_run(driver)
    if role == "planner":
        direct(driver, "money")
    asked = fail_until_asked(driver, "T1" if role == "director" else "T2")
    assert driver.run().state == "waiting_human"
    driver.must(answer(driver, asked, "abandon"), ALICE)
    assert driver.run().state == "failed"
