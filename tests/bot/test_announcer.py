"""What an announcer does before it speaks, and while it can't."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from itertools import pairwise

import pytest

from bot import announcer
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.talk import ALICE, HeartSeen, talking


@pytest.mark.parametrize(("down_s", "told"), [(1.0, 0), (3_600.0, 1)])
def test_a_chat_that_is_down_is_warned_of_once(down_s: float, told: int, caplog: pytest.LogCaptureFixture):
    async def story() -> None:
        chat = MemoryPlatform()
        async with talking(ScriptedCrew((planned("a"),)), chat) as talk:
            await talk.types(ALICE, "start it")
            chat.down_until(asyncio.get_running_loop().time() + down_s)
            await talk.until(lambda: talk.says("R1 is completed") != "", limit_s=3 * 3_600)

    with caplog.at_level(logging.WARNING, "bot.announcer"):
        run(story())
    assert [record.message for record in caplog.records if record.name == "bot.announcer"] == ["chat is down"] * told


def test_a_chat_is_told_nothing_that_git_cannot_tell(monkeypatch: pytest.MonkeyPatch):
    steps: list[str] = []
    in_time, flush = announcer.in_time, HeartSeen.flush

    def speak() -> AbstractAsyncContextManager[None]:
        steps.append("speak")
        return in_time()

    async def note(heart: HeartSeen) -> None:
        steps.append("flush")
        await flush(heart)

    monkeypatch.setattr(announcer, "in_time", speak)
    monkeypatch.setattr(HeartSeen, "flush", note)

    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"),)), MemoryPlatform()) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: talk.says("R1 is completed") != "")

    run(story())
    assert steps.count("speak") >= 3
    assert all(before == "flush" for before, step in pairwise(["", *steps]) if step == "speak")
