"""Gates and checks run in a real cell on real test suites."""

import asyncio
import os
import shlex
import sys
from pathlib import Path

import pytest

from engine.cell.sandbox import CellFactory, probe
from engine.cell.types import CellSpec
from engine.core.entities import GateSpec
from engine.gates.judge import regressions
from engine.gates.run import MAX_OUTPUT_CHARS, CheckResult, GateResult, run_check, run_gate
from engine.workspace.worktree import REPORT_NAME

PYTEST = f"{shlex.quote(sys.executable)} -m pytest -q -p no:cacheprovider"
TESTS = "def test_good(): assert 1\ndef test_bad(): assert 0\n"


def spec(folder: Path) -> CellSpec:
    return CellSpec(worktree=folder, private_gitdir=None, repository=Path.cwd(), hidden=())


def show(folder: Path, gate: GateSpec) -> GateResult:
    async def main() -> GateResult:
        cell = await CellFactory(probe()).open(spec(folder))
        try:
            return await run_gate(cell, gate, worktree=folder)
        finally:
            await cell.close()

    return asyncio.run(main())


def check(folder: Path, command: str, timeout_s: float = 20) -> CheckResult:
    async def main() -> CheckResult:
        cell = await CellFactory(probe()).open(spec(folder))
        try:
            return await run_check(cell, command, timeout_s)
        finally:
            await cell.close()

    return asyncio.run(main())


def test_a_pytest_gate_reports_each_test_and_leaves_no_report(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(TESTS)
    result = show(tmp_path, GateSpec("tests", PYTEST))
    assert result.exit_code == 1
    assert not result.green
    assert result.tests == {"test_x::test_good": "passed", "test_x::test_bad": "failed"}
    assert "1 failed, 1 passed" in result.output
    assert not (tmp_path / REPORT_NAME).exists()


def test_a_suite_without_tests_is_not_green(tmp_path: Path) -> None:
    result = show(tmp_path, GateSpec("tests", PYTEST))
    assert result.exit_code == 5
    assert not result.green


def test_other_gates_are_known_by_their_exit_code(tmp_path: Path) -> None:
    fine = show(tmp_path, GateSpec("lint", "exit 0"))
    assert fine == GateResult("lint", "exit 0", 0, duration_s=fine.duration_s)
    assert fine.green
    assert show(tmp_path, GateSpec("lint", "exit 3")).exit_code == 3


def test_a_gate_names_the_report_that_its_command_writes(tmp_path: Path) -> None:
    xml = "<testsuite><testcase classname='a' name='b'/></testsuite>"
    gate = GateSpec("tests", f'mkdir -p out && echo "{xml}" > out/r.xml', junit="out/r.xml")
    assert show(tmp_path, gate).tests == {"a::b": "passed"}
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("planted", ["file", "symlink", "pipe"])
def test_a_planted_report_is_never_believed(tmp_path: Path, planted: str) -> None:
    forged = "<testsuite><testcase classname='forged' name='x'/></testsuite>"
    report = tmp_path / REPORT_NAME
    if planted == "file":
        report.write_text(forged)
    if planted == "symlink":
        (tmp_path / "forged").write_text(forged)
        report.symlink_to(tmp_path / "forged")
    if planted == "pipe":
        os.mkfifo(report)
    result = show(tmp_path, GateSpec("tests", "true pytest"))
    assert result.tests is None
    assert "no report" in result.note


def test_a_report_behind_a_symlink_a_pipe_or_an_unremovable_name_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.xml"
    outside.write_text("<testsuite><testcase classname='forged' name='x'/></testsuite>")
    tree = tmp_path / "tree"
    tree.mkdir()
    linking = show(tree, GateSpec("tests", f"ln -s {outside} r.xml", junit="r.xml"))
    piping = show(tree, GateSpec("tests", "mkfifo p.xml", junit="p.xml"))
    escaping = show(tree, GateSpec("tests", "true", junit="../outside.xml"))
    (tree / "d.xml").mkdir()
    blocked = show(tree, GateSpec("tests", "true", junit="d.xml"))
    assert [result.tests for result in (linking, piping, escaping, blocked)] == [None] * 4
    assert "was not read" in linking.note
    assert "not a regular file" in piping.note
    assert "not a path below the worktree" in escaping.note
    assert "cannot be removed" in blocked.note
    assert outside.exists()


def test_a_report_that_is_no_xml_is_no_report(tmp_path: Path) -> None:
    result = show(tmp_path, GateSpec("tests", "echo '<!DOCTYPE x>' > r.xml", junit="r.xml"))
    assert result.tests is None
    assert "DOCTYPE" in result.note


@pytest.mark.parametrize(
    "command", ["no-such-command-anywhere", "./not-executable", f"{shlex.quote(sys.executable)} -m nose2"]
)
def test_a_gate_that_cannot_start_says_so(tmp_path: Path, command: str) -> None:
    (tmp_path / "not-executable").write_text("")
    result = show(tmp_path, GateSpec("tests", command))
    assert result.cannot_start
    assert not result.green


NO_TOOL = "import subprocess, sys, unittest\nclass T(unittest.TestCase):\n def test_t(self):\n  "
NO_TOOL += "self.assertEqual(subprocess.run([sys.executable, '-m', 'mytool']).returncode, 0)\n"


@pytest.mark.parametrize(
    "command", [f"{sys.executable} -m mytool", f"{sys.executable} -m unittest -q test_x", f"{PYTEST} -s"]
)
def test_a_tool_that_is_not_written_yet_is_red_and_not_unable_to_start(tmp_path: Path, command: str) -> None:
    (tmp_path / "test_x.py").write_text(NO_TOOL)
    result = check(tmp_path, command)
    assert (result.exit_code, result.cannot_start) == (1, False)


def test_a_command_that_no_process_can_be_given_cannot_start(tmp_path: Path) -> None:
    result = check(tmp_path, "echo \0")
    assert result.cannot_start
    assert not result.green


def test_a_time_out_is_not_green_and_not_a_failure_to_start(tmp_path: Path) -> None:
    result = check(tmp_path, "while :; do :; done", timeout_s=0.5)
    assert result.timed_out
    assert not result.green
    assert not result.cannot_start


def test_the_end_of_a_long_output_is_kept(tmp_path: Path) -> None:
    result = check(tmp_path, f"{shlex.quote(sys.executable)} -c \"print('x' * 20000 + 'END')\"")
    assert result.green
    assert result.output.rstrip().endswith("END")
    assert len(result.output) < MAX_OUTPUT_CHARS + 100
    assert "characters left out" in result.output


def test_a_suite_that_gets_worse_is_a_regression_and_one_that_gets_better_is_not(tmp_path: Path) -> None:
    suite = tmp_path / "test_x.py"
    gate = GateSpec("tests", PYTEST)
    suite.write_text("def test_a(): assert 0\ndef test_b(): assert 0\ndef test_c(): assert 1\n")
    red = show(tmp_path, gate)
    suite.write_text("def test_a(): assert 1\ndef test_b(): assert 0\ndef test_c(): assert 1\n")
    better = show(tmp_path, gate)
    suite.write_text("def test_a(): assert 1\ndef test_b(): assert 1\ndef test_c(): assert 0\n")
    worse = show(tmp_path, gate)
    assert regressions(red, better) == ()
    assert regressions(better, worse) == ("tests: test_x::test_c passed, now failed",)
