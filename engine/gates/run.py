"""Runs gates and checks in a cell and keeps what they showed: exit code, time, output, results per test; must not judge them.

The report of a gate lies in the worktree, for the output of a command is cut and the cell's /tmp is not ours to read. The engine removes
the name first, so nobody's old or planted report counts, reads it without following links, and removes it again; `commit_worktree` leaves
that name out in any case. What is in the report the tested code can still forge, as it can its exit code: the gates of the target's tip
were run before, and a test that passed there must be seen to pass again (`judge.py`).
"""

import asyncio
import re
import shlex
import signal
from pathlib import Path
from typing import Final

import msgspec

from engine.cell.types import Cell, CommandResult
from engine.core.entities import GateSpec
from engine.gates.junit import MAX_REPORT_BYTES, BadReport, TestStatus, parse_report
from engine.gates.report import read_beneath, remove_beneath
from engine.workspace.worktree import REPORT_NAME

MAX_OUTPUT_CHARS: Final = 8_000
"""Of a command's output we keep the end: the summary and the last failure are there."""

_NO_TEST_RAN: Final = (4, 5)
"""pytest's exit codes for a usage error and for no test collected (pytest, "Exit codes")."""

_CANNOT_START: Final = frozenset({126, 127})
_RUNNER: Final = re.compile(r"-m\s+(pytest|nose2|tox|nox|coverage|mypy|ruff|flake8|pylint)\b")
_NO_MODULE: Final = re.compile(r"^\S*python\S*: No module named (\w+)\s*\Z", re.MULTILINE)
"""What Python says in place of a module's own words: nothing follows it. A module that is not of `_RUNNER` may be the work itself."""
_PYTEST: Final = re.compile(r"(?:^|[\s/;&|(])(?:pytest|py\.test)(?![\w.-])")


class GateResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a gate showed. `tests` is status by test id, None without a readable report (`note` then says why, if one was expected).

    `cannot_start`: the shell found no such command or may not execute it, or Python has no test runner of the name that
    the command says; never where a test ran.
    """

    name: str
    run: str
    exit_code: int
    timed_out: bool = False
    cannot_start: bool = False
    duration_s: float = 0
    tests: dict[str, TestStatus] | None = None
    output: str = ""
    note: str = ""

    @property
    def green(self) -> bool:
        """Exit code 0 in time; pytest's 5, "no tests collected", is red."""
        return self.exit_code == 0 and not self.timed_out

    @property
    def shows_nothing(self) -> bool:
        """Red in a way that says more about the machine, just then, than about the tree: it ran out of time, could not start, was
        killed, or left no report where one was expected.
        """
        lacks_report = self.tests is None and self.note != "" and not ran_no_test(self)
        was_killed = self.tests is None and _was_killed(self)
        return not self.green and (self.timed_out or self.cannot_start or was_killed or lacks_report)


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the command of an acceptance criterion showed."""

    run: str
    exit_code: int
    timed_out: bool = False
    cannot_start: bool = False
    duration_s: float = 0
    output: str = ""

    @property
    def green(self) -> bool:
        """Exit code 0 in time."""
        return self.exit_code == 0 and not self.timed_out

    @property
    def shows_nothing(self) -> bool:
        """As of a gate."""
        return self.timed_out or self.cannot_start or _was_killed(self)


def ran_no_test(result: GateResult | CheckResult) -> bool:
    """Whether pytest itself says so."""
    return "pytest" in result.run and result.exit_code in _NO_TEST_RAN


def _was_killed(result: GateResult | CheckResult) -> bool:
    return 128 < result.exit_code <= 128 + signal.NSIG


async def run_check(cell: Cell, command: str, timeout_s: float) -> CheckResult:
    """What a shell command showed in the cell; a command that no process can be given counts as one that cannot start."""
    return await _run(cell, command, timeout_s, {})


async def run_gate(cell: Cell, gate: GateSpec, *, worktree: Path) -> GateResult:
    """What the gate showed in the cell of `worktree`.

    A pytest command without `junit` is asked for a report through PYTEST_ADDOPTS, which also reaches it behind a wrapper of a shell.
    """
    report = gate.junit or (REPORT_NAME if _PYTEST.search(gate.run) else "")
    env = {}
    if report and not gate.junit:
        env["PYTEST_ADDOPTS"] = shlex.quote(f"--junitxml={worktree / report}")
    obstacle = await asyncio.to_thread(_make_room, worktree, report) if report else ""
    shown = await _run(cell, gate.run, gate.timeout_s, env)
    tests, note = None, obstacle
    if report and not obstacle:
        tests, note = await asyncio.to_thread(_take_report, worktree, report)
    return GateResult(
        name=gate.name,
        run=gate.run,
        exit_code=shown.exit_code,
        timed_out=shown.timed_out,
        cannot_start=shown.cannot_start and not tests,
        duration_s=shown.duration_s,
        tests=tests,
        output=shown.output,
        note=note,
    )


async def _run(cell: Cell, command: str, timeout_s: float, env: dict[str, str]) -> CheckResult:
    try:
        result = await cell.run(command, timeout_s=timeout_s, env=env)
    except (OSError, ValueError) as error:
        return CheckResult(command, 126, cannot_start=True, output=str(error))
    return CheckResult(
        run=command,
        exit_code=result.exit_code,
        timed_out=result.timed_out,
        cannot_start=_could_not_start(command, result),
        duration_s=result.duration_s,
        output=_tail(result.output),
    )


def _could_not_start(command: str, result: CommandResult) -> bool:
    if result.timed_out:
        return False
    missing = _NO_MODULE.search(result.output) if result.exit_code == 1 else None
    return result.exit_code in _CANNOT_START or (missing is not None and missing[1] in _RUNNER.findall(command))


def _make_room(worktree: Path, report: str) -> str:
    """Why a report that will be found cannot be the gate's own; "" when it can."""
    try:
        remove_beneath(worktree, report)
    except OSError as error:
        return f"{report} cannot be removed, so no report there is believed: {error}"
    return ""


def _take_report(worktree: Path, report: str) -> tuple[dict[str, TestStatus] | None, str]:
    try:
        data = read_beneath(worktree, report, MAX_REPORT_BYTES)
        remove_beneath(worktree, report)
        return parse_report(data), ""
    except FileNotFoundError:
        return None, f"the command wrote no report to {report}"
    except (BadReport, OSError) as error:
        return None, f"{report} was not read: {error}"


def _tail(output: str) -> str:
    if len(output) <= MAX_OUTPUT_CHARS:
        return output
    return f"[{len(output) - MAX_OUTPUT_CHARS} characters left out]\n{output[-MAX_OUTPUT_CHARS:]}"
