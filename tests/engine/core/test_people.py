"""What people may ask of runs and tasks: start, pause, cancel, interrupt, abandon, link; and how they are refused."""

from collections.abc import Callable

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits
from engine.core.ids import DecisionId, RunId, TaskId
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    ALICE,
    CONFIG,
    approve,
    begin,
    direct,
    fail_until_asked,
    finish,
    land,
    oid,
    plan,
    planned,
    planned_run,
    receipt,
    start_run,
    submit,
)  # fmt: skip

R1 = RunId("R1")


def _start(objective: str, dedupe: str = "") -> c.StartRun:
    return c.StartRun(objective, "main", oid("base"), CONFIG, ALICE, dedupe=dedupe)


def _kinds(records: list[e.Record]) -> list[str]:
    return [type(record.event).__name__ for record in records]


def test_a_run_begins_with_a_ready_director():
    driver = CoreDriver()
    done = driver.must(_start("  Repair the rounding\n"), ALICE)
    assert _kinds(done) == ["RunStarted", "TaskPlanned", "TaskReadied"]
    assert [record.actor for record in done] == [ALICE, ALICE, "engine"]
    assert (driver.run().objective, driver.run().state) == ("Repair the rounding", "planning")
    assert (driver.task("T1").role, driver.task("T1").state) == ("director", "ready")


def test_an_objective_is_neither_empty_nor_endless():
    driver = CoreDriver()
    assert driver.refusal(_start(" \n")).startswith("the objective is empty; say what is to be done")
    too_long = driver.refusal(_start("x" * (limits.MAX_OBJECTIVE_CHARS + 1)))
    assert "8001 characters; 8000 are possible: put the details into a file" in too_long
    driver.must(_start("x" * limits.MAX_OBJECTIVE_CHARS))


def test_the_same_request_never_starts_a_second_run():
    driver = CoreDriver()
    driver.must(_start("a", dedupe="form 7"))
    assert driver.refusal(_start("b", dedupe="form 7")) == "this was already started as R1"
    driver.must(_start("b", dedupe="form 8"))
    driver.must(_start("c"))
    driver.must(_start("d"))
    assert sorted(driver.board.runs) == ["R1", "R2", "R3", "R4"]
    assert sorted(driver.board.tasks) == ["T1", "T2", "T3", "T4"]


def test_a_paused_run_starts_nothing_and_finishes_what_it_began():
    driver = planned_run(planned("a"), planned("b"))
    attempt = submit(driver, "T3")
    driver.must(c.PauseRun(R1, "lunch"), ALICE)
    assert driver.run().state == "paused"
    assert driver.refusal(c.StartAttempt(TaskId("T4"), oid("base"))) == "R1 is paused"
    driver.must(c.ApproveWork(TaskId("T3"), attempt, None))
    driver.must(c.RecordLanding(TaskId("T3"), attempt, receipt(driver, "T3")))
    assert (driver.task("T3").state, driver.run().state) == ("complete", "paused")
    driver.must(c.ResumeRun(R1), ALICE)
    assert driver.run().state == "running"
    begin(driver, "T4")


def test_pause_and_resume_are_refused_when_they_change_nothing():
    driver = planned_run(planned("a"))
    assert driver.refusal(c.ResumeRun(R1)) == "R1 is not paused, it is running"
    driver.must(c.PauseRun(R1))
    assert driver.refusal(c.PauseRun(R1)) == "R1 is paused already; `resume` starts it again"


def test_a_run_does_not_end_while_it_is_paused():
    driver = planned_run(planned("a"))
    land(driver, "T3")
    driver.must(c.PauseRun(R1))
    assert driver.refusal(c.FinishRun(R1, oid("tip"), ())).startswith("R1 is not at its end: it is paused")
    driver.must(c.ResumeRun(R1))
    finish(driver)
    assert driver.run().state == "completed"


def test_a_run_does_not_end_while_a_task_is_open():
    driver = planned_run(planned("a"), planned("b"))
    land(driver, "T3")
    assert driver.refusal(c.FinishRun(R1, oid("tip"), ())).startswith("R1 is not at its end: it is running")


def test_a_run_without_landed_work_fails_instead_of_completing():
    driver = planned_run(planned("a"))
    driver.must(c.AbandonTask(TaskId("T3")), ALICE)
    assert (driver.run().state, driver.run().reason) == ("failed", "every task is over and nothing landed")


def test_resuming_goes_back_to_planning_when_planning_is_not_over():
    driver = CoreDriver()
    start_run(driver)
    driver.must(c.PauseRun(R1))
    driver.must(c.ResumeRun(R1))
    assert driver.run().state == "planning"


@pytest.mark.parametrize("stage", ["ready", "active", "awaiting_qa", "approved", "waiting_human", "paused"])
def test_cancelling_ends_everything_whatever_is_under_way(stage: str):
    driver = planned_run(planned("a"), planned("b", "a"))
    stages: dict[str, Callable[[CoreDriver, str], object]] = {
        "active": begin,
        "awaiting_qa": submit,
        "approved": approve,
        "waiting_human": fail_until_asked,
    }
    if stage in stages:
        stages[stage](driver, "T3")
    if stage == "paused":
        driver.must(c.PauseRun(R1))
    driver.must(c.AskAboutBudget(R1, "1 of 1 USD"))
    driver.must(c.CancelRun(R1, "no longer needed"), ALICE)
    assert driver.run().state == "cancelled"
    assert driver.states() == {"T1": "complete", "T2": "complete", "T3": "abandoned", "T4": "abandoned"}
    assert not driver.board.open_decisions
    assert driver.decision("D1").withdrawn == "the run is cancelled"


def test_a_run_that_is_over_takes_no_order():
    driver = planned_run(planned("a"))
    driver.must(c.CancelRun(R1))
    orders: list[c.Command] = [
        c.CancelRun(R1), c.PauseRun(R1), c.ResumeRun(R1), c.AskAboutBudget(R1, ""), c.FinishRun(R1, oid("tip"), ()),
        c.StartAttempt(TaskId("T3"), oid("base")), c.InterruptTask(TaskId("T3")), c.AbandonTask(TaskId("T3")),
        c.ChangeDependencies(TaskId("T3"), add=(TaskId("T1"),)),
    ]  # fmt: skip
    for order in orders:
        driver.refusal(order)
    assert driver.refusal(c.CancelRun(R1)) == "R1 is over: cancelled"


def test_what_is_not_there_is_refused_with_a_remedy():
    driver = planned_run(planned("a"))
    nowhere, nothing = RunId("R9"), TaskId("T9")
    for order in (c.PauseRun(nowhere), c.ResumeRun(nowhere), c.CancelRun(nowhere)):
        assert driver.refusal(order) == "there is no run R9; `orch list` shows the runs"
    for about in (c.InterruptTask(nothing), c.AbandonTask(nothing), c.ChangeDependencies(nothing)):
        assert driver.refusal(about) == "there is no task T9; `orch show` lists the tasks of a run"
    assert driver.refusal(c.ChangeDependencies(TaskId("T3"), add=(nothing,))) == (
        "there is no task T9 in R1; `orch show R1` lists its tasks"
    )
    assert driver.refusal(c.AnswerDecision(DecisionId("D9"), "retry", ALICE, "now")) == (
        "there is no question D9; `orch status` shows what is open"
    )


@pytest.mark.parametrize("stage", [None, begin, submit, approve])
def test_an_interrupt_asks_a_person_at_once(stage):
    driver = planned_run(planned("a"), planned("b"))
    begin(driver, "T4")
    other = driver.task("T4")
    if stage:
        stage(driver, "T3")
    driver.must(c.InterruptTask(TaskId("T3"), "wrong file"), ALICE)
    assert driver.task("T3").state == "waiting_human"
    assert driver.decision("D1").question == "T3 (Build a) was interrupted: wrong file. What now?"
    assert driver.task("T4") == other
    for attempt in driver.task("T3").attempts:
        assert (attempt.failure, bool(attempt.ended_at)) == ("interrupted", True)
    assert driver.refusal(c.InterruptTask(TaskId("T3"))) == "T3 waits for a person already: answer D1"


def test_a_report_of_a_worker_that_was_cut_off_is_refused():
    driver = planned_run(planned("a"))
    attempt = begin(driver, "T3")
    driver.must(c.InterruptTask(TaskId("T3")))
    assert driver.refusal(c.SubmitWork(TaskId("T3"), attempt, oid("late"), "done")) == "T3 is waiting_human, not active"
    assert driver.refusal(c.FailAttempt(TaskId("T3"), attempt, "lost", "")) == (
        "T3 is waiting_human; only work under way can fail"
    )


def test_abandoning_asks_what_becomes_of_those_that_wait():
    driver = planned_run(planned("a"), planned("b", "a"), planned("c", "b"))
    assert driver.refusal(c.AbandonTask(TaskId("T3"))) == (
        "these tasks wait for T3: T4, T5. Say what becomes of them: cascade (abandon them too), drop (they no longer "
        "wait for it) or replan (a planner replaces them)"
    )
    driver.must(c.AbandonTask(TaskId("T5")), ALICE)
    assert driver.task("T5").reason == "a person gave it up"


def test_cascade_abandons_what_waits_directly_or_through_others():
    driver = planned_run(planned("a"), planned("b", "a"), planned("c", "b"), planned("d"))
    driver.must(c.InterruptTask(TaskId("T5")))
    driver.must(c.AbandonTask(TaskId("T3"), "no use", "cascade"), ALICE)
    assert list(driver.states().values())[2:] == ["abandoned", "abandoned", "abandoned", "ready"]
    assert driver.task("T5").reason == "it depends on T3, which was abandoned"
    assert not driver.board.open_decisions


def test_drop_lets_the_dependents_go_on_without_it():
    driver = planned_run(planned("a"), planned("b", "a"), planned("c", "b", "a"))
    driver.must(c.AbandonTask(TaskId("T3"), dependents="drop"), ALICE)
    assert list(driver.states().values())[2:] == ["abandoned", "ready", "planned"]
    assert driver.task("T5").depends_on == ("T4",)


def test_replan_hands_what_is_lost_to_a_new_planner():
    driver = planned_run(planned("a"), planned("b", "a"), planned("c"))
    driver.must(c.AbandonTask(TaskId("T3"), "too hard", "replan"), ALICE)
    planner = driver.task("T6")
    assert (planner.role, planner.state, planner.title) == ("planner", "ready", "Plan anew around T3")
    assert "T3 was abandoned (too hard)" in planner.description
    assert "- T3: Build a" in planner.description
    assert "- T4: Build b" in planner.description
    assert driver.states()["T4"] == "abandoned"
    assert driver.run().state == "planning"
    plan(driver, "T6", [planned("a2", title="Build a"), planned("b2", "a2", title="Build b")])
    assert driver.run().state == "running"


def test_an_abandoned_question_is_withdrawn():
    driver = planned_run(planned("a"), planned("b"))
    fail_until_asked(driver, "T3")
    driver.must(c.AbandonTask(TaskId("T3")), ALICE)
    assert driver.decision("D1").withdrawn == "the task is abandoned"
    assert driver.run().state == "running"
    assert driver.refusal(c.AbandonTask(TaskId("T3"))) == "T3 is abandoned; it can't be changed any more"


def test_an_abandoned_planner_leaves_the_rest_of_the_plan_going():
    driver = CoreDriver()
    start_run(driver)
    direct(driver, "money", "dates")
    plan(driver, "T2", [planned("a")])
    driver.must(answer_abandon(driver), ALICE)
    assert driver.run().state == "running"
    land(driver, "T4")
    finish(driver)
    assert driver.run().state == "completed"


def answer_abandon(driver: CoreDriver) -> c.AnswerDecision:
    asked = fail_until_asked(driver, "T3")
    return c.AnswerDecision(asked, "abandon", ALICE, "2026-01-01T08:00:00Z")


def test_a_ready_task_waits_again_when_it_is_linked():
    driver = planned_run(planned("a"), planned("b"))
    driver.must(c.ChangeDependencies(TaskId("T4"), add=(TaskId("T3"),)), ALICE)
    assert (driver.task("T4").state, driver.task("T4").depends_on) == ("planned", ("T3",))
    driver.must(c.ChangeDependencies(TaskId("T4"), remove=(TaskId("T3"),)), ALICE)
    assert (driver.task("T4").state, driver.task("T4").depends_on) == ("ready", ())
    driver.must(c.ChangeDependencies(TaskId("T4"), add=(TaskId("T1"), TaskId("T1"))), ALICE)
    assert (driver.task("T4").state, driver.task("T4").depends_on) == ("ready", ("T1",))


def test_approved_is_not_complete_for_those_that_wait():
    driver = planned_run(planned("a"), planned("b"))
    approve(driver, "T3")
    driver.must(c.ChangeDependencies(TaskId("T4"), add=(TaskId("T3"),)), ALICE)
    assert driver.task("T4").state == "planned"
    driver.must(c.RecordLanding(TaskId("T3"), 1, receipt(driver, "T3")))
    assert driver.task("T4").state == "ready"


def test_a_link_that_can_not_hold_is_refused():
    driver = planned_run(planned("a"), planned("b", "a"), planned("c", "b"), planned("d"))
    t3, t5, t6 = TaskId("T3"), TaskId("T5"), TaskId("T6")
    assert driver.refusal(c.ChangeDependencies(t3, add=(t3,))) == (
        "that would close a cycle: T3 -> T3; name another task to wait for"
    )
    assert driver.refusal(c.ChangeDependencies(t3, add=(t5,))) == (
        "that would close a cycle: T3 -> T5 -> T4 -> T3; `unlink T5 T4` first"
    )
    assert driver.refusal(c.ChangeDependencies(t6, remove=(t3,))) == "T6 depends on nothing already"
    driver.must(c.AbandonTask(t6))
    assert driver.refusal(c.ChangeDependencies(t5, add=(t6,))) == "T6 is abandoned; T5 would wait for ever"
    begin(driver, "T3")
    assert driver.refusal(c.ChangeDependencies(t3, add=(TaskId("T1"),))) == (
        "T3 is active: interrupt it before its dependencies change"
    )
    start_run(driver, "Another objective")
    assert driver.refusal(c.ChangeDependencies(t5, add=(TaskId("T7"),))) == (
        "there is no task T7 in R1; `orch show R1` lists its tasks"
    )


def test_runs_do_not_touch_one_another():
    driver = planned_run(planned("a"))
    start_run(driver, "Another objective")
    direct(driver, "dates", task="T4")
    before = driver.run(), driver.task("T3")
    driver.must(c.CancelRun(RunId("R2")))
    assert (driver.run(), driver.task("T3")) == before
    assert driver.run("R2").state == "cancelled"
