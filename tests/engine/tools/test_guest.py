"""Tools from elsewhere: the project's commands in the cell, and what any guest may do wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from engine.cell.sandbox import CellFactory
from engine.cell.types import Level
from engine.model.types import ToolCall
from engine.tools.configured import ConfiguredTools, ProjectTool
from engine.tools.guest import Guest, bounded, guest_tool
from engine.tools.observation import Observation
from engine.tools.registry import Toolbox
from engine.tools.supply import Supply
from engine.tools.tool import Tool
from engine.tools.workbench import Workbench
from tests.contracts.cell_site import LEVELS, Lifeline, Site, make_site
from tests.engine.tools.bench import Done, make_bench, unfenced

ECHO = ProjectTool(
    name="echo",
    command='printf "%s|%s|%s\\n" "$ORCH_ARG_TEXT" "$ORCH_ARG_COUNT" "$ORCH_ARG_PATHS"; cat',
    description="Say it.",
    arguments={
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "paths": {"type": "array", "items": {"type": "string"}},
    },
    required=("text",),
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


@pytest.fixture
def lifeline(site: Site) -> Iterator[Lifeline]:
    line = Lifeline(site.worktree)
    yield line
    line.close()


def called(site: Site, tool: ProjectTool, level: Level = "none", /, **arguments: object) -> Observation:
    async def story() -> Observation:
        cell = await CellFactory(level).open(site.spec())
        try:
            async with Supply(sources=(ConfiguredTools([tool]),)).guests("coder", cell) as guests:
                bench = Workbench(site.worktree, cell, guests=guests)
                call = ToolCall("c", tool.name, json.dumps(arguments))
                return await Toolbox((), Done, (), guests).call(bench, call)
        finally:
            await cell.close()

    return asyncio.run(story())


@pytest.mark.parametrize("level", LEVELS)
def test_arguments_reach_the_command_as_json_and_as_variables(level: Level, site: Site):
    text = unfenced(called(site, ECHO, level, text="a", count=2, paths=["x", "y"]).text)
    assert text == 'exit code: 0\na|2|["x","y"]\n{"text":"a","count":2,"paths":["x","y"]}'


@pytest.mark.parametrize("evil", ["$(touch gone)", "`touch gone`", '"; touch gone; "', "-rf /", "a\nb", "é\u2028"])
def test_no_argument_becomes_a_part_of_the_command(site: Site, evil: str):
    shown = evil.replace("\u2028", "\n")
    assert unfenced(called(site, ECHO, text=evil).text).startswith(f"exit code: 0\n{shown}|")
    assert not (site.worktree / "gone").exists()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({}, "'text' is a required property"),
        ({"text": 1}, "- text: 1 is not of type 'string'"),
        ({"text": "a", "PATH": "/evil"}, "'PATH' was unexpected"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": "x" * 1_000_001}, "more than 1,000,000 bytes"),
    ],
)
def test_wrong_arguments_run_nothing_and_are_explained(site: Site, arguments: Mapping[str, object], fault: str):
    answer = called(site, ECHO, **arguments)
    assert not answer.ok
    assert fault in answer.text


def test_a_long_argument_is_on_stdin_alone(site: Site):
    tool = ProjectTool("size", 'echo "${#ORCH_ARG_TEXT}"; wc -c', "Measure.", {"text": {"type": "string"}})
    assert unfenced(called(site, tool, text="x" * 500_000).text) == "exit code: 0\n0\n500011"


def test_a_command_is_bounded_in_time_output_and_processes(site: Site, lifeline: Lifeline):
    command = Lifeline.HOLD + "(setsid sleep 600 &); seq 1 100000; sleep 600"
    answer = called(site, ProjectTool("slow", command, "Wait.", timeout_s=1.0))
    assert answer.text.startswith("exit code: 137 (timed out after 1 s")
    assert len(answer.text) < 10_300
    lifeline.wait_up()
    assert lifeline.is_cut(within_s=0)


def box_of(*guests: Guest) -> Toolbox:
    return Toolbox((), Done, (), tuple(bounded(guest) for guest in guests))


def play(box: Toolbox, tmp_path: Path, name: str, arguments: str) -> Observation:
    return asyncio.run(box.call(make_bench(tmp_path / "tree"), ToolCall("c", name, arguments)))


def made(run: Callable[[Workbench, Mapping[str, object]], Awaitable[str]], timeout_s: float = 60.0) -> Guest:
    return Guest(guest_tool("odd", "Odd.", {}, run), timeout_s=timeout_s)


def test_a_guest_that_raises_hangs_or_floods_is_answered(tmp_path: Path):
    async def raises(_: Workbench, __: Mapping[str, object]) -> str:
        raise KeyError("oh")

    async def hangs(_: Workbench, __: Mapping[str, object]) -> str:
        await asyncio.Event().wait()
        return ""

    async def floods(_: Workbench, __: Mapping[str, object]) -> str:
        return "x" * 10_000_000

    assert "odd failed (KeyError: 'oh')" in play(box_of(made(raises)), tmp_path, "odd", "{}").text
    assert "took over 0.1 s" in play(box_of(made(hangs, 0.1)), tmp_path, "odd", "{}").text
    assert len(play(box_of(made(floods)), tmp_path, "odd", "{}").text) < 41_000


@pytest.mark.parametrize("arguments", ["[1]", "{", "nonsense", '{"a": NaN}', "[" * 100_000])
def test_what_is_no_object_is_answered(tmp_path: Path, arguments: str):
    async def run(_: Workbench, __: Mapping[str, object]) -> str:
        return "reached"

    answer = play(box_of(made(run)), tmp_path, "odd", arguments)
    assert not answer.ok
    assert "no JSON object" in answer.text


def test_a_guest_cannot_take_the_name_of_another_tool(site: Site):
    async def run(_: Workbench, __: Mapping[str, object]) -> str:
        return ""

    class Source(ConfiguredTools):
        def __init__(self, *names: str) -> None:
            super().__init__([ProjectTool(name, "true", "x") for name in names])

    async def story() -> list[str]:
        cell = await CellFactory("none").open(site.spec())
        try:
            supply = Supply(sources=(Source("mine", "finish", "read_file", "a b"), Source("mine", "more_tools")))
            async with supply.guests("coder", cell) as guests:
                return [tool.name for tool in guests]
        finally:
            await cell.close()

    assert asyncio.run(story()) == ["mine"]


def test_a_role_that_is_not_named_has_no_such_tool(site: Site):
    async def story() -> tuple[Tool, ...]:
        cell = await CellFactory("none").open(site.spec())
        try:
            async with Supply(sources=(ConfiguredTools([ECHO]),)).guests("strategist", cell) as guests:
                return guests
        finally:
            await cell.close()

    assert asyncio.run(story()) == ()
