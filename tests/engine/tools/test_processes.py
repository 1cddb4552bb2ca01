"""Processes beside the work: a server on the cell's own loopback, bounded output, and none left when the attempt is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from engine.cell.sandbox import CellFactory
from engine.cell.types import Level
from engine.model.types import ToolCall
from engine.tools.observation import Observation
from engine.tools.workbench import Workbench
from tests.contracts.cell_site import LEVELS, Lifeline, Site, make_site
from tests.engine.tools.bench import TOOLBOX

Call = Callable[..., Awaitable[Observation]]
FETCH = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8765/app.py').read().decode())"
SERVER = "echo starting; exec python3 -u -m http.server 8765 --bind 127.0.0.1"
TICKS = "n=0; while :; do n=$((n+1)); echo line-$n; done"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


@pytest.fixture
def lifeline(site: Site) -> Iterator[Lifeline]:
    line = Lifeline(site.worktree)
    yield line
    line.close()


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest) -> Level:
    chosen: Level = request.param
    return chosen


def attempt(level: Level, site: Site, story: Callable[[Call], Awaitable[None]]) -> None:
    """A story with tools in a cell, which is closed at its end whatever runs in it."""

    async def told() -> None:
        cell = await CellFactory(level).open(site.spec())
        bench = Workbench(root=site.worktree, cell=cell)

        async def call(name: str, /, **arguments: object) -> Observation:
            return await TOOLBOX.call(bench, ToolCall("c", name, json.dumps(arguments)))

        try:
            async with asyncio.timeout(60):
                await story(call)
        finally:
            await cell.close()

    asyncio.run(told())


def test_a_server_is_reached_by_other_commands_until_it_is_stopped(level: Level, site: Site):
    async def story(call: Call) -> None:
        started = await call("start_process", name="web", command=SERVER, ready_when="Serving HTTP", wait_s=30)
        fetched = await call("run_python", code=FETCH)
        if level == "landlock":
            assert "no network" in started.text
            assert "Operation not permitted" in fetched.text
            return
        assert started.text.startswith("web: running (echo starting")
        assert "print('hello')" in fetched.text
        assert "GET /app.py" in (await call("read_process", name="web", until="GET", wait_s=30)).text
        assert "web: stopped" in (await call("stop_process", name="web")).text
        assert "Connection refused" in (await call("run_python", code=FETCH)).text

    attempt(level, site, story)


def test_two_cells_do_not_hear_each_other(site: Site, tmp_path: Path):
    if "bubblewrap" not in LEVELS:
        pytest.skip("needs user namespaces")
    (tmp_path / "other").mkdir()
    other = make_site(tmp_path / "other")

    async def story(call: Call) -> None:
        await call("start_process", name="web", command=SERVER, ready_when="Serving HTTP", wait_s=30)
        cell = await CellFactory("bubblewrap").open(other.spec())
        try:
            await cell.start("true")
            assert "Connection refused" in (await cell.run(["python3", "-c", FETCH], timeout_s=30)).output
        finally:
            await cell.close()

    attempt("bubblewrap", site, story)


def test_whatever_runs_is_dead_when_the_attempt_is_over(level: Level, site: Site, lifeline: Lifeline):
    async def story(call: Call) -> None:
        daemons = (
            "(setsid sh -c 'while :; do sleep 600 & wait; done' &); (setsid sh -c 'trap \"\" TERM; sleep 600' &); "
        )
        await call(
            "start_process", name="a", command=Lifeline.HOLD + daemons + "echo ready; sleep 600", ready_when="ready"
        )
        lifeline.wait_up()

    attempt(level, site, story)
    assert lifeline.is_cut(within_s=0)


def test_stopping_one_ends_its_daemons_and_leaves_the_others(level: Level, site: Site, lifeline: Lifeline):
    async def story(call: Call) -> None:
        await call("start_process", name="b", command="echo up; sleep 600", wait_s=30)
        await call("start_process", name="a", command=Lifeline.HOLD + "(setsid sleep 600 &); sleep 600", wait_s=0)
        await asyncio.to_thread(lifeline.wait_up)
        await call("stop_process", name="a")
        assert lifeline.is_cut(within_s=0)
        assert (await call("read_process")).text == "b: running (echo up; sleep 600)"

    attempt(level, site, story)


def test_output_is_read_once_and_a_flood_stays_bounded(level: Level, site: Site):
    async def story(call: Call) -> None:
        await call("start_process", name="ticks", command=TICKS, ready_when="line-5000\n", wait_s=30)
        text = (await call("read_process", name="ticks", until="line-60000\n", wait_s=30)).text
        assert len(text) < 10_300
        assert "line-1\n" not in text

    attempt(level, site, story)


def test_a_command_that_ends_says_how_and_its_name_is_free_again(level: Level, site: Site):
    async def story(call: Call) -> None:
        first = await call("start_process", name="x", command="exit 3", ready_when="never", wait_s=30)
        assert first.text.startswith("x: ended with exit code 3 (exit 3)\n(no new output)")
        missing = await call("start_process", name="x", command="no-such-program", ready_when="never", wait_s=30)
        assert "ended with exit code 127" in missing.text
        assert "not found" in missing.text

    attempt(level, site, story)


def test_misuse_is_answered_with_what_to_do(site: Site):
    async def story(call: Call) -> None:
        assert "no process 'web'. There are: none" in (await call("read_process", name="web")).text
        assert "No process was started" in (await call("read_process")).text
        assert "name" in (await call("start_process", name="../x", command="true")).text
        assert "cannot be run" in (await call("start_process", name="x", command="a\0b")).text
        for number in range(8):
            await call("start_process", name=f"p{number}", command="sleep 600", wait_s=-1)
        assert "8 processes run already" in (await call("start_process", name="x", command="true")).text
        again = await call("start_process", name="p1", command="true")
        assert (again.ok, "stop it first" in again.text) == (False, True)
        await call("stop_process", name="p1")
        assert (await call("start_process", name="x", command="true", wait_s="1e9", ready_when="x")).ok

    attempt("none", site, story)


def test_waiting_ends_when_the_time_is_up(site: Site):
    async def story(call: Call) -> None:
        text = (await call("start_process", name="x", command="echo a; sleep 600", ready_when="b", wait_s=0.3)).text
        assert "'b' was not printed within 0.3 s" in text

    attempt("none", site, story)


def test_python_in_the_background_says_at_once_that_it_is_ready(site: Site):
    async def story(call: Call) -> None:
        started = await call(
            "start_process",
            name="x",
            command="python3 -c 'import time; print(\"up\"); time.sleep(600)'",
            ready_when="up",
            wait_s=30,
        )
        assert "not printed" not in started.text
        assert "\nup\n" in started.text

    attempt("none", site, story)
