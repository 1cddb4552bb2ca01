"""The transition tables: every pair of states, legal or not; and ids and limits that hang on them."""

import itertools

import pytest

from engine.core.entities import RunState, TaskState
from engine.core.ids import number, shard
from engine.core.lifecycle import RUN, RUN_OVER, TASK, UNFINISHED, IllegalTransition, check_run, check_task

# As the design page draws it; `waiting_human` and `abandoned` are reached from more states by a person's order.
LEGAL_TASK_STEPS = """
planned: ready waiting_human abandoned
ready: active planned waiting_human abandoned
active: awaiting_qa failed planned waiting_human abandoned
awaiting_qa: approved failed waiting_human abandoned
approved: complete failed waiting_human abandoned
failed: ready waiting_human abandoned
waiting_human: planned awaiting_qa approved abandoned
complete:
abandoned:
"""
LEGAL_RUN_STEPS = """
planning: running paused waiting_human failed cancelled
running: planning paused waiting_human completed failed cancelled
paused: running failed cancelled
waiting_human: planning running paused failed cancelled
completed:
failed:
cancelled:
"""


def _rows(table: str) -> dict[str, set[str]]:
    rows = (line.partition(":") for line in table.split("\n") if line)
    return {state: set(after.split()) for state, _, after in rows}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(TASK, TASK)))
def test_a_task_takes_exactly_the_steps_of_the_design(before: TaskState, after: TaskState):
    if after in _rows(LEGAL_TASK_STEPS)[before]:
        check_task("T1", before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"T1: {before} -> {after} is not possible; "):
            check_task("T1", before, after)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(RUN, RUN)))
def test_a_run_takes_exactly_the_steps_of_the_design(before: RunState, after: RunState):
    if after in _rows(LEGAL_RUN_STEPS)[before]:
        check_run("R1", before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"R1: {before} -> {after} is not possible; "):
            check_run("R1", before, after)


def test_an_illegal_step_names_what_is_possible():
    with pytest.raises(IllegalTransition, match="possible: abandoned, ready, waiting_human"):
        check_task("T1", "failed", "complete")
    with pytest.raises(IllegalTransition, match="it is over"):
        check_task("T1", "complete", "ready")


def test_what_is_over_is_over():
    assert set(TASK) - UNFINISHED == {"complete", "abandoned"}
    assert {"completed", "failed", "cancelled"} == RUN_OVER


def test_a_folder_per_higher_digit():
    assert [shard(name) for name in ("T7", "T12", "T1234")] == ["", "1", "1/2/3"]
    assert number("T1234") == 1234
