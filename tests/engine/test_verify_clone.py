"""`orch verify` where something is elsewhere: a state branch that is gone, a clone that has the target at its remote alone."""

from copy import copy
from pathlib import Path

import pytest

from engine.core.ids import RunId, TaskId
from engine.workspace.repository import Repository
from tests.engine.proven import ProvenRun, faults, text
from tests.engine.workspace.target import git


@pytest.fixture
def run(tmp_path: Path) -> ProvenRun:
    return ProvenRun(tmp_path / "target").start()


def clone(run: ProvenRun, folder: Path) -> ProvenRun:
    """The run in a clone that has its state branch, and no branch `main` of its own."""
    git(run.repository.path, "clone", "-q", "--no-checkout", ".", str(folder))
    git(folder, "switch", "-q", "-c", "mine", run.board.runs[RunId("R1")].base)
    git(folder, "branch", "-D", "main")
    git(folder, "branch", "orch-state", "origin/orch-state")
    cloned = copy(run)
    cloned.repository = Repository.open(folder)
    return cloned


@pytest.mark.parametrize("is_root_kept", [False, True])
def test_a_state_branch_that_is_gone_is_missed_where_work_landed(run: ProvenRun, is_root_kept: bool):
    run.complete().finish()
    root = git(run.repository.path, "rev-list", "--max-parents=0", "orch-state")
    git(run.repository.path, "update-ref", "-d", "refs/heads/orch-state")
    if is_root_kept:
        git(run.repository.path, "update-ref", "refs/heads/orch-state", root)
    (found,) = faults(run)
    assert found.commit == run.repository.branch_tip("main")
    assert found.problem.startswith("it is a landing of T4 of R1, and there is no run on a state branch here; `orch cl")


def test_a_clone_is_proven_by_the_branch_of_its_remote(run: ProvenRun, tmp_path: Path):
    run.complete().finish()
    cloned = clone(run, tmp_path / "clone")
    assert faults(cloned) == ()
    git(cloned.repository.path, "branch", "main", "mine")
    assert faults(cloned) == ()


def test_a_clone_that_lacks_what_landed_is_told_to_fetch_it(run: ProvenRun, tmp_path: Path):
    cloned = clone(run.complete(TaskId("T3")), tmp_path / "clone")
    run.complete(TaskId("T4")).finish()
    git(cloned.repository.path, "fetch", "-q", "origin", "+orch-state:orch-state", "--refmap=")
    found = text(faults(cloned))
    assert found.count(": fetch main first, or was it rewound?") == 2


def test_a_clone_whose_state_branch_lags_behind_is_told_so(run: ProvenRun, tmp_path: Path):
    cloned = clone(run.complete(TaskId("T3")), tmp_path / "clone")
    run.complete(TaskId("T4"))
    git(cloned.repository.path, "fetch", "-q", "origin")
    assert text(faults(cloned)).endswith(
        "that the state branch has no receipt for; that of origin is another one: `orch sync`"
    )


def test_a_clone_without_its_state_branch_is_told_to_get_it(run: ProvenRun, tmp_path: Path):
    run.complete().finish()
    cloned = clone(run, tmp_path / "clone")
    git(cloned.repository.path, "branch", "-D", "orch-state")
    assert text(faults(cloned)).endswith("there is no run on a state branch here; run `orch clone-state`")
