"""The engine as its surroundings see it: a start that can't be is refused whole, and the end leaves nothing."""

import asyncio
from pathlib import Path

import pytest

from engine.core.entities import GateSpec
from engine.options import Options
from engine.service import CannotStart
from tests.fakes.role_model import RoleModel
from tests.fakes.workshop import R1, Workshop, tell

NOBODY = RoleModel(work={})


def refused(shop: Workshop, gate: GateSpec, options: Options | None = None) -> str:
    """Why a run with this gate can't start; nothing may have been written."""
    reasons: list[str] = []

    async def story() -> None:
        async with shop.engine(NOBODY, options) as shift:
            with pytest.raises(CannotStart) as caught:
                await shift.start(gate)
            reasons.append(str(caught.value))

    tell(story())
    assert shop.board().runs == {}
    shop.assert_nothing_is_left()
    return reasons[0]


def test_a_gate_that_can_not_start_is_refused_with_the_remedy(tmp_path: Path):
    reason = refused(Workshop(tmp_path), GateSpec("tests", "no-such-command"))
    assert "no-such-command" in reason
    assert "orch.toml" in reason


def test_a_set_up_that_fails_is_refused_with_its_output(tmp_path: Path):
    reason = refused(Workshop(tmp_path), GateSpec("tests", "true"), Options(model="m", setup="echo no network; exit 3"))
    assert "no network" in reason


def test_a_start_that_is_cancelled_leaves_nothing(tmp_path: Path):
    shop = Workshop(tmp_path)

    async def story() -> None:
        async with shop.engine(NOBODY) as shift, asyncio.TaskGroup() as group:
            start = group.create_task(shift.start(GateSpec("tests", "sleep 60")))
            await asyncio.sleep(0)
            start.cancel()

    tell(story())
    assert shop.board().runs == {}
    shop.assert_nothing_is_left()


def test_an_engine_ends_cleanly_though_it_is_cancelled_twice(tmp_path: Path):
    shop = Workshop(tmp_path)
    waits = asyncio.Event()

    class Silent(RoleModel):
        async def complete(self, request):
            waits.set()
            await asyncio.Event().wait()
            raise AssertionError

    async def life() -> None:
        async with shop.engine(Silent(work={})) as shift:
            await shift.start(GateSpec("tests", "true"))
            await asyncio.Event().wait()

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            engine = group.create_task(life())
            await waits.wait()
            engine.cancel()
            await asyncio.sleep(0)
            engine.cancel()
        assert engine.cancelled()

    tell(story())
    assert shop.board().runs[R1].state == "planning"
    shop.assert_nothing_is_left()
