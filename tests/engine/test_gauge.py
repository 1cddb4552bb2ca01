"""The gauge: what is measured once, what is measured again, and on which tree."""

import asyncio

import pytest

from engine.core.entities import Criterion, GateSpec
from engine.gauge import Gauge
from engine.options import Options
from engine.site import Sites
from engine.workspace.repository import Repository
from tests.engine.workspace.target import commit, git

OPTIONS = Options(model="m")


NEW_EACH_TIME = GateSpec("tests", "cat /proc/sys/kernel/random/uuid")


def test_the_same_tree_is_measured_once_whatever_its_commit(calc: Repository, sites: Sites):
    async def story() -> None:
        gauge = Gauge(sites, OPTIONS)
        base, other = calc.branch_tip("main"), commit(calc.path, {"x.txt": "x"})
        git(calc.path, "commit", "-q", "--allow-empty", "-m", "the same tree")
        first, second, third = [
            (await gauge.measure(name, [NEW_EACH_TIME])).gates for name in (base, other, calc.branch_tip("main"))
        ]
        assert first != second
        assert second == third

    asyncio.run(story())


def test_two_who_ask_at_once_share_one_run(calc: Repository, sites: Sites):
    async def story() -> None:
        gauge, base = Gauge(sites, OPTIONS), calc.branch_tip("main")
        first, second = await asyncio.gather(gauge.measure(base, [NEW_EACH_TIME]), gauge.measure(base, [NEW_EACH_TIME]))
        assert first == second

    asyncio.run(story())


def test_gates_see_the_tree_as_it_is_and_not_what_a_check_left(calc: Repository, sites: Sites):
    async def story() -> None:
        gate = GateSpec("tests", "test ! -e left")
        found = await Gauge(sites, OPTIONS).measure(
            calc.branch_tip("main"), [gate], [Criterion("it leaves a file", "touch left")]
        )
        assert found.gates[0].green
        assert found.checks[0].green

    asyncio.run(story())


def test_what_ran_out_of_time_is_run_again(calc: Repository, sites: Sites):
    async def story() -> None:
        gauge, base = Gauge(sites, OPTIONS), calc.branch_tip("main")
        slow = GateSpec("tests", "sleep 60", timeout_s=0.2)
        assert (await gauge.measure(base, [slow])).gates[0].timed_out
        assert not gauge._gates

    asyncio.run(story())


@pytest.mark.parametrize("run", ["kill -9 $$", "exit 127", "pytest() { exit 1; }; pytest -q"])
def test_what_shows_nothing_is_run_again(calc: Repository, sites: Sites, run: str):
    async def story() -> None:
        gauge, base = Gauge(sites, OPTIONS), calc.branch_tip("main")
        assert (await gauge.measure(base, [GateSpec("tests", run)])).gates[0].shows_nothing
        assert not gauge._gates

    asyncio.run(story())


def test_a_gate_of_another_time_limit_is_another_gate(calc: Repository, sites: Sites):
    async def story() -> None:
        gauge, base = Gauge(sites, OPTIONS), calc.branch_tip("main")
        assert not (await gauge.measure(base, [GateSpec("tests", "sleep 0.5", timeout_s=0.1)])).gates[0].green
        assert (await gauge.measure(base, [GateSpec("tests", "sleep 0.5", timeout_s=30)])).gates[0].green

    asyncio.run(story())


def test_the_memory_has_an_end(calc: Repository, sites: Sites, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.gauge.MAX_REMEMBERED", 3)

    async def story() -> None:
        gauge, base = Gauge(sites, OPTIONS), calc.branch_tip("main")
        criteria = [Criterion("c", f": {number}") for number in range(8)]
        found = await gauge.measure(base, [], criteria)
        assert len(found.checks) == len(criteria)
        assert len(gauge._checks) == 3

    asyncio.run(story())
