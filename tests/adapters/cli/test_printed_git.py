"""Every git command that is printed does the same as what printed it: wherever it is typed, and after the run was put away too."""

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from engine.core import commands as c
from engine.core.entities import CriterionVerdict, Verdict
from engine.core.ids import RunId, TaskId
from engine.store.gitlog import GitLog
from engine.store.layout import file_ref
from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import OPENING, READS, WritingDriver, write
from tests.fakes.core_steps import (
    answer,
    begin,
    direct,
    fail_until_asked,
    finish,
    oid,
    plan,
    planned,
    receipt,
    start_run,
)

PATCH = "runs/R1/logs/T3/a1/diff.patch"


def story() -> WritingDriver:
    """A run that is over: T3 landed, T4 was asked about twice and abandoned."""
    driver = WritingDriver()
    start_run(driver)
    direct(driver, "money")
    plan(driver, "T2", [planned("a", title="Round money half up"), planned("b", title="Draw a logo")])
    attempt = begin(driver, "T3")
    driver.converse("T3", OPENING, READS)
    work = c.SubmitWork(TaskId("T3"), attempt, oid("T3/a1"), "rounds half up", (file_ref(PATCH, b"+ half up\n"),))
    assert not isinstance(driver.do(work, "coder", {PATCH: b"+ half up\n"}), c.Refused)
    verdict = Verdict(passed=True, criteria=(CriterionVerdict(1, passed=True, evidence="exit code 0"),))
    driver.must(c.ApproveWork(TaskId("T3"), attempt, verdict), "strategist")
    proof = receipt(driver, "T3")
    driver.must(c.PrepareLanding(TaskId("T3"), attempt, proof))
    driver.must(c.RecordLanding(TaskId("T3"), attempt, proof))
    driver.must(answer(driver, fail_until_asked(driver, "T4"), "retry"), "slack:T1:U7")
    driver.must(answer(driver, fail_until_asked(driver, "T4"), "abandon"), "cli:ada")
    finish(driver)
    return driver


@pytest.fixture(params=["kept", "put away", "put away and over an epoch"])
def told(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    """A repository with the story, typed in from a folder below its root, and the number of the story's last event."""
    driver = story()
    last = len(driver.entries)
    path = write(tmp_path / "shop", driver)
    if request.param != "kept":
        driver.must(c.SealRun(RunId("R1")))
    start_run(driver, "Another")
    with closing(GitLog.open(path)) as log:
        if request.param == "put away and over an epoch":
            log.append(driver.entries[last : last + 1])
            log.begin_epoch()
            log.append(driver.entries[last + 1 :])
        else:
            log.append(driver.entries[last:])
    (path / "deep").mkdir()
    monkeypatch.chdir(path / "deep")
    return path, last


def typed(command: str) -> str:
    """What a shell prints for the command, in the present folder."""
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout


def printed(out: str) -> list[str]:
    return re.findall(r"git (?:-C \S+ )?(?:log|show|diff) .*", out)


@pytest.mark.parametrize(
    "asked",
    [
        ("log",), ("log", "-n", "5"), ("log", "-n", "0"), ("log", "--run", "R1"), ("log", "--task", "T4", "-n", "3"),
        ("log", "--actor", "coder"), ("log", "--actor", "ada"), ("log", "--actor", "U7 (slack:T1)"),
        ("log", "--actor", "orch strategist"), ("log", "--since", "2026-01-01T00:00:20"), ("history", "T4"),
    ],
)  # fmt: skip
def test_git_prints_the_same_commits_in_the_same_order(orch: Orch, told: tuple[Path, int], asked: tuple[str, ...]):
    said = orch(*asked)
    assert said.code == 0, said.err
    told_by_us = re.findall(r"^ *[0-9]+  ([0-9a-f]{9})", said.out, re.MULTILINE)
    (command,) = printed(said.out)
    assert told_by_us
    assert [line.split()[0][:7] for line in typed(command).splitlines()] == [commit[:7] for commit in told_by_us]


def test_a_task_s_history_has_the_answers_about_it(orch: Orch, told: tuple[Path, int]):
    out = orch("history", "T4").out
    for words in ("D1 of T4 answered by slack:T1:U7", "D2 of T4 answered by cli:ada"):
        assert words in out
    assert "D1" not in orch("history", "T3").out


def test_git_shows_the_same_files(orch: Orch, told: tuple[Path, int]):
    _, last = told
    for name in ("R1", "T3", "T4", "D1", "R2"):
        for asked in (name, f"{name}@{last}") if name != "R2" else (name,):
            out = orch("show", asked).out
            *evidence, file = (command for command in printed(out) if " show " in command)
            found, facts = json.loads(typed(file)), json.loads(orch("show", asked, "--json").out)
            kind = {"R": "run", "T": "task", "D": "decision"}[name[0]]
            # A run that was put away is one file, the archive's.
            alone = found.get(f"{kind}s", [found.get(kind, found)])
            assert facts[kind] in alone
            assert [typed(command) for command in evidence] == (["+ half up\n"] if name == "T3" else [])


def test_git_compares_the_same_runs(orch: Orch, told: tuple[Path, int]):
    _, last = told
    for pair in (("R1@20", "R1"), ("R1@20", f"R1@{last}"), ("R1", "R2")):
        (command,) = printed(orch("diff", *pair).out)
        assert "T3.json" in typed(command)


def test_a_folder_that_is_gone_is_no_obstacle(orch: Orch, told: tuple[Path, int]):
    path, _ = told
    (path / "deep").rmdir()
    (command,) = printed(orch("log", "-n", "1", "-C", path).out)
    assert f"git -C {path} log" in command


def test_what_was_said_is_read_where_it_lies(orch: Orch, told: tuple[Path, int]):
    for asked in (("logs", "T3"), ("logs", "T3", "--follow")):
        said = orch(*asked)
        assert (said.code, "I look first." in said.out) == (0, True), said.err
