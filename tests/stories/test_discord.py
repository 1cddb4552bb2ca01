"""A run that is told of on Discord too: its questions are answered there, and what was answered elsewhere shows there."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.people import PeopleRules
from tests.adapters.discord.reading import buttons, read
from tests.adapters.discord.rest_fake import CHANNEL
from tests.adapters.discord.test_router import COMPONENT, MODAL, THREAD, World
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.talk import ALICE, Talk, talking
from tests.stories.test_conversation_decisions import crew_that_asks

ALICE_THERE = "discord:1:5"
RULES = PeopleRules(approvers=("memory:T1:alice", ALICE_THERE), places=("memory:*", f"discord:1:{CHANNEL}"))


class Story:
    """A person on Discord, beside those in the memory chat."""

    def __init__(self, talk: Talk, world: World, deeds: asyncio.TaskGroup) -> None:
        self.talk = talk
        self.world = world
        self._deeds = deeds
        world.house = lambda invocation: deeds.create_task(talk.bot.handle(invocation))

    def says(self, part: str) -> bool:
        """Whether it stands on both surfaces."""
        texts = [read(each) for each in self.world.memory.messages.values()]
        return any(part in text for text in texts) and self.talk.says(part) != ""

    def labels(self) -> list[str]:
        return [button["label"] for m in self.world.memory.messages.values() for button in buttons(m)]

    async def clicks(self, label: str) -> str:
        """The interaction's id; a click that may bring up a form returns when the form is there or no longer can be."""
        messages = self.world.memory.messages.values()
        found = [each for m in messages for each in buttons(m) if each["label"] == label]
        return await self._does(COMPONENT, {"custom_id": found[-1]["custom_id"], "component_type": 2})

    async def fills_in(self, click: str, **values: str) -> str:
        modal = self.world.memory.first_answers[click]["data"]
        labels = [{"type": 18, "component": {"type": 4, "custom_id": n, "value": v}} for n, v in values.items()]
        return await self._does(MODAL, {"custom_id": modal["custom_id"], "components": labels})

    async def _does(self, kind: int, data: dict[str, object]) -> str:
        (thread,) = self.world.memory.threads
        return await self.world.does(kind, data, {**THREAD, "id": thread})


def story(told: Callable[[Story, Talk], Awaitable[None]]) -> None:
    async def main() -> None:
        chat, world = MemoryPlatform(), World()
        async with (
            talking(crew_that_asks(), chat, more=[world.link.chat], rules=RULES) as talk,
            asyncio.TaskGroup() as deeds,
        ):
            await talk.types(ALICE, "start it")
            assert "is told of in" in await talk.types(ALICE, f"bind R1 --to discord:1:{CHANNEL}")
            each = Story(talk, world, deeds)
            await talk.until(lambda: each.says("D1 needs you"))
            await told(each, talk)

    run(main())


def test_a_form_on_discord_answers_everywhere():
    async def told(each: Story, talk: Talk) -> None:
        click = await each.clicks("abandon")
        await each.fills_in(click, then="cascade")
        await talk.until(lambda: each.says(f"D1 is decided by {ALICE_THERE}: abandon"))

    story(told)


def test_an_answer_elsewhere_takes_the_buttons_away_on_discord():
    async def told(each: Story, talk: Talk) -> None:
        assert "retry" in each.labels()
        assert "D1 is decided" in await talk.types(ALICE, "abandon D1 --then cascade")
        await talk.until(
            lambda: each.says(f"D1 is decided by {talk.who(ALICE)}: abandon") and "retry" not in each.labels()
        )

    story(told)
