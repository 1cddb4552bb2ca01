"""Sites: whatever ends an attempt, its worktree is given back and its cell is closed."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cell.sandbox import CellFactory, probe
from engine.cell.types import Level
from engine.options import Options
from engine.redaction import Redactor
from engine.site import SetupFailed, Sites
from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository
from tests.contracts.cell_site import CONFINED
from tests.engine.workspace.target import git, make_repository


def test_a_site_that_is_cancelled_while_its_tree_is_made_gives_the_tree_back(calc: Repository, tmp_path):
    begun, may_end = threading.Event(), threading.Event()

    class SlowPool(WorktreePool):
        def take(self, base):
            begun.set()
            assert may_end.wait(10)
            return super().take(base)

    pool = SlowPool(calc, tmp_path / "home")
    sites = Sites(calc, pool, CellFactory(probe()), Options(model="m"), Redactor())

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
    sites = Sites(calc, pool, CellFactory(probe()), Options(model="m", setup="echo no network; exit 3"), Redactor())

    async def visit() -> None:
        async with sites.at(calc.branch_tip("main")):
            raise AssertionError("not reached")

    with pytest.raises(SetupFailed, match=r"exit code 3[\s\S]*no network"):
        asyncio.run(visit())
    assert not pool._taken
    pool.close()


def linked(main: Path, place: Path) -> None:
    git(main, "worktree", "add", "-q", "-b", "other", str(place))


def separate(main: Path, place: Path) -> None:
    git(main.parent, "clone", "-q", "--separate-git-dir", str(main.parent / "elsewhere"), str(main), str(place))


def borrowing(main: Path, place: Path) -> None:
    git(main.parent, "clone", "-q", "--reference", str(main), str(main), str(place))
    git(main.parent, "clone", "-q", "--shared", str(place), str(place) + "-twice")
    place.rename(str(place) + "-once")
    Path(str(place) + "-twice").rename(place)
    (place / ".git/objects/info/alternates").write_text(f"# borrowed\n{place}-once/.git/objects\n")


def submodule(main: Path, place: Path) -> None:
    parent = make_repository(main.parent / "super", {"README": "super\n"})
    git(parent.path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(main), "sub")
    place.symlink_to(parent.path / "sub")


@pytest.mark.parametrize("level", CONFINED)
@pytest.mark.parametrize("lay_out", [linked, separate, borrowing, submodule])
def test_git_works_in_a_cell_wherever_the_repository_keeps_its_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lay_out: Callable[[Path, Path], None], level: Level
):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    main = make_repository(home / "main", {"a.py": "a = 1\n"})
    lay_out(main.path, home / "place")
    repository = Repository.open(home / "place")
    pool = WorktreePool(repository, tmp_path / "trees")
    sites = Sites(repository, pool, CellFactory(level), Options(model="m"), Redactor())

    async def visit() -> list[str]:
        async with sites.at(repository.head()) as site:
            commands = (
                "git status --short && git log --format=%s && git fsck --connectivity-only",
                f"cat {main.git_dir}/config",
            )
            return [(await site.cell.run(command, timeout_s=30)).output for command in commands]

    shown, hidden = asyncio.run(visit())
    pool.close()
    assert shown.splitlines()[0] == "first"
    assert "error" not in shown
    assert "fatal" not in shown
    assert "[core]" not in hidden
