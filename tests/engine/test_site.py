"""Sites: whatever ends an attempt, its worktree is given back and its cell is closed."""

import asyncio
import threading

import pytest

from engine.cell.sandbox import CellFactory, probe
from engine.options import Options
from engine.site import SetupFailed, Sites
from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository


def test_a_site_that_is_cancelled_while_its_tree_is_made_gives_the_tree_back(calc: Repository, tmp_path):
    begun, may_end = threading.Event(), threading.Event()

    class SlowPool(WorktreePool):
        def take(self, base):
            begun.set()
            assert may_end.wait(10)
            return super().take(base)

    pool = SlowPool(calc, tmp_path / "home")
    sites = Sites(calc, pool, CellFactory(probe()), Options(model="m"))

    async def visit() -> None:
        async with sites.at(calc.branch_tip("main")):
            await asyncio.Event().wait()

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(visit())
            assert await asyncio.to_thread(begun.wait, 10)
            task.cancel()
            may_end.set()
        assert task.cancelled()
        assert not pool._taken
        assert len(pool._free) == 1

    asyncio.run(story())
    pool.close()


def test_a_set_up_that_fails_says_how_and_gives_the_tree_back(calc: Repository, tmp_path):
    pool = WorktreePool(calc, tmp_path / "home")
    sites = Sites(calc, pool, CellFactory(probe()), Options(model="m", setup="echo no network; exit 3"))

    async def visit() -> None:
        async with sites.at(calc.branch_tip("main")):
            raise AssertionError("not reached")

    with pytest.raises(SetupFailed, match=r"exit code 3[\s\S]*no network"):
        asyncio.run(visit())
    assert not pool._taken
    pool.close()
