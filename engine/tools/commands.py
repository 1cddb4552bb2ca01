"""The tools that run commands in the cell; must not start a process of their own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from engine.cell.types import CommandResult
from engine.crew.fences import quote
from engine.tools.observation import CallRefused, plain_text, shorten
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench

MAX_TIMEOUT_S = 600
_PYTHON = "if command -v python >/dev/null 2>&1; then exec python -; else exec python3 -; fi"
"""The target's own interpreter, by the cell's PATH (a virtual environment comes first there)."""


def _clamped(seconds: float) -> float:
    return min(max(seconds, 1.0), float(MAX_TIMEOUT_S))


Timeout = Annotated[
    float, Field(allow_inf_nan=False), AfterValidator(_clamped), Field(description=f"Seconds, at most {MAX_TIMEOUT_S}.")
]


class RunShell(Arguments):
    """Run a command with /bin/sh at the top of the worktree. Nothing can be typed into it, and all its processes end
    with it: no servers, watchers or prompts here.
    """

    command: str = Field(min_length=1, max_length=100_000)
    timeout_s: Timeout = 60.0


class RunPython(Arguments):
    """Run Python code with the project's interpreter, at the top of the worktree. Print what you want to see."""

    code: str = Field(min_length=1, max_length=500_000)
    timeout_s: Timeout = 60.0


class RunTests(Arguments):
    """Run the project's test command (the first gate). `target` narrows it: it is appended to the command."""

    target: str = Field(
        default="", max_length=4_000, description="Such as tests/test_x.py or tests/test_x.py::test_name."
    )
    timeout_s: Timeout = 300.0


async def run_command(
    bench: Workbench,
    command: str | Sequence[str],
    timeout_s: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> CommandResult:
    """The result of a command in the bench's cell.

    Raises: CallRefused when no process can be given this command; OSError, NoSandbox from the cell.
    """
    try:
        return await bench.cell.run(command, timeout_s=timeout_s, stdin=stdin, env=env)
    except ValueError as fault:
        raise CallRefused(f"The command cannot be run: {fault}") from None


def report(result: CommandResult, timeout_s: float) -> str:
    """A command's result as an agent reads it: the exit code first, then the output in a fence, its middle cut when it is long."""
    ended = f" (timed out after {timeout_s:g} s: it and all its processes were ended)" if result.timed_out else ""
    output = plain_text(result.output).strip("\n")
    return f"exit code: {result.exit_code}{ended}\n{quote(shorten(output)) if output.strip() else '(no output)'}"


async def _shell(bench: Workbench, wanted: RunShell) -> str:
    return report(await run_command(bench, wanted.command, wanted.timeout_s), wanted.timeout_s)


async def _python(bench: Workbench, wanted: RunPython) -> str:
    result = await run_command(bench, _PYTHON, wanted.timeout_s, wanted.code.encode("utf-8"))
    return report(result, wanted.timeout_s)


async def _tests(bench: Workbench, wanted: RunTests) -> str:
    if not bench.test_command:
        raise CallRefused("This run has no test gate. Run the checks of your acceptance criteria with run_shell.")
    try:
        words = shlex.split(wanted.target)
    except ValueError as fault:
        raise CallRefused(f"`target` could not be split into words: {fault}. Give paths or test names.") from None
    command = " ".join([bench.test_command, *map(shlex.quote, words)])
    return f"$ {command}\n" + report(await run_command(bench, command, wanted.timeout_s), wanted.timeout_s)


RUN_SHELL = Tool.of("run_shell", RunShell, _shell)
RUN_PYTHON = Tool.of("run_python", RunPython, _python)
RUN_TESTS = Tool.of("run_tests", RunTests, _tests)
