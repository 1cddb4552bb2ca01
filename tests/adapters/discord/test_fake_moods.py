"""What a server, its people and Discord itself may do to our chat: each costs what it must, and nothing more."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.discord.client import DiscordConfig, point_at
from adapters.discord.connection import Discord as Connection
from bot.messages import LogSnippet, Notice
from bot.port import Actor, ChatDown, ChatGone, Health, Invocation, Place
from engine.core.blackboard import Blackboard
from engine.core.ids import TaskId
from tests.adapters.discord.fake_bench import FakeBench, fake_bench
from tests.adapters.discord.fake_platform import DiscordPlatform
from tests.contracts.test_chat import CARD
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.discord.faults import Trouble
from tests.fakes.discord.limits import WIDE, Limits
from tests.fakes.discord.person import Person
from tests.fakes.discord.powers import ALL, HISTORY, VIEW
from tests.fakes.discord.server import serving
from tests.fakes.discord.world import SYNCED
from tests.fakes.jumping import LoopClock, passes, run
from tests.fakes.talk import ALICE, BOB, talking
from tests.stories.test_conversation_decisions import asked, crew_that_asks


def story(told: Callable[[FakeBench], Awaitable[None]], limits: Limits = WIDE) -> None:
    async def main() -> None:
        async with fake_bench(limits) as bench:
            await told(bench)

    run(main())


def test_a_message_that_somebody_deleted_is_gone_and_its_place_is_not():
    async def told(bench: FakeBench) -> None:
        thread = await bench.port.open_thread(bench.place, CARD, "k1")
        ref = await bench.port.post(thread, Notice("x"), "k2")
        bench.server.posts.delete(bench.server.posts.messages[thread.thread][ref.message])
        with pytest.raises(ChatGone) as caught:
            await bench.port.edit(ref, Notice("y"))
        assert not caught.value.is_place
        await bench.port.post(thread, Notice("z"), "k3")

    story(told)


def _thread_deleted(bench: FakeBench, thread: str) -> None:
    bench.server.world.delete_channel(thread)


def _channel_deleted(bench: FakeBench, thread: str) -> None:
    bench.server.world.delete_channel(bench.place.channel)


def _removed(bench: FakeBench, thread: str) -> None:
    bench.server.world.is_member = False


def _shut_out(bench: FakeBench, thread: str) -> None:
    bench.server.world.deny(bench.place.channel, bench.server.world.me, VIEW)


@pytest.mark.parametrize("happens", [_thread_deleted, _channel_deleted, _removed, _shut_out])
def test_a_place_that_is_closed_to_us_is_given_up_as_a_whole(happens: Callable[[FakeBench, str], None]):
    async def told(bench: FakeBench) -> None:
        thread = await bench.port.open_thread(bench.place, CARD, "k1")
        ref = await bench.port.post(thread, Notice("x"), "k2")
        happens(bench, thread.thread)
        with pytest.raises(ChatGone) as caught:
            await bench.port.post(thread, Notice("y"), "k3")
        assert caught.value.is_place
        with pytest.raises(ChatGone) as caught:
            await bench.port.edit(ref, Notice("z"))
        assert caught.value.is_place

    story(told)


def test_a_server_with_a_thousand_threads_is_asked_again_later_and_shows_one_card():
    async def told(bench: FakeBench) -> None:
        bench.server.threads.max_active = 0
        for _ in range(2):
            with pytest.raises(ChatDown) as caught:
                await bench.port.open_thread(bench.place, CARD, "k1")
            assert caught.value.retry_after_s >= 60
        bench.server.threads.max_active = 1
        thread = await bench.port.open_thread(bench.place, CARD, "k1")
        assert [each["id"] for each in bench.server.posts.seen(bench.place.channel)] == [thread.thread]

    story(told)


def test_the_limit_for_everything_holds_posts_back_and_no_answer_to_a_person():
    async def told(bench: FakeBench) -> None:
        thread = await bench.port.open_thread(bench.place, CARD, "k1")
        await bench.port.post(thread, Notice("x"), "one")
        with pytest.raises(ChatDown) as caught:
            await bench.port.post(thread, Notice("x"), "one more")
        assert 0 < caught.value.retry_after_s <= 10
        asked_before = len(bench.server.world.log)
        with pytest.raises(ChatDown):
            await bench.port.post(thread, Notice("x"), "another")
        assert len(bench.server.world.log) == asked_before
        handle = bench.handle()
        await bench.port.reply(_deed(bench, handle), Notice("for you"))
        assert ("for you", True) in bench.answers()
        await passes(caught.value.retry_after_s)
        await bench.port.post(thread, Notice("x"), "another")

    story(told, Limits(messages=(100, 10.0), others=(100, 10.0), everywhere=(7, 10.0)))


def test_a_limit_that_others_used_up_is_waited_for_and_not_held_against_us():
    async def told(bench: FakeBench) -> None:
        bench.server.troubles.order(Trouble("POST", "messages$", 429, retry_after_s=7.5))
        with pytest.raises(ChatDown) as caught:
            await bench.port.open_thread(bench.place, CARD, "k1")
        assert caught.value.retry_after_s == 7.5
        assert bench.server.meter.invalid == 0

    story(told)


def test_a_post_whose_answer_got_lost_stands_once_where_no_history_can_be_read():
    async def told(bench: FakeBench) -> None:
        bench.server.world.deny(bench.place.channel, bench.server.world.me, HISTORY)
        thread = await bench.port.open_thread(bench.place, CARD, "k1")
        bench.server.troubles.order(Trouble("POST", "messages$", 502, is_done=True))
        with pytest.raises(ChatDown):
            await bench.port.post(thread, Notice("x"), "k2")
        await bench.port.post(thread, Notice("x"), "k2")
        assert bench.thread_texts(thread) == ["x"]

    story(told)


def test_an_excerpt_calls_nobody_even_where_its_words_are_not_escaped():
    async def told(bench: FakeBench) -> None:
        world = bench.server.world
        role = world.add_role("crew", ALL)
        world.members[world.me]["roles"] = [role]
        thread = await bench.port.open_thread(bench.place, CARD, "k1")
        calls = (f"<@{bench.person}>", f"<@&{role}>", "@everyone")
        ref = await bench.port.post(thread, LogSnippet(TaskId("T1"), 1, "t", calls), "k2")
        said = bench.server.posts.messages[thread.thread][ref.message]
        assert all(call in bench.text_of(ref) for call in calls)
        assert (said["mentions"], said["mention_roles"], said["mention_everyone"]) == ([], [], False)

    story(told)


def test_a_page_that_shuts_our_address_out_is_waited_for_and_not_asked_in_a_hurry():
    async def told(bench: FakeBench) -> None:
        bench.server.world.deny(bench.place.channel, bench.server.world.me, VIEW)
        with pytest.raises(ChatGone):
            await bench.port.open_thread(bench.place, CARD, "k1")
        with pytest.raises(ChatDown) as caught:
            await bench.port.open_thread(bench.place, CARD, "k1")
        assert caught.value.retry_after_s >= 60

    story(told, Limits(messages=(100, 1.0), others=(100, 1.0), everywhere=(100, 1.0), invalid=(1, 600.0)))


def test_a_channel_that_is_closed_to_us_costs_a_handful_of_refusals_however_long_the_run_goes_on():
    chat = DiscordPlatform()

    async def main() -> None:
        crew = ScriptedCrew(tuple(planned(f"x{n}") for n in range(20)))
        crew.waits["Task x0"] = asyncio.Event()
        async with talking(crew, chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(chat.thread()))
            chat.close()
            await talk.quiet(500)
            crew.waits["Task x0"].set()
            await talk.quiet(90)
            assert chat.server.meter.invalid <= 5

    run(main())


def test_who_names_the_bot_and_takes_no_direct_messages_is_told_the_other_way_and_nothing_else():
    chat = DiscordPlatform()

    async def main() -> None:
        async with talking(crew_that_asks(), chat) as talk:
            await asked(talk)
            chat.server.world.no_direct_messages.add(chat.person(BOB).id)
            assert await talk.mentions(BOB, "status", chat.card()) == ""
            assert chat.thread()[-1] == (
                "I answer in private, and you take no direct messages from here; use /orch instead"
            )

    run(main())


class _House:
    """Somebody who hears deeds and answers none."""

    def __init__(self) -> None:
        self.heard: list[Invocation] = []
        self.is_up = asyncio.Event()

    def take(self, invocation: Invocation) -> None:
        self.heard.append(invocation)

    def board(self) -> Blackboard:
        return Blackboard()

    def may_see(self, actor: Actor, place: Place) -> bool:
        return True

    def tell(self, health: Health) -> None:
        if health.is_up:
            self.is_up.set()


def test_two_processes_with_one_token_do_a_command_once_and_one_of_them_says_so():
    async def main() -> None:
        async with serving() as server:
            world, alice = server.world, Person(server, "alice")
            has_command = asyncio.Event()
            world.listeners.append(lambda each: has_command.set() if each.name == SYNCED else None)
            config = DiscordConfig(world.token, server.base, world.gateway_url)
            houses = _House(), _House()
            one, other = (Connection(config, house, LoopClock().now_ms) for house in houses)
            try:
                async with one.running(), other.running():
                    await asyncio.gather(*(house.is_up.wait() for house in houses), has_command.wait())
                    for _ in range(3):
                        alice.runs(world.channel, "orch", "status")
                        await passes(10)
                    assert sum(len(house.heard) for house in houses) == 3
                    late = one.chat.health().detail + other.chat.health().detail
                    assert "answered by another process" in late
            finally:
                point_at(DiscordConfig(""))

    run(main())


def _deed(bench: FakeBench, handle: str) -> Invocation:
    return Invocation(bench.place, bench.alice, handle, "command", "status", handle=handle)
