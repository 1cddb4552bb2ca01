"""Recovery: what a start does about the end before it, and which branches must stay."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import Attempt, FailureKind, RunConfig, Task, TaskState
from engine.core.ids import RunId, TaskId
from engine.core.lifecycle import UNFINISHED
from engine.housekeeping import Housekeeper
from engine.ledger import Ledger
from engine.recovery import delete_stale_branches, load_board, needed_branches, refuse_broken
from engine.store.gitlog import GitLog
from engine.store.memory import MemoryLog
from engine.workspace.repository import Repository
from tests.engine.jobs import NOW
from tests.engine.proven import ProvenRun
from tests.fakes.jumping import LoopClock


def board_with(state: TaskState, *attempts: Attempt) -> Blackboard:
    board = Blackboard()
    board.put_task(Task(TaskId("T3"), RunId("R1"), "Mend", "coder", state, NOW, NOW, attempts=attempts))
    return board


def test_the_branch_of_work_under_review_in_the_train_or_before_a_person_stays():
    for state in ("active", "awaiting_qa", "approved", "waiting_human"):
        assert needed_branches(board_with(state, Attempt(1, "b", NOW))) == {"orch/R1/T3/a1"}


def test_the_branches_of_attempts_that_are_over_go():
    first, second = Attempt(1, "b", NOW, ended_at=NOW), Attempt(2, "b", NOW)
    assert needed_branches(board_with("active", first, second)) == {"orch/R1/T3/a2"}
    assert needed_branches(board_with("ready", first)) == set()
    assert needed_branches(board_with("complete", first)) == set()


@pytest.mark.parametrize("failure", ["conflict", "suspended"])
@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_work_that_the_next_attempt_begins_with_stays_until_the_task_is_over(
    state: TaskState, failure: Literal["conflict", "suspended"]
):
    first = Attempt(1, "b", NOW, ended_at=NOW, commit="c", failure=failure)
    cut = Attempt(2, "b", NOW, ended_at=NOW, failure="interrupted")
    assert "orch/R1/T3/a1" in needed_branches(board_with(state, first, cut))
    assert needed_branches(board_with("abandoned", first, cut)) == set()


@pytest.mark.parametrize("failure", ["stuck", "timeout", "wrong_result", "tests_red", "qa_rejected", "suspended"])
def test_work_that_only_conflicts_stays_whatever_becomes_of_the_mergers_attempts(failure: FailureKind):
    first = Attempt(1, "b", NOW, ended_at=NOW, commit="c", failure="conflict")
    merger = Attempt(2, "b", NOW, ended_at=NOW, commit="d", failure=failure)
    assert "orch/R1/T3/a1" in needed_branches(board_with("ready", first, merger))
    assert needed_branches(board_with("complete", first, merger)) == set()


def test_only_branches_of_attempts_are_deleted(calc: Repository):
    tip = calc.branch_tip("main")
    for name in ("orch/R1/T3/a1", "orch/R1/T3/a2", "orch/mine", "orchard"):
        calc.set_branch(name, tip)
    first, second = Attempt(1, "b", NOW, ended_at=NOW), Attempt(2, "b", NOW)
    delete_stale_branches(calc, lambda: board_with("active", first, second))
    assert set(calc.branches("")) == {"main", "orch/R1/T3/a2", "orch/mine", "orchard"}


def test_a_branch_that_appears_during_a_sweep_is_judged_by_the_board_of_then(calc: Repository):
    calc.set_branch("orch/R1/T3/a1", calc.branch_tip("main"))
    listed: list[str] = []
    known = calc.branches

    class Watched(Repository):
        def branches(self, prefix):
            listed.append(prefix)
            return known(prefix)

    def board() -> Blackboard:
        assert listed, "the board was looked at before the branches"
        return board_with("active", Attempt(1, "b", NOW))

    delete_stale_branches(Watched(calc.path, calc.git_dir), board)
    assert "orch/R1/T3/a1" in known("orch/")


def test_a_sweep_that_fails_stops_nothing_and_the_next_one_does_it(calc: Repository):
    class Locked(Repository):
        is_locked = True

        def delete_branch(self, name):
            if self.is_locked:
                raise OSError("failed to lock")
            super().delete_branch(name)

    repository = Locked(calc.path, calc.git_dir)
    repository.set_branch("orch/R1/T3/a1", calc.branch_tip("main"))
    keeper = Housekeeper(Ledger(MemoryLog(), Blackboard(), LoopClock(), str), repository)
    asyncio.run(keeper.sweep())
    assert "orch/R1/T3/a1" in calc.branches("")
    repository.is_locked = False
    asyncio.run(keeper.sweep())
    assert "orch/R1/T3/a1" not in calc.branches("")


def test_a_board_is_read_from_one_commit_while_the_engine_goes_on(tmp_path: Path):
    run = ProvenRun(tmp_path / "target").start()
    run.complete().finish()

    class Late(GitLog):
        def files(self, *, at: str | None = None, under: str = "", suffix: str = "") -> Iterator[tuple[str, bytes]]:
            if under == "runs":
                run.give(c.SealRun(RunId("R1")))
            yield from super().files(at=at, under=under, suffix=suffix)

    seq = run.board.seq
    board = load_board(Late.open(run.repository.path))
    assert (board.seq, list(board.runs), run.board.seq > seq) == (seq, ["R1"], True)


def test_what_an_engine_wrote_is_taken_from_any_of_its_events_on(tmp_path: Path):
    run = ProvenRun(tmp_path / "target").start().complete().finish()
    run.log.begin_epoch()
    run.give(c.SealRun(RunId("R1")))
    run.give(c.StartRun("more", "main", run.repository.branch_tip("main"), RunConfig("pilot"), "cli:ada"), "cli:ada")
    for fork in (None, *run.log.entries()):
        refuse_broken(run.log, fork)
