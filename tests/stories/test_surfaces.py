"""One run that is told of on every surface: whichever answers, all of them show it, and one answer counts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec
import pytest

from bot.bot import Manners
from bot.people import PeopleRules
from bot.port import Invocation
from engine.core.blackboard import Blackboard
from tests.adapters.discord.fake_platform import DiscordPlatform
from tests.adapters.slack.platform import SlackPlatform
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.platforms import Platform
from tests.fakes.talk import ALICE, Talk, talking
from tests.stories.surfaces import Console, OnPlatform, Surface
from tests.stories.test_conversation_decisions import crew_that_asks

PLATFORMS: dict[str, Callable[[], Platform]] = {
    "discord": DiscordPlatform,
    "slack": partial(SlackPlatform, is_socket=True),
}
NAMES = ("console", *PLATFORMS)


class Story(msgspec.Struct):
    """The surfaces, and the talk in whose chat the run was started."""

    talk: Talk
    on: dict[str, Surface]

    def all_say(self, part: str) -> bool:
        """Whether it stands on every surface."""
        return self.talk.says(part) != "" and all(each.says(part) for each in self.on.values())

    def asks_nowhere(self, label: str) -> bool:
        """Whether the button is gone from every surface."""
        return all(label not in each.labels() for each in self.on.values())


def story(told: Callable[[Story], Awaitable[None]]) -> None:
    async def main() -> None:
        talks: list[Talk] = []

        def board() -> Blackboard:
            return talks[0].board if talks else Blackboard()

        async def deliver(deed: Invocation) -> None:
            await talks[0].bot.handle(deed)

        chat, platforms = MemoryPlatform(), {name: made() for name, made in PLATFORMS.items()}
        console = Console(board, deliver)
        surfaces: dict[str, Surface] = {"console": console}
        surfaces |= {name: OnPlatform(each) for name, each in platforms.items()}
        rules, manners = _rules(chat, list(surfaces.values())), Manners(homes=(console.place,))
        chats = (chat, *platforms.values())
        async with talking(crew_that_asks(), *chats, more=[console.port], rules=rules, manners=manners) as talk:
            talks.append(talk)
            await talk.types(ALICE, "start it")
            for name in platforms:
                assert "is told of in" in await talk.types(ALICE, f"bind R1 --to {surfaces[name].place}")
            each = Story(talk, surfaces)
            await talk.until(lambda: each.all_say("D1 needs you"))
            await told(each)

    run(main())


def _rules(chat: MemoryPlatform, surfaces: Sequence[Surface]) -> PeopleRules:
    accounts = tuple(each.account for each in surfaces)
    places = tuple(str(each.place) for each in surfaces)
    return PeopleRules(approvers=(chat.who(ALICE), *accounts), places=(str(chat.place), *places))


@pytest.mark.parametrize("name", NAMES)
def test_a_button_on_any_surface_answers_on_all(name: str):
    async def told(each: Story) -> None:
        surface = each.on[name]
        await surface.clicks("retry")
        await each.talk.until(lambda: each.all_say(f"D1 is decided by {surface.account}: retry"))
        await each.talk.until(lambda: each.all_say("D2 needs you"))

    story(told)


@pytest.mark.parametrize("name", NAMES)
def test_a_form_on_any_surface_answers_on_all_and_takes_the_buttons_away(name: str):
    async def told(each: Story) -> None:
        surface = each.on[name]
        await surface.clicks("abandon")
        await each.talk.quiet()
        await surface.fills_in(then="cascade")
        await each.talk.until(lambda: each.all_say(f"D1 is decided by {surface.account}: abandon"))
        await each.talk.until(lambda: each.asks_nowhere("retry"))

    story(told)


def test_an_answer_that_was_typed_takes_the_buttons_away_everywhere():
    async def told(each: Story) -> None:
        assert "D1 is decided" in await each.talk.types(ALICE, "abandon D1 --then cascade")
        await each.talk.until(lambda: each.all_say(f"D1 is decided by {each.talk.who(ALICE)}: abandon"))
        await each.talk.until(lambda: each.asks_nowhere("retry"))

    story(told)


def test_of_many_answers_at_once_one_counts_and_the_others_are_told_which():
    async def told(each: Story) -> None:
        clicks = (surface.clicks("retry") for surface in each.on.values() for _ in range(10))
        heard = await asyncio.gather(*clicks)
        assert len(heard) == 10 * len(each.on)
        assert sum(text.startswith("D1 is decided by ") for text in heard) == 1
        assert sum(text.startswith("D1 is decided: retry, by ") for text in heard) == len(heard) - 1

    story(told)
