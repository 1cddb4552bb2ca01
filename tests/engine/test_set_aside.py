"""What can't follow the other engine's events is set aside, and people are asked about it."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import Spend
from engine.core.ids import DecisionId, RunId, TaskId
from engine.ledger import carry_out
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.layout import attempt_folder, file_ref
from tests.engine.apart import NOW_MS, Clone, board, clone, put_together
from tests.engine.core import laws
from tests.engine.proven import ProvenRun

R1, T3, T4 = RunId("R1"), TaskId("T3"), TaskId("T4")


def test_what_cannot_follow_is_set_aside_and_a_person_is_asked(ours: ProvenRun, theirs: Clone):
    theirs.complete(T3)
    ours.approve(T3)
    united = put_together(ours)
    assert united.set_aside == 4
    found = board(ours)
    assert found.tasks[T3].state == "complete"
    (question,) = found.open_decisions.values()
    assert (question.kind, question.run, question.options) == ("apart", R1, ("keep", "stop"))
    assert "4 events of one can't follow the other's" in question.question
    with closing(GitLog.open(ours.repository.path)) as log:
        kept = [event for one in log.entries() if isinstance(event := e.decode(one.event), e.EventSetAside)]
    assert [type(e.decode(one.event)).__name__ for one in kept] == [
        "AttemptStarted", "TurnsLogged", "WorkSubmitted", "WorkApproved"
    ]  # fmt: skip
    answer = c.AnswerDecision(question.id, "keep", "cli:ada", "2026-01-01T00:00:00Z")
    entries: list[Entry] = []
    assert not isinstance(carry_out(found, answer, "cli:ada", {}, NOW_MS, entries), c.Refused)
    assert found.open_decisions == {}


def test_two_answers_to_one_question_are_one_answer_and_one_set_aside(ours: ProvenRun, theirs: Clone):
    def answered(run: ProvenRun, by: str) -> None:
        said = "the other one" if by == "cli:bob" else ""
        run.give(c.AnswerDecision(DecisionId("D1"), "stop", by, "2026-01-01T00:00:00Z", changes=said), by)

    ours.give(c.AskAboutBudget(R1, "0.00 USD left"))
    shutil.rmtree(theirs.repository.path)
    theirs = Clone(ours, theirs.repository.path)
    answered(theirs, "cli:ada")
    answered(ours, "cli:bob")
    put_together(ours)
    found = board(ours)
    answer = found.decisions[DecisionId("D1")].answer
    assert answer is not None
    assert answer.by == "cli:ada"
    assert found.decisions[DecisionId("D2")].options == ("keep",), "the run is over"
    told = found.decisions[DecisionId("D2")].evidence.split("\n")[0]
    said = "2026-02-02 02:40 UTC: D1 answered by cli:bob: stop: the other one"
    assert told.startswith(f"{said}; it can't follow, since D1 was answered by cli:ada (")


def test_the_question_about_what_was_set_aside_is_short_and_begins_with_people(ours: ProvenRun, theirs: Clone):
    theirs.complete(T3)
    ours.give(c.StartAttempt(T3, ours.repository.branch_tip("main")), "coder")
    for number in range(1, 15):
        batch = file_ref(f"{attempt_folder(R1, T3, 1)}/{number:04}.jsonl", b"{}\n")
        ours.give(c.LogTurns(T3, 1, batch, 3, Spend(10)), "coder", {batch.path: b"{}\n"})
    ours.give(c.InterruptTask(T3, "not so"), "cli:ada")
    put_together(ours)
    (question,) = board(ours).open_decisions.values()
    lines = question.evidence.split("\n")
    assert "T3 by cli:ada: D1 asks: it was interrupted: not so. What now?; it can't follow, since T3" in lines[0]
    assert lines[11:] == ["and 5 more, each in `orch log`"]


def interrupted(run: ProvenRun) -> None:
    run.give(c.InterruptTask(T4), "cli:ada")


def begun(run: ProvenRun) -> None:
    run.complete(T3)
    run.give(c.StartAttempt(T4, run.repository.branch_tip("main")), "coder")


def linked(run: ProvenRun) -> None:
    run.give(c.ChangeDependencies(T4, add=(TaskId("T5"),)), "cli:ada")


@pytest.mark.parametrize(
    ("there", "state"),
    [(interrupted, "waiting_human"), (begun, "active"), (linked, "planned")],
)
def test_a_task_that_is_ready_here_stays_what_it_is_there(
    tmp_path: Path, there: Callable[[ProvenRun], None], state: str
):
    ours = ProvenRun(tmp_path / "ours").start(tasks=3)
    ours.give(c.ChangeDependencies(T4, add=(T3,)), "cli:ada")
    theirs = clone(ours, tmp_path / "theirs")
    there(theirs)
    ours.complete(T3)
    put_together(ours)
    assert board(ours).tasks[T4].state == state
    laws.questions_match_waiting_tasks(board(ours))


def test_a_retry_takes_no_task_from_the_person_who_is_asked_about_it_there(ours: ProvenRun, tmp_path: Path):
    ours.give(c.StartAttempt(T4, ours.repository.branch_tip("main")), "coder")
    theirs = clone(ours, tmp_path / "theirs")
    interrupted(theirs)
    ours.give(c.FailAttempt(T4, 1, "tests_red", "1 failed"))
    united = put_together(ours)
    assert united.set_aside == 2
    assert board(ours).tasks[T4].state == "waiting_human"
    laws.questions_match_waiting_tasks(board(ours))
