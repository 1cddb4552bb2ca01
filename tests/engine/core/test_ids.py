"""Names of things: what is read from a label is what it was made of."""

import pytest

from engine.core.ids import RunId, TaskId, attempt_branch, attempt_label, read_label, task_of_label


@pytest.mark.parametrize(("by", "label"), [("", "R1/T3/a12"), ("review", "R1/T3/a12/review")])
def test_a_label_names_the_attempt_and_who_speaks(by: str, label: str):
    assert attempt_label(RunId("R1"), TaskId("T3"), 12, by) == label
    assert read_label(label) == ("R1", "T3", 12, by)
    assert (task_of_label(label), task_of_label("")) == ("T3", "")


def test_an_attempts_branch_is_named_like_it():
    assert attempt_branch(RunId("R1"), TaskId("T3"), 2) == "orch/R1/T3/a2"
