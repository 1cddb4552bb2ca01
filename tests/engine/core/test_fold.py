"""The fold: logs that can't be are refused loudly and change nothing; copies are apart; large graphs drain."""

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard, fold
from engine.core.entities import Answer
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import BrokenHistory, IllegalTransition
from tests.fakes.board_view import facts, indexes, recomputed
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import (
    CONFIG,
    answer,
    approve,
    begin,
    fail_until_asked,
    file,
    land,
    oid,
    planned,
    planned_run,
    receipt,
    start_run,
    submit,
)  # fmt: skip

R1, R2, T3, T4, T9, D1 = RunId("R1"), RunId("R2"), TaskId("T3"), TaskId("T4"), TaskId("T9"), DecisionId("D1")
ANSWER = Answer("retry", "cli:eve", "2026-01-01T08:00:00Z")


def _asked() -> CoreDriver:
    """Run R1 with T3 waiting for a person (D1) and T4 active; run R2 with its director T5 ready."""
    driver = planned_run(planned("a"), planned("b"))
    begin(driver, "T4")
    fail_until_asked(driver, "T3")
    start_run(driver, "Another objective")
    return driver


BROKEN: list[e.AnyEvent] = [
    e.RunStarted(R1, "again", "main", oid("base"), CONFIG, "cli:eve"),
    e.RunPaused(RunId("R7")),
    e.TaskPlanned(RunId("R7"), T9, "nowhere", "coder"),
    e.TaskPlanned(R1, T3, "written over", "coder"),
    e.TaskReadied(R1, T9),
    e.TaskReadied(R2, T4),
    e.AttemptStarted(R2, TaskId("T5"), attempt=2, base=oid("base")),
    e.TurnsLogged(R1, T4, attempt=2, file=file("f"), turns=1),
    e.TurnsLogged(R2, TaskId("T5"), attempt=1, file=file("f"), turns=1),
    e.WorkSubmitted(R1, T4, attempt=7),
    e.HumanAsked(R1, D1, "task", "again?", ("retry",), task=T4),
    e.HumanAsked(R2, DecisionId("D2"), "task", "whose?", ("retry",), task=T4),
    e.HumanAsked(RunId("R7"), DecisionId("D2"), "budget", "whose?", ("stop",)),
    e.DecisionAnswered(R1, DecisionId("D7"), ANSWER),
    e.DecisionAnswered(R2, D1, ANSWER),
    e.DecisionWithdrawn(R1, DecisionId("D7"), "gone"),
]


@pytest.mark.parametrize("event", BROKEN, ids=lambda event: type(event).__name__)
def test_an_event_about_what_is_not_so_stops_the_fold_and_changes_nothing(event: e.AnyEvent):
    driver = _asked()
    before = facts(driver.board)
    with pytest.raises(BrokenHistory):
        driver.append(event)
    assert facts(driver.board) == before


ILLEGAL: list[e.AnyEvent] = [
    e.WorkMerged(R1, T4, attempt=1, receipt=receipt(_asked(), "T4")),
    e.WorkApproved(R1, T4, attempt=1),
    e.ResultAccepted(R1, T4, attempt=1),
    e.AttemptStarted(R1, T3, attempt=6, base=oid("base")),
    e.HumanRetried(R1, TaskId("T1"), D1),
    e.TaskAbandoned(R1, TaskId("T2")),
    e.RunCompleted(R2, oid("tip")),
    e.RunResumed(R2, to="planning"),
]


@pytest.mark.parametrize("event", ILLEGAL, ids=lambda event: type(event).__name__)
def test_a_step_the_table_does_not_have_stops_the_fold_and_changes_nothing(event: e.AnyEvent):
    driver = _asked()
    before = facts(driver.board)
    with pytest.raises(IllegalTransition):
        driver.append(event)
    assert facts(driver.board) == before


def test_a_gap_and_a_repetition_stop_the_fold():
    records = _asked().records
    with pytest.raises(BrokenHistory, match="event 3 follows event 1; expected 2"):
        fold([records[0], *records[2:]])
    with pytest.raises(BrokenHistory, match="event 1 follows event 1; expected 2"):
        fold([records[0], *records])


def test_a_question_is_answered_once():
    driver = _asked()
    driver.must(answer(driver, "D1", "retry"))
    for event in (e.DecisionAnswered(R1, D1, ANSWER), e.DecisionWithdrawn(R1, D1, "late")):
        with pytest.raises(BrokenHistory, match="D1 was answered by "):
            driver.append(event)


def test_folding_in_parts_is_folding_once():
    driver = _asked()
    whole = facts(fold(driver.records))
    assert whole == facts(driver.board)
    for cut in range(len(driver.records) + 1):
        first = fold(driver.records[:cut])
        before = facts(first)
        both = fold(driver.records[cut:], first)
        assert facts(both) == whole
        assert indexes(both) == recomputed(both)
        assert facts(first) == before
        assert indexes(first) == recomputed(first)


def test_a_copy_stays_as_it_is():
    driver = planned_run(planned("a"), planned("b", "a"))
    twin = driver.board.copy()
    before = facts(twin), indexes(twin)
    fail_until_asked(driver, "T3")
    driver.must(answer(driver, "D1", "spawn", "Another way"))
    start_run(driver, "Another objective")
    land(driver, "T5")
    assert (facts(twin), indexes(twin)) == before


def test_what_an_event_touches_is_told():
    driver = _asked()
    board = driver.board.copy()
    told = board.apply(
        e.Record(board.seq + 1, "now", "cli:eve", e.HumanAsked(R1, DecisionId("D2"), "task", "?", ("retry",), T4))
    )
    assert (told.run, told.task, told.decision) == (None, T4, "D2")
    told = board.apply(e.Record(board.seq + 1, "now", "cli:eve", e.RunPaused(R1)))
    assert (told.run, told.task, told.decision) == (R1, None, None)


@pytest.mark.parametrize("stage", [begin, submit, approve])
def test_abandoning_ends_the_attempt_under_way(stage):
    driver = planned_run(planned("a"), planned("b"))
    stage(driver, "T3")
    driver.must(c.AbandonTask(T3, "no use"))
    attempt = driver.task("T3").attempts[0]
    assert (attempt.failure, attempt.detail, attempt.ended_at) == (
        "interrupted",
        "no use",
        driver.task("T3").finished_at,
    )


def test_a_failed_attempt_stays_as_it_failed_when_its_task_is_abandoned():
    driver = planned_run(planned("a"), planned("b"))
    fail_until_asked(driver, "T3")
    last = driver.task("T3").attempts[-1]
    driver.must(answer(driver, "D1", "abandon"))
    assert driver.task("T3").attempts[-1] == last


def _graph(*edges: tuple[int, ...]) -> CoreDriver:
    """A run whose tasks T2 and on depend on one another as the edges say; the director is through."""
    driver = CoreDriver()
    start_run(driver)
    begin(driver, "T1")
    for number, depends_on in enumerate(edges, start=2):
        after = tuple(TaskId(f"T{other}") for other in depends_on)
        driver.append(e.TaskPlanned(R1, TaskId(f"T{number}"), f"Build {number}", "coder", depends_on=after))
    driver.append(e.WorkSubmitted(R1, TaskId("T1"), attempt=1))
    driver.append(e.WorkApproved(R1, TaskId("T1"), attempt=1))
    driver.append(e.ResultAccepted(R1, TaskId("T1"), attempt=1))
    driver.append(e.RunMoved(R1, "running"))
    for number, depends_on in enumerate(edges, start=2):
        if not depends_on:
            driver.append(e.TaskReadied(R1, TaskId(f"T{number}")))
    return driver


def _drain(driver: CoreDriver) -> int:
    """Land whatever is ready until nothing is; how many landed."""
    landed = 0
    while ready := list(driver.board.in_state["ready"]):
        for name in ready:
            land(driver, name)
        landed += len(ready)
    return landed


def test_a_chain_of_a_thousand_tasks_drains():
    driver = _graph((), *((number,) for number in range(2, 1_001)))
    assert driver.board.count(R1, "planned") == 999
    assert _drain(driver) == 1_000
    driver.must(c.FinishRun(R1, oid("tip"), ()))
    assert driver.run().state == "completed"


def test_three_thousand_parallel_tasks_drain():
    driver = _graph(*((),) * 3_000)
    assert _drain(driver) == 3_000
    assert indexes(driver.board) == recomputed(driver.board)
    driver.must(c.FinishRun(R1, oid("tip"), ()))
    assert driver.run().state == "completed"


def test_an_empty_log_is_an_empty_board():
    assert facts(fold([])) == facts(Blackboard())
