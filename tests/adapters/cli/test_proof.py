"""`orch verify` ends with 1 on what is not proven, and says where; the engine's own tests cover what it finds."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from adapters.cli import proving
from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import OPENING, WritingDriver, repository, write
from tests.bot.story import middle
from tests.fakes.core_steps import begin, start_run
from tests.fakes.entries import git, lose


def test_a_run_without_landings_is_proven(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    path = write(tmp_path / "shop", driver)
    said = orch("verify", "-C", path)
    assert (said.code, said.out) == (0, "proven from git alone: 3 events, 0 receipts\n")
    assert json.loads(orch("verify", "-C", path, "--json").out) == {"proven": True, "faults": []}


def test_a_receipt_for_a_commit_that_is_not_there_is_a_fault(orch: Orch, tmp_path: Path):
    path = write(tmp_path / "shop", middle(WritingDriver()))
    said = orch("verify", "-C", path)
    assert said.code == 1
    assert "task T4" in said.out
    assert said.out.splitlines()[-1].startswith("not proven: ")
    assert not json.loads(orch("verify", "-C", path, "--json").out)["proven"]


def test_nothing_to_prove_is_fine(orch: Orch, tmp_path: Path):
    said = orch("verify", "-C", repository(tmp_path / "shop"))
    assert (said.code, said.out) == (0, "there is nothing to prove: no run has written a state branch here\n")


def test_version_names_python_too(orch: Orch):
    assert orch("version").out.startswith("orch ")
    assert set(json.loads(orch("version", "--json").out)) == {"orch", "python"}


def test_the_tip_alone_can_be_proven(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    path = write(tmp_path / "shop", driver)
    said = orch("verify", "--tip", "-C", path)
    assert (said.code, said.out) == (0, "proven from git alone: the newest commit of 3 events, 0 receipts\n")


def test_replay_prints_the_board_at_each_step_of_the_run_alone(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver, "First")
    start_run(driver, "Second")
    begin(driver, "T2")
    path = write(tmp_path / "two", driver)
    said = orch("replay", "R2", "-C", path)
    assert said.code == 0
    assert (
        said.out
        == """\
     4  R2 started on main by slack:T1:U7: Second  |  planning
     5  T2 planned for a director by slack:T1:U7: Write the spec and split the work  |  planning: 1 planned
     6  T2 planned -> ready  |  planning: 1 ready
     7  T2 ready -> active (attempt 1) by director  |  planning: 1 active
R2: 4 events, and each commit is as its event leaves it
"""
    )
    lines = [json.loads(line) for line in orch("replay", "r2", "--json", "-C", path).out.splitlines()]
    assert [line.get("seq") for line in lines] == [4, 5, 6, 7, None]
    assert lines[-1] == {"run": "R2", "events": 4, "diverged": None}


def test_replay_names_the_first_commit_that_is_not_as_its_event_leaves_it(orch: Orch, tmp_path: Path):
    path = write(tmp_path / "shop", middle(WritingDriver()))
    said = orch("replay", "R1", "-C", path)
    assert said.code == 1
    assert "diff.patch (ac85f6a8a5) is not in the repository" in said.out
    assert "the replay stops at event 35 (commit " in said.out.splitlines()[-1]
    last = json.loads(orch("replay", "R1", "--json", "-C", path).out.splitlines()[-1])
    assert (last["diverged"]["seq"], last["diverged"]["task"]) == (35, "T4")


def test_a_repository_that_lost_a_folder_is_told_by_name(orch: Orch, own_shop: Path):
    commit, tree = git(own_shop, "rev-parse", "orch-state", "orch-state:runs/R1").split()
    lose(own_shop, tree)
    for proof in (("verify",), ("verify", "--tip"), ("replay", "R1")):
        said = orch(*proof, "-C", own_shop)
        assert (said.code, said.err) == (1, "")
        assert "--tip" not in proof or f"(commit {commit[:10]}): object {tree} is missing" in said.out
    for verb in (("show", "R1"), ("log",), ("status",)):
        said = orch(*verb, "-C", own_shop)
        assert said.code == 2
        assert said.err.startswith(f"orch: commit {commit} of the state branch is broken: its object {tree} is missing")


def test_a_lost_conversation_is_missed_at_the_tip_too(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    begin(driver, "T1")
    driver.converse("T1", OPENING)
    path = write(tmp_path / "shop", driver)
    name = "runs/R1/logs/T1/a1/0001.jsonl"
    lose(path, git(path, "rev-parse", f"orch-state:{name}").strip())
    said = orch("verify", "--tip", "-C", path)
    assert said.code == 1
    assert f"{name}: object " in said.out


def test_replay_names_the_commit_whose_header_cannot_be_read(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    path = write(tmp_path / "shop", driver)
    content = git(path, "cat-file", "commit", "orch-state").replace("author ", "writer ", 1)
    (path / "commit").write_text(content)
    made = git(path, "hash-object", "--literally", "-w", "-t", "commit", "commit").strip()
    git(path, "update-ref", "refs/heads/orch-state", made)
    said = orch("replay", "R1", "-C", path)
    assert said.code == 1
    assert f"commit {made[:10]}: its header has no readable author line" in said.out


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is(shop: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(proving, "EVENTS_A_WORD", 10)
    terminal = Terminal()
    with redirect_stderr(terminal), redirect_stdout(io.StringIO()):
        proving.verify(shop, False, True)
    assert terminal.getvalue().startswith("\r10 events verified ...\x1b[K\r20 events verified ...\x1b[K")
    assert terminal.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize("verb", ["verify", "status", "list", "show", "log"])
def test_a_plain_clone_is_told_where_the_runs_are(orch: Orch, shop: Path, tmp_path: Path, verb: str):
    git(shop, "clone", "--quiet", ".", str(tmp_path / "clone"))
    said = orch(verb, "-C", tmp_path / "clone")
    assert said.code == 0
    assert said.out.endswith("origin has the runs of this repository: `orch clone-state` gets them here\n")
