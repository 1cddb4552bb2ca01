"""What a union names anew is named so in the engine's own words too, and in nobody else's."""

import pytest

from engine.core import events as e
from engine.core.entities import DecisionKind
from engine.core.ids import DecisionId, RunId, TaskId
from engine.rewording import reworded

NAMES = {"R2": "R3", "T9": "T13", "T10": "T14"}
R3, T13, T14 = RunId("R3"), TaskId("T13"), TaskId("T14")


def asked(question: str, task: TaskId | None = None, evidence: str = "") -> e.HumanAsked:
    topic: DecisionKind = "plan" if evidence else "task"
    return e.HumanAsked(
        R3, decision=DecisionId("D1"), topic=topic, question=question, options=(), task=task, evidence=evidence
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("T9 (Repair T9) failed 5 times, last because T9 is red. What now?", "T13 (Repair T9) failed 5 times, last because T9 is red. What now?"),
        ("T90 (Repair T9) can't go on", "T90 (Repair T9) can't go on"),
        ("Something else about T10", "Something else about T10"),
    ],
)  # fmt: skip
def test_a_question_names_its_task_as_it_is_now_and_keeps_its_title(before: str, after: str):
    assert reworded(asked(before, T13), NAMES) == asked(after, T13)


def test_a_question_about_the_run_names_it_and_its_plan():
    plan = "T9 (coder): Mend T9\nT10 (tester, after T9): T9 (it): x\nand 3 more"
    told = reworded(asked("The plan of R2 has 2 tasks. Shall it begin?", None, plan), NAMES)
    now = "T13 (coder): Mend T9\nT14 (tester, after T13): T9 (it): x\nand 3 more"
    assert told == asked("The plan of R3 has 2 tasks. Shall it begin?", None, now)


@pytest.mark.parametrize(
    ("before", "after"),
    [("T10 replaces T9", "T14 replaces T13"), ("T9 plans it anew", "T13 plans it anew"), ("as T9 was", "as T9 was")],
)
def test_a_reason_is_reworded_where_the_engine_gave_it(before: str, after: str):
    assert reworded(e.TaskAbandoned(R3, task=T13, reason=before), NAMES) == e.TaskAbandoned(R3, task=T13, reason=after)


def test_a_run_that_was_stopped_says_which():
    failed = reworded(e.RunFailed(R3, reason="ada (cli) stopped it: R2 has reached its budget"), NAMES)
    assert failed == e.RunFailed(R3, reason="ada (cli) stopped it: R3 has reached its budget")
