"""The tools for what runs on beside the work: servers, watchers; must not outlive the attempt, whose cell ends them all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

from pydantic import AfterValidator, Field

from engine.crew.fences import quote
from engine.tools.observation import CallRefused, plain_text, shorten
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Started, Workbench

MAX_PROCESSES = 8
MAX_WAIT_S = 60.0
_NO_LOOPBACK = (
    "\nThis sandbox has no network, not even a loopback that is shared: no other command reaches a server in it. "
    "Test the code without a socket."
)

_UNBUFFERED = "export PYTHONUNBUFFERED=1"
"""Python, like many programs, keeps back what it prints while it is not in a terminal: nobody would ever see it start."""

Wait = Annotated[
    float,
    Field(allow_inf_nan=False, description=f"Seconds to wait at most, up to {MAX_WAIT_S:g}."),
    AfterValidator(lambda seconds: min(max(seconds, 0.0), MAX_WAIT_S)),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,30}$", description="The process's name.")]


class StartProcess(Arguments):
    """Start a command that runs on in the background, such as a server or a watcher. It has empty stdin, and ends with the
    attempt at the latest. Your other commands reach its ports at 127.0.0.1.
    """

    name: Name
    command: str = Field(min_length=1, max_length=100_000, description="For /bin/sh, at the top of the worktree.")
    ready_when: str = Field(default="", max_length=200, description="Text in its output that says that it is ready.")
    wait_s: Wait = 5.0


class ReadProcess(Arguments):
    """Read what a background process printed since you last read it, and whether it still runs. Without a name all are listed."""

    name: str = Field(default="", max_length=30)
    until: str = Field(default="", max_length=200, description="Wait until this text is in the new output.")
    wait_s: Wait = 0.0


class StopProcess(Arguments):
    """End a background process, with all that it started, and read its last output."""

    name: Name


async def _start(bench: Workbench, wanted: StartProcess) -> str:
    _refuse_start(bench, wanted.name)
    try:
        running = await bench.cell.start(f"{_UNBUFFERED}\n{wanted.command}")
    except ValueError as fault:
        raise CallRefused(f"The command cannot be run: {fault}") from None
    started = bench.processes[wanted.name] = Started(running, wanted.command)
    is_ready = await _wait(started, wanted.ready_when, wanted.wait_s)
    late = ""
    if wanted.ready_when and not is_ready and running.exit_code is None:
        late = (
            f"\n{wanted.ready_when!r} was not printed within {wanted.wait_s:g} s; look again with read_process. Some programs keep back "
            "what they print while they are not in a terminal (`stdbuf -oL …` helps): try whether it answers."
        )
    network = "" if bench.cell.has_common_loopback else _NO_LOOPBACK
    return _report(wanted.name, started) + late + network


def _refuse_start(bench: Workbench, name: str) -> None:
    known = bench.processes.get(name)
    if known is not None and known.running.exit_code is None:
        raise CallRefused(
            f"A process {name!r} runs already ({known.command[:200]}): stop it first, or choose another name."
        )
    running = [each for each, started in bench.processes.items() if started.running.exit_code is None]
    if len(running) >= MAX_PROCESSES:
        raise CallRefused(f"{MAX_PROCESSES} processes run already ({', '.join(running)}): end one with stop_process.")


async def _read(bench: Workbench, wanted: ReadProcess) -> str:
    if not wanted.name:
        return "\n".join(_line(name, each) for name, each in bench.processes.items()) or "No process was started."
    started = _found(bench, wanted.name)
    if wanted.wait_s:
        await _wait(started, wanted.until, wanted.wait_s)
    return _report(wanted.name, started)


async def _stop(bench: Workbench, wanted: StopProcess) -> str:
    started = _found(bench, wanted.name)
    was_running = started.running.exit_code is None
    await started.running.stop()
    text = _report(wanted.name, started, was_stopped=was_running)
    del bench.processes[wanted.name]
    return text


def _found(bench: Workbench, name: str) -> Started:
    started = bench.processes.get(name)
    if started is None:
        named = ", ".join(bench.processes) or "none: start_process starts one"
        raise CallRefused(f"There is no process {name!r}. There are: {named}.")
    return started


async def _wait(started: Started, text: str, wait_s: float) -> bool:
    """Whether the text is in what was printed since the last report, waited for until the process ends or the time is up.

    Without a text, whatever is printed first is waited for.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            while not _has(started, text) and started.running.exit_code is None:
                await started.running.news()
    return _has(started, text)


def _has(started: Started, text: str) -> bool:
    if not text:
        return started.running.total_bytes > started.shown_bytes
    return text in started.running.text_since(started.shown_bytes)


def _report(name: str, started: Started, *, was_stopped: bool = False) -> str:
    output = plain_text(started.running.text_since(started.shown_bytes)).strip("\n")
    started.shown_bytes = started.running.total_bytes
    return f"{_line(name, started, was_stopped=was_stopped)}\n{quote(shorten(output)) if output.strip() else '(no new output)'}"


def _line(name: str, started: Started, *, was_stopped: bool = False) -> str:
    code = started.running.exit_code
    state = "running" if code is None else "stopped" if was_stopped else f"ended with exit code {code}"
    return f"{name}: {state} ({started.command[:200]})"


START_PROCESS = Tool.of("start_process", StartProcess, _start)
READ_PROCESS = Tool.of("read_process", ReadProcess, _read)
STOP_PROCESS = Tool.of("stop_process", StopProcess, _stop)
