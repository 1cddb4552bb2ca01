"""`orch sync` and `orch clone-state` between two clones."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from adapters.wiring import read_board
from engine.core import commands as c
from engine.core.entities import Criterion
from engine.core.ids import RunId, TaskId
from engine.ledger import carry_out
from engine.recovery import delete_stale_branches, load_board
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.workspace.repository import Repository
from tests.adapters.cli.conftest import Orch, Said
from tests.adapters.cli.written import START_MS, repository
from tests.fakes.entries import git, new_repository


def carried_out(log: GitLog, command: c.Command) -> list[Entry]:
    entries: list[Entry] = []
    told = carry_out(load_board(log), command, "cli:ann", {}, START_MS, entries)
    assert not isinstance(told, c.Refused), told.reason
    return entries


def append(path: Path, command: c.Command, *, epoch: bool = False) -> str:
    with closing(GitLog.open(path)) as log:
        if epoch:
            log.begin_epoch()
        return log.append(carried_out(log, command))


def told(said: Said) -> str:
    """Without the git command, which names the folder."""
    events, command, _ = said.out.partition("with git: ")
    assert command
    return events


@pytest.fixture
def remote(own_shop: Path, tmp_path: Path) -> Path:
    path = new_repository(tmp_path / "remote.git", "--bare", "--initial-branch=main")
    git(own_shop, "remote", "add", "origin", str(path))
    git(own_shop, "push", "--quiet", "origin", "main")
    return path


def test_a_laptop_gets_the_whole_post_mortem(orch: Orch, own_shop: Path, remote: Path, tmp_path: Path):
    assert orch("sync", "-C", own_shop).out.startswith("origin has orch-state as it is here, at refs/heads/orch-state")
    assert "is the same here" in orch("sync", "-C", own_shop).out
    git(tmp_path, "clone", "--quiet", str(remote), "laptop")
    said = orch("clone-state", "-C", tmp_path / "laptop")
    assert said.out.startswith("orch-state is now as origin has it: 64 events\nread it with `orch log`")
    assert told(orch("history", "T8", "-C", tmp_path / "laptop")) == told(orch("history", "T8", "-C", own_shop))
    assert "T8" in git(tmp_path / "laptop", "log", "-1", "--format=%s", "orch-state")


def test_quietly_no_list_of_branches_shows_it(orch: Orch, own_shop: Path, remote: Path, tmp_path: Path):
    orch("sync", "--quiet", "-C", own_shop)
    git(tmp_path, "clone", "--quiet", str(remote), "laptop")
    assert "orch-state" not in git(tmp_path / "laptop", "branch", "--all")
    said = orch("clone-state", "-C", tmp_path / "laptop")
    assert (said.code, "try with --quiet" in said.err) == (2, True)
    assert json.loads(orch("clone-state", "--quiet", "--json", "-C", tmp_path / "laptop").out)["events"] == 64


def test_epochs_come_along_where_git_has_the_branch_already(orch: Orch, own_shop: Path, remote: Path, tmp_path: Path):
    orch("pause", "R1", "-C", own_shop)
    append(own_shop, c.ResumeRun(RunId("R1")), epoch=True)
    orch("sync", "-C", own_shop)
    for command in ("clone-state", "sync"):
        laptop = tmp_path / command
        git(tmp_path, "clone", "--quiet", str(remote), command)
        git(laptop, "fetch", "--quiet", "origin", "orch-state:orch-state")
        assert "is the same here" in orch(command, "-C", laptop).out
        assert told(orch("history", "T3", "-C", laptop)) == told(orch("history", "T3", "-C", own_shop))


def test_a_relative_address_is_resolved_as_git_does(orch: Orch, own_shop: Path, remote: Path, tmp_path: Path):
    git(own_shop, "remote", "set-url", "origin", "../remote.git")
    assert "origin has orch-state as it is here" in orch("sync", "-C", own_shop).out
    (tmp_path / "bare").mkdir()
    git(tmp_path, "clone", "--quiet", "--bare", str(remote), "bare/mirror.git")
    git(tmp_path / "bare" / "mirror.git", "remote", "set-url", "origin", "../../remote.git")
    assert "is the same here" in orch("sync", "-C", tmp_path / "bare" / "mirror.git").out


def test_the_place_is_said_in_orch_toml(orch: Orch, own_shop: Path, remote: Path):
    git(own_shop, "remote", "rename", "origin", "mirror")
    (own_shop / "orch.toml").write_text('[state]\npush = "mirror"\nquiet = true\n')
    git(own_shop, "add", ".")
    git(own_shop, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "settings")
    assert json.loads(orch("sync", "--json", "-C", own_shop).out)["ref"] == "refs/orch/state"
    assert "refs/orch/state" in git(remote, "for-each-ref")


def test_two_sides_that_worked_apart_are_put_together_and_pushed(
    orch: Orch, own_shop: Path, remote: Path, tmp_path: Path
):
    orch("sync", "-C", own_shop)
    git(tmp_path, "clone", "--quiet", str(remote), "laptop")
    orch("clone-state", "-C", tmp_path / "laptop")
    orch("decide", "D1", "retry", "-C", own_shop)
    orch("sync", "-C", own_shop)
    orch("pause", "R1", "-C", tmp_path / "laptop")
    orch("decide", "D1", "abandon cascade", "-C", tmp_path / "laptop")
    said = orch("sync", "-C", tmp_path / "laptop")
    assert said.out.startswith("both sides had worked apart: ")
    assert "could not follow; `orch status` shows the question about it" in said.out
    assert "origin has orch-state as it is here" in said.out
    orch("sync", "-C", own_shop)
    assert git(own_shop, "rev-parse", "orch-state") == git(tmp_path / "laptop", "rev-parse", "orch-state")
    left = git(own_shop, "for-each-ref", "--format=%(objectname)", "refs/orch/apart/")
    assert left
    assert left == git(tmp_path / "laptop", "for-each-ref", "--format=%(objectname)", "refs/orch/apart/")
    assert "Two engines worked on R1 apart" in orch("status", "-C", own_shop).out


def test_work_that_waits_for_review_is_kept_under_its_new_name(
    orch: Orch, own_shop: Path, remote: Path, tmp_path: Path
):
    orch("sync", "-C", own_shop)
    git(tmp_path, "clone", "--quiet", str(remote), "laptop")
    laptop, name = tmp_path / "laptop", TaskId("T11")
    orch("clone-state", "-C", laptop)
    for side, title in ((own_shop, "Another part"), (laptop, "A part of ours")):
        criteria = (Criterion("it is done", "test -e done"),)
        append(side, c.AddTask(RunId("R1"), title, criteria=criteria))
    base, who = git(laptop, "rev-parse", "HEAD").strip(), ("-c", "user.name=A", "-c", "user.email=a@b")
    work = git(laptop, *who, "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "work").strip()
    git(laptop, "branch", "orch/R1/T11/a1", work)
    append(laptop, c.StartAttempt(name, base))
    append(laptop, c.SubmitWork(name, 1, work, "done"))
    orch("sync", "-C", own_shop)
    assert "T11 is now T12" in orch("sync", "-C", laptop).out
    repository = Repository.open(laptop)
    delete_stale_branches(repository, lambda: read_board(laptop))
    assert repository.branches("orch/") == {"orch/R1/T12/a1": work}


def spoilt(there: Path, kind: str) -> None:
    """Let somebody add a commit to the branch that no engine writes."""
    tree, message = git(there, "rev-parse", "orch-state^{tree}").strip(), "hello"
    if kind == "tampered":
        # The trailers of an honest event, beside other files than it leaves.
        append(there, c.PauseRun(RunId("R1")))
        message = git(there, "log", "-1", "--format=%B", "orch-state")
        tip = git(there, "rev-parse", "orch-state~1").strip()
        git(there, "update-ref", "refs/heads/orch-state", tip)
    who = ("-c", "user.name=Eve", "-c", "user.email=eve@example.org")
    made = git(there, *who, "commit-tree", tree, "-p", "orch-state", "-m", message).strip()
    git(there, "update-ref", "refs/heads/orch-state", made)
    git(there, "push", "--quiet", "origin", "orch-state")


@pytest.mark.parametrize("kind", ["hello", "tampered"])
@pytest.mark.parametrize("before", ["nothing", "behind", "apart"])
def test_a_branch_that_no_engine_wrote_is_not_taken_over(
    orch: Orch, own_shop: Path, remote: Path, tmp_path: Path, kind: str, before: str
):
    orch("sync", "-C", own_shop)
    laptop = tmp_path / "laptop"
    git(tmp_path, "clone", "--quiet", str(remote), "laptop")
    if before != "nothing":
        orch("clone-state", "-C", laptop)
    if before == "apart":
        orch("pause", "R1", "-C", laptop)
    tip = git(laptop, "for-each-ref", "refs/heads/orch-state")
    spoilt(own_shop, kind)
    said = orch("sync", "-C", laptop)
    assert (said.code, said.out) == (2, "")
    assert "what origin has as orch-state is not what an engine writes: " in said.err
    assert git(laptop, "for-each-ref", "refs/heads/orch-state") == tip
    assert "0 events" not in orch("status", "-C", own_shop).out


def test_beside_a_running_engine_sync_only_pushes_and_clone_state_does_nothing(
    orch: Orch, own_shop: Path, remote: Path
):
    with EngineLock(own_shop, since_ms=0):
        assert orch("sync", "-C", own_shop).code == 0
        assert "another engine works on this repository" in orch("clone-state", "-C", own_shop).err
    assert "refs/heads/orch-state" in git(remote, "for-each-ref")


def test_what_a_killed_engine_had_no_time_to_publish_goes_along(
    orch: Orch, own_shop: Path, remote: Path, tmp_path: Path
):
    orch("sync", "-C", own_shop)
    with EngineLock(own_shop, since_ms=0):
        killed = GitLog.open(own_shop)
        killed.write_ahead()
        # As an engine that is killed: durable, and never published or closed.
        tip = killed.append(carried_out(killed, c.PauseRun(RunId("R1"))))
    assert git(own_shop, "rev-parse", "orch-state").strip() != tip
    orch("sync", "-C", own_shop)
    assert git(remote, "rev-parse", "orch-state").strip() == git(own_shop, "rev-parse", "orch-state").strip() == tip


@pytest.mark.parametrize("name", ["ext::sh -c x", "../elsewhere", "--upload-pack=x"])
def test_an_address_is_no_remote(orch: Orch, own_shop: Path, name: str):
    assert "is no name of a git remote" in orch("sync", f"--remote={name}", "-C", own_shop).err


def test_a_remote_that_does_not_exist_is_a_sentence(orch: Orch, tmp_path: Path):
    said = orch("sync", "-C", repository(tmp_path / "alone"))
    assert (said.code, "origin" in said.err) == (2, True)
