"""A chat that is down is warned of once, and a moment's trouble not at all."""

import asyncio
import logging

import pytest

from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.talk import ALICE, talking


@pytest.mark.parametrize(("down_s", "told"), [(1.0, 0), (3_600.0, 1)])
def test_a_chat_that_is_down_is_warned_of_once(down_s: float, told: int, caplog: pytest.LogCaptureFixture):
    async def story() -> None:
        chat = MemoryPlatform()
        async with talking(ScriptedCrew((planned("a"),)), chat) as talk:
            await talk.types(ALICE, "start it")
            chat.down_until(asyncio.get_running_loop().time() + down_s)
            await talk.until(lambda: talk.says("R1 is completed") != "", limit_s=3 * 3_600)

    with caplog.at_level(logging.WARNING, "bot.lane"):
        run(story())
    assert [record.message for record in caplog.records if record.name == "bot.lane"] == ["chat is down"] * told
