"""The permissions that our guide asks for are enough for everything that we do, and each of them is needed."""

import pytest

from adapters.discord.check import NEEDED, check
from adapters.discord.client import DiscordConfig, point_at
from bot.messages import Notice
from bot.people import PeopleRules
from tests.adapters.discord.fake_bench import fake_bench
from tests.adapters.discord.fake_platform import DiscordPlatform
from tests.fakes.discord.limits import WIDE
from tests.fakes.discord.posts import NONCE_S
from tests.fakes.discord.powers import ALL, FILES, HISTORY, PUBLIC_THREADS, SEND, SEND_IN_THREADS, VIEW
from tests.fakes.discord.server import serving
from tests.fakes.jumping import passes, run
from tests.fakes.talk import ALICE, BOB, talking
from tests.stories.test_conversation_decisions import asked, crew_that_asks


def with_only(powers: int) -> DiscordPlatform:
    """A Discord on which the bot may do this and nothing else."""
    chat = DiscordPlatform()
    for place in (chat.place, chat.home):
        chat.server.world.deny(place.channel, chat.server.world.me, ALL & ~powers)
    return chat


def refusals(chat: DiscordPlatform) -> list[int]:
    return [told.answer["code"] for told in chat.server.world.log if told.status == 403]


def test_what_the_guide_asks_for_is_enough_for_a_run_with_a_question_a_form_and_pictures():
    chat = with_only(NEEDED.value)

    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            question = await asked(talk)
            await talk.clicks(BOB, "retry with changes", on=question)
            await talk.fills_in(BOB, {"changes": "read the manual"})
            await talk.until(lambda: talk.says("R1 is completed") != "")
            await talk.quiet()

    run(story())
    assert refusals(chat) == []
    assert any(told.files for told in chat.server.world.log)


@pytest.mark.parametrize(
    ("missing", "code"),
    [(VIEW, 50_001), (SEND, 50_013), (PUBLIC_THREADS, 50_013), (SEND_IN_THREADS, 50_013), (FILES, 50_013)],
)
def test_without_one_of_them_something_is_refused(missing: int, code: int):
    chat = with_only(NEEDED.value & ~missing)

    async def story() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(refusals(chat)), limit_s=60)

    run(story())
    assert refusals(chat)[0] == code


def test_without_the_history_a_message_can_not_be_found_again():
    async def story(powers: int) -> int:
        async with fake_bench() as bench:
            bench.server.world.deny(bench.place.channel, bench.server.world.me, ALL & ~powers)
            thread = await bench.port.open_thread(bench.place, Notice("card"), "k1")
            for _ in range(2):
                await bench.port.post(thread, Notice("x"), "k2")
                await passes(NONCE_S + 1)
            return len(bench.thread_texts(thread))

    assert run(story(NEEDED.value)) == 1
    assert run(story(NEEDED.value & ~HISTORY)) == 2


@pytest.mark.parametrize("missing", [0, VIEW, SEND, PUBLIC_THREADS, SEND_IN_THREADS, HISTORY, FILES])
def test_what_is_missing_is_found_by_looking(missing: int):
    async def story() -> None:
        async with serving(WIDE) as server:
            world = server.world
            world.deny(world.channel, world.me, ALL & ~NEEDED.value | missing)
            rules = PeopleRules(
                operators=(f"discord:{world.guild}:*",), places=(f"discord:{world.guild}:{world.channel}",)
            )
            try:
                found = await check(DiscordConfig(world.token, server.base), rules)
            finally:
                point_at(DiscordConfig(""))
            assert [each.is_ok for each in found if each.about.startswith("#general")] == [not missing]
            assert {told.method for told in world.log} == {"GET"}

    run(story())
