"""Our chat against the strict Discord: everything we send is taken, nothing comes twice, and no limit is ever reached."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.discord.tree import command_tree
from bot.messages import Message, Notice
from bot.pace import Pacer, PaceRules
from bot.port import ChatDown, ChatGone, Invocation, ThreadRef
from tests.adapters.discord.fake_bench import FakeBench, fake_bench
from tests.adapters.discord.samples import FORMS, MESSAGES
from tests.fakes.discord.faults import Trouble
from tests.fakes.discord.limits import WIDE, Limits
from tests.fakes.discord.posts import NONCE_S
from tests.fakes.discord.powers import FILES, SEND_IN_THREADS
from tests.fakes.discord.screen import read
from tests.fakes.jumping import passes, run

CARD = MESSAGES["card"]
HOUR_S = 3_600.0


def story(told: Callable[[FakeBench], Awaitable[None]], limits: Limits = WIDE) -> None:
    async def main() -> None:
        async with fake_bench(limits) as bench:
            await told(bench)

    run(main())


async def opened(bench: FakeBench) -> ThreadRef:
    return await bench.port.open_thread(bench.place, CARD, "B1")


def deed(bench: FakeBench, handle: str = "") -> Invocation:
    return Invocation(bench.place, bench.alice, "d1", "click", "x", handle=handle)


def test_every_message_is_taken_as_a_post_an_edit_and_an_answer():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        for name, message in MESSAGES.items():
            assert isinstance(message, Message)
            ref = await bench.port.post(thread, message, name)
            await bench.port.edit(ref, Notice("before"))
            await bench.port.edit(ref, message)
            handle = bench.handle()
            await bench.pending.defer(handle)
            await bench.port.reply(deed(bench, handle), message)
            await bench.port.reply(deed(bench, bench.handle()), message)
            await bench.port.reply(deed(bench), message)
        assert {asked.status // 100 for asked in bench.server.world.log} == {2}

    story(told)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_taken(name: str):
    async def told(bench: FakeBench) -> None:
        await bench.port.ask_form(deed(bench, bench.handle()), FORMS[name])
        (form,) = bench.forms()
        assert form.args == FORMS[name].args

    story(told)


def test_the_command_is_taken_and_no_other_is_wanted():
    async def told(bench: FakeBench) -> None:
        bench.server.world.commands = []
        path = f"/applications/{bench.server.world.app}/guilds/{bench.server.world.guild}/commands"
        assert await bench.asks("PUT", path, command_tree())
        assert len(bench.server.world.commands[0]["options"]) == len(command_tree()[0]["options"])

    story(told)


def test_two_hundred_changes_reach_no_limit_and_the_last_one_stands():
    """Bot and strictest bucket seen in the wild: 5 messages in 5 s. Whoever waits its turn chooses what to say afterwards."""

    async def told(bench: FakeBench) -> None:
        thread, loop = await opened(bench), asyncio.get_running_loop()
        pacer, began, shown_at = Pacer(PaceRules()), loop.time(), [0.0]
        bench.server.world.listeners.append(lambda _: shown_at.append(loop.time()))

        def newest() -> int:
            return min(200, int((loop.time() - began) / 0.04))

        said = -1
        while said < 200:
            await pacer.turn(bench.place)
            said = newest()
            asked_at = loop.time()
            await bench.port.edit(thread.card, Notice(f"change {said}"))
            assert shown_at[-1] == asked_at, "the text was stale when it was shown"
        assert bench.text_of(thread.card) == "change 200"
        assert bench.server.meter.refused == []
        assert sum(asked.method == "PATCH" for asked in bench.server.world.log) < 12

    story(told, Limits())


def test_an_old_card_keeps_below_the_limit_that_no_header_tells_of():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        await passes(HOUR_S + 1)
        for number in range(6):
            await _edit_when_allowed(bench, thread, f"change {number}")
        assert bench.text_of(thread.card) == "change 5"
        assert bench.server.meter.refused == []
        assert bench.thread_texts(thread) == []

    story(told)


def test_a_card_that_discord_lets_nobody_edit_goes_on_in_its_thread():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        await passes(HOUR_S + 1)
        for number in range(3):
            await _edit_when_allowed(bench, thread, f"change {number}")
        assert bench.text_of(thread.card) == "change 0"
        (text,) = bench.thread_texts(thread)
        assert text.split("\n") == ["change 2", f"goes on here; before: {_link(bench, thread)}"]

    story(told, Limits(old_edits=(1, 600.0)))


async def _edit_when_allowed(bench: FakeBench, thread: ThreadRef, text: str) -> None:
    try:
        await bench.port.edit(thread.card, Notice(text))
    except ChatDown as down:
        await passes(down.retry_after_s if down.is_message else 0)
        await bench.port.edit(thread.card, Notice(text))


def _link(bench: FakeBench, thread: ThreadRef) -> str:
    return f"https://discord.com/channels/{bench.place.workspace}/{bench.place.channel}/{thread.thread}"


def test_a_thread_that_fell_asleep_after_a_week_is_woken_by_an_edit_and_by_a_post():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        ref = await bench.port.post(thread, Notice("one"), "P1")
        for word in ("two", "three"):
            await passes(8 * 24 * HOUR_S)
            await bench.port.edit(ref, Notice(word))
        await passes(8 * 24 * HOUR_S)
        await bench.port.post(thread, Notice("four"), "P2")
        assert bench.thread_texts(thread) == ["three", "four"]

    story(told)


def test_a_thread_that_a_moderator_closed_is_given_up_as_a_place():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        ref = await bench.port.post(thread, Notice("one"), "P1")
        bench.server.threads.archive(thread.thread, is_locked=True)
        for each in (bench.port.edit(ref, Notice("two")), bench.port.post(thread, Notice("two"), "P2")):
            with pytest.raises(ChatGone) as gone:
                await each
            assert gone.value.is_place

    story(told)


@pytest.mark.parametrize("waits_s", [1.0, NONCE_S + 1])
@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
def test_a_post_whose_answer_got_lost_stands_once(status: int, waits_s: float):
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        bench.server.troubles.order(Trouble("POST", rf"/channels/{thread.thread}/messages$", status, is_done=True))
        with pytest.raises(ChatDown):
            await bench.port.post(thread, Notice("one"), "P1")
        await passes(waits_s)
        await bench.port.post(thread, Notice("one"), "P1")
        assert bench.thread_texts(thread) == ["one"]

    story(told)


def test_an_opening_whose_every_step_gets_lost_opens_one_thread():
    async def told(bench: FakeBench) -> None:
        steps = (r"/messages$", r"/threads$")
        bench.server.troubles.order(*(Trouble("POST", step, 503, is_done=True) for step in steps))
        for _ in steps:
            with pytest.raises(ChatDown):
                await opened(bench)
        thread = await opened(bench)
        assert list(bench.server.posts.messages[bench.place.channel]) == [thread.thread]
        assert bench.server.world.channels[thread.thread]["thread_metadata"]["auto_archive_duration"] == 10_080

    story(told)


def test_an_acknowledgement_after_three_seconds_is_counted_and_one_after_another_process_too():
    async def told(bench: FakeBench) -> None:
        late, twice = bench.handle(), bench.handle()
        await bench.pending.defer(twice)
        bench.pending._open[twice].state = "new"  # as another process with the same token would see it
        assert not await bench.pending.defer(twice)
        await passes(3.1)
        assert not await bench.pending.defer(late)
        assert bench.pending.counts == {40_060: 1, 10_062: 1}

    story(told)


def test_an_answer_after_a_quarter_of_an_hour_is_a_direct_message():
    async def told(bench: FakeBench) -> None:
        handle = bench.handle()
        await bench.pending.defer(handle)
        await passes(901)
        await bench.port.reply(deed(bench, handle), Notice("at last"))
        (message,) = bench.server.posts.seen(bench.server.world.direct[bench.person])
        assert read(message) == "at last"

    story(told)


def test_where_files_are_not_allowed_the_words_of_a_picture_come_alone():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        bench.server.world.deny(bench.place.channel, bench.server.world.me, FILES)
        await bench.port.upload(thread, b"png", "R1.png", "R1 running", "P1")
        await bench.port.upload(thread, b"png", "R1.png", "R1 running", "P1")
        assert bench.thread_texts(thread) == ["R1 running"]
        bench.server.world.deny(bench.place.channel, bench.server.world.me, SEND_IN_THREADS)
        with pytest.raises(ChatGone) as gone:
            await bench.port.upload(thread, b"png", "R1.png", "R1 running", "P2")
        assert gone.value.is_place

    story(told)


def test_nobody_is_called_whatever_is_said():
    async def told(bench: FakeBench) -> None:
        thread = await opened(bench)
        role = bench.server.world.add_role("crew")
        text = f"@everyone @here <@{bench.person}> <@&{role}>"
        ref = await bench.port.post(thread, Notice(text), "P1")
        await bench.port.edit(ref, Notice(f"{text} again"))
        message = bench.server.posts.messages[thread.thread][ref.message]
        assert (message["mentions"], message["mention_roles"], message["mention_everyone"]) == ([], [], False)
        assert bench.text_of(ref) == f"{text} again"

    story(told)
