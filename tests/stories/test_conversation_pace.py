"""What has to wait is said in the end, and holds nothing else up."""

import asyncio

from bot.messages import Message
from bot.port import ChatDown, Invocation, MessageRef
from tests.fakes.chat import MemoryChat
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.talk import ALICE, talking

GAP_S = 600.0


class SlowCards(MemoryChat):
    """A platform that lets an old card be edited once in ten minutes, and says so at once."""

    def __init__(self) -> None:
        super().__init__()
        self.edited_at: list[float] = []

    async def edit(self, ref: MessageRef, message: Message) -> None:
        now = asyncio.get_running_loop().time()
        if not ref.thread and self.edited_at and now < self.edited_at[-1] + GAP_S:
            raise ChatDown("too soon", self.edited_at[-1] + GAP_S - now, is_message=True)
        await super().edit(ref, message)
        if not ref.thread:
            self.edited_at.append(now)


def test_a_card_that_must_wait_holds_no_post_up_and_shows_the_latest_in_the_end():
    crew = ScriptedCrew((planned("a"), planned("b", "a")))
    crew.waits["Task b"] = asyncio.Event()

    async def story() -> None:
        chat = SlowCards()
        async with talking(crew, MemoryPlatform(chat)) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: len(chat.edited_at) == 1 and "T4" in talk.screens())
            await talk.until(lambda: talk.says("T3 complete") not in {"", talk.chat.card()}, limit_s=120)
            assert len(chat.edited_at) == 1
            crew.waits["Task b"].set()
            await talk.until(lambda: talk.chat.screen()[0].startswith("R1 completed"))
            assert chat.edited_at[1] - chat.edited_at[0] >= GAP_S
            assert len(chat.edited_at) == 2
            await talk.until(lambda: "R1 is completed" in talk.chat.thread()[-1])

    run(story())


class BusyChat(MemoryChat):
    """A platform that takes an answer only at the third try, and says each time how long to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s
        self.tries = 0

    async def reply(self, invocation: Invocation, message: Message) -> None:
        self.tries += 1
        if self.tries < 3:
            raise ChatDown("not now", self.wait_s)
        await super().reply(invocation, message)


def test_an_answer_that_must_wait_is_given_after_the_wait():
    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"),)), MemoryPlatform(BusyChat(2.0))) as talk:
            began = asyncio.get_running_loop().time()
            assert (await talk.types(ALICE, "list")).startswith("no run yet")
            assert 4.0 <= asyncio.get_running_loop().time() - began < 5.0

    run(story())


def test_an_answer_whose_fate_is_unknown_is_not_given_again():
    async def story() -> None:
        chat = BusyChat(0.0)
        async with talking(ScriptedCrew((planned("a"),)), MemoryPlatform(chat)) as talk:
            assert await talk.types(ALICE, "list") == ""
            assert chat.tries == 1

    run(story())
