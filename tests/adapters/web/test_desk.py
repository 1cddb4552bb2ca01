"""What people ask for on an open session, from the console or a chat: what can't be is answered, and ends nothing else."""

import asyncio
import os
from pathlib import Path

import pytest

from adapters.chats import voice_of
from adapters.web.desk import desk_of
from adapters.web.history import History
from adapters.wiring import open_session
from bot.desk import StartOrder
from engine.service import CannotStart
from engine.store.memory import MemoryLog
from engine.workspace.repository import Repository
from tests.engine.workspace.target import commit, make_repository

TEST = "import unittest\n\n\nclass Test(unittest.TestCase):\n    def test_one(self):\n        pass\n"
ALICE = "web:alice"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in [name for name in os.environ if name.startswith("ORCH_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return make_repository(tmp_path / "target", {"tests/test_it.py": TEST, "tests/__init__.py": ""})


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (StartOrder("do it", ALICE, "d1", max_workers=100_000), r"max_workers.* 64, found 100000"),
        (StartOrder("do it", ALICE, "d1", base="gone"), "gone"),
        (StartOrder("do it", ALICE, "d1", model="openai/gpt-5"), "openai/pilot; .* orch up --model openai/gpt-5"),
    ],
    ids=["too many workers", "no such branch", "a model that is not in force"],
)
def test_what_can_not_be_started_is_answered_with_the_reason(target: Repository, order: StartOrder, why: str):
    async def scene() -> None:
        async with open_session(target.path) as session:
            desk = desk_of(session, History(MemoryLog()))
            with pytest.raises(CannotStart, match=why):
                await voice_of(session, desk.prepare, desk.people).launch(order)
            assert not session.engine.board.runs

    asyncio.run(scene())


def test_settings_that_turned_wrong_in_a_commit_are_answered_with_the_reason(target: Repository):
    async def scene() -> None:
        async with open_session(target.path) as session:
            commit(target.path, {"orch.toml": "max_workers = 0\n"})
            with pytest.raises(CannotStart, match=r"orch\.toml: max_workers is wrong"):
                await desk_of(session, History(MemoryLog())).prepare(StartOrder("do it", ALICE, "d1"))

    asyncio.run(scene())
