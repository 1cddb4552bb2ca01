"""Slack's own ways under the port: one message a key, pictures, limits, private answers, forms."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.slack.answers import MAX_USES, Deed
from bot.messages import Message, Notice
from bot.port import ChatDown, ChatGone, Invocation, MessageRef, Place, ThreadRef
from tests.adapters.discord.samples import FORMS, MESSAGES
from tests.adapters.slack.api_fake import ALICE, CHANNEL, TEAM
from tests.adapters.slack.chat_bench import PLACE, SlackBench
from tests.adapters.slack.reading import read
from tests.adapters.slack.refusals import refused
from tests.fakes.jumping import passes, run

CARD = MESSAGES["card"]
PNG = b"\x89PNG\r\n\x1a\n"


def story(told: Callable[[SlackBench], Awaitable[None]]) -> None:
    async def main() -> None:
        await told(SlackBench())

    run(main())


def deed(bench: SlackBench, handle: str = "", thread: str | None = None, channel: str = CHANNEL) -> Invocation:
    place = Place("slack", TEAM, channel)
    return Invocation(place, bench.alice, "d1", "click", "decide", thread, handle=handle)


async def opened(bench: SlackBench) -> ThreadRef:
    return await bench.port.open_thread(PLACE, CARD, "B1/R1")


@pytest.mark.parametrize("error", [ConnectionResetError(), refused("", 503), refused("internal_error")])
def test_a_post_whose_answer_was_lost_is_not_made_twice(error: Exception):
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        bench.world.fails("chat.postMessage", error, is_after=True)
        with pytest.raises(ChatDown):
            await bench.port.post(thread, Notice("one"), "P1")
        await bench.port.post(thread, Notice("one"), "P1")
        assert bench.thread_texts(thread) == ["one"]

    story(told)


def test_a_card_that_was_posted_before_the_crash_is_taken():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        assert await opened(bench) == thread
        assert len(bench.world.messages) == 1

    story(told)


def test_a_message_of_somebody_else_fulfils_nothing():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        first = await bench.port.post(thread, Notice("one"), "P1")
        bench.world.messages[first.message] |= {"bot_id": "B1", "user": "U1"}
        assert await bench.port.post(thread, Notice("one"), "P1") != first

    story(told)


def test_a_post_is_found_in_a_long_thread():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        bench.world.page = 2
        sent = [await bench.port.post(thread, Notice("one"), f"P{number}") for number in range(5)]
        assert await bench.port.post(thread, Notice("one"), "P4") == sent[-1]
        assert len(bench.thread_texts(thread)) == 5

    story(told)


def test_an_edit_replaces_words_and_notification_alike():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        await bench.port.edit(thread.card, Notice("a < b"))
        message = bench.world.messages[thread.thread]
        assert (read(message["blocks"]), message["text"]) == ("a < b", "a &lt; b")
        assert (message["parse"], message["link_names"]) == ("none", False)

    story(told)


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (refused("ratelimited", 429, retry_after="3.5"), 3.5), (refused("", 503), 0.0), (ConnectionResetError(), 0.0),
        (refused("invalid_auth"), 60.0), (AttributeError("str has no get"), 0.0),
    ],
)  # fmt: skip
def test_what_may_pass_comes_out_at_once_with_the_time_to_wait(error: Exception, wait_s: float):
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        loop = asyncio.get_running_loop()
        for call in ("conversations.replies", "chat.postMessage"):
            bench.world.fails(call, error)
            began = loop.time()
            with pytest.raises(ChatDown) as down:
                await bench.port.post(thread, Notice("one"), "P1")
            assert down.value.retry_after_s == wait_s
            assert loop.time() == began
            await passes(wait_s)
        await bench.port.post(thread, Notice("one"), "P1")
        assert bench.thread_texts(thread) == ["one"]

    story(told)


def test_a_closed_channel_is_a_place_that_is_gone_and_a_deleted_message_is_not():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        del bench.world.messages[thread.thread]
        with pytest.raises(ChatGone) as gone:
            await bench.port.edit(thread.card, Notice("one"))
        assert not gone.value.is_place
        bench.world.channels.clear()
        with pytest.raises(ChatGone) as gone:
            await bench.port.open_thread(PLACE, CARD, "B2")
        assert gone.value.is_place

    story(told)


@pytest.mark.parametrize(
    "place", [Place("discord", "T1", "C1"), Place("slack", "T1", "../x"), Place("slack", "T2", "C1")]
)
def test_what_is_no_channel_of_ours_is_never_asked_for(place: Place):
    async def told(bench: SlackBench) -> None:
        with pytest.raises(ChatGone):
            await bench.port.open_thread(place, CARD, "B1")
        with pytest.raises(ChatGone):
            await bench.port.edit(MessageRef(PLACE, "1/../../x"), Notice("one"))
        assert bench.world.log == []

    story(told)


def test_nothing_is_said_before_it_is_known_in_whose_name():
    async def told(bench: SlackBench) -> None:
        bench.port.me = None
        with pytest.raises(ChatDown):
            await opened(bench)

    story(told)


def test_a_picture_is_an_image_in_its_message():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        ref = await bench.port.upload(thread, PNG, "R1.png", "R1 running\n1. T1 complete", "P1")
        (image, _) = bench.world.messages[ref.message]["blocks"]
        assert image["alt_text"] == "R1 running\n1. T1 complete"
        assert bench.world.files[image["slack_file"]["id"]] == {
            "content": PNG, "id": image["slack_file"]["id"], "title": "R1.png",
        }  # fmt: skip

    story(told)


def test_a_picture_that_slack_has_not_looked_at_is_shown_a_moment_later_and_uploaded_once():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        bench.world.fails("chat.postMessage", refused("invalid_blocks"))
        with pytest.raises(ChatDown) as down:
            await bench.port.upload(thread, PNG, "R1.png", "R1 running", "P1")
        assert down.value.retry_after_s == 2.0
        ref = await bench.port.upload(thread, PNG, "R1.png", "R1 running", "P1")
        assert bench.world.messages[ref.message]["blocks"][0]["type"] == "image"
        assert bench.world.log.count("files.completeUploadExternal") == 1

    story(told)


@pytest.mark.parametrize("scope_is_there", [True, False])
def test_a_picture_that_can_not_be_shown_is_told_in_words(scope_is_there: bool):
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        if not scope_is_there:
            bench.world.fails("files.getUploadURLExternal", refused("missing_scope", needed="files:write"))
        for _ in range(5 if scope_is_there else 0):
            bench.world.fails("chat.postMessage", refused("invalid_blocks"))
            with pytest.raises(ChatDown):
                await bench.port.upload(thread, PNG, "R1.png", "R1 running", "P1")
        ref = await bench.port.upload(thread, PNG, "R1.png", "R1 running", "P1")
        assert [block["type"] for block in bench.world.messages[ref.message]["blocks"]] == ["rich_text"]

    story(told)


def test_a_click_is_answered_below_it_for_one_person():
    async def told(bench: SlackBench) -> None:
        await bench.port.reply(deed(bench, thread="1.2"), Notice("for you"))
        (whisper,) = bench.world.ephemerals
        assert (whisper["channel"], whisper["user"], whisper["thread_ts"]) == (CHANNEL, ALICE, "1.2")

    story(told)


def test_a_command_is_answered_where_the_bot_is_no_member_too():
    async def told(bench: SlackBench) -> None:
        handle = bench.handle()
        bench.world.channels.clear()
        await bench.port.reply(deed(bench, handle), Notice("for you"))
        ((address, told),) = bench.world.responses
        assert address == f"https://hooks.example/{handle}"
        assert (told["response_type"], told["replace_original"]) == ("ephemeral", False)

    story(told)


def test_an_address_is_used_five_times_and_not_after_half_an_hour():
    async def told(bench: SlackBench) -> None:
        handle = bench.handle()
        assert [bool(bench.pending.address(handle)) for _ in range(MAX_USES + 1)] == [True] * MAX_USES + [False]
        later = bench.handle() + "later"
        bench.pending.take(later, Deed("command", "", "https://hooks.example/later"))
        await passes(1_800)
        assert bench.pending.address(later) == ""

    story(told)


def test_a_click_where_the_bot_was_thrown_out_is_answered_by_its_address_or_directly():
    async def told(bench: SlackBench) -> None:
        bench.pending.take("h1", Deed("click", "", "https://hooks.example/h1"))
        bench.world.channels.clear()
        await bench.port.reply(deed(bench, "h1"), Notice("for you"))
        assert len(bench.world.responses) == 1
        with pytest.raises(ChatGone):
            await bench.port.reply(deed(bench, "another"), Notice("for you"))
        bench.world.channels.add(ALICE)
        await bench.port.reply(deed(bench, "another"), Notice("for you"))
        assert [each["channel"] for each in bench.world.messages.values()] == [ALICE]

    story(told)


def test_what_was_said_in_a_direct_message_is_answered_there():
    async def told(bench: SlackBench) -> None:
        await bench.port.reply(deed(bench, channel="D1"), Notice("for you"))
        assert [(each["channel"], read(each["blocks"])) for each in bench.world.messages.values()] == [
            ("D1", "for you")
        ]

    story(told)


def test_what_was_asked_on_the_own_page_is_answered_there():
    async def told(bench: SlackBench) -> None:
        bench.pending.take("h1", Deed("home"))
        await bench.port.reply(deed(bench, "h1", channel="D1"), Notice("nothing needs you"))
        assert read(bench.world.homes[ALICE]["blocks"]) == "nothing needs you"

    story(told)


def test_a_form_comes_up_once_or_asks_for_another_click():
    async def told(bench: SlackBench) -> None:
        handle = bench.handle()
        await bench.port.ask_form(deed(bench, handle), FORMS["changes"])
        assert len(bench.world.views) == 1
        await bench.port.ask_form(deed(bench, handle), FORMS["changes"])
        late = bench.handle()
        bench.world.triggers.clear()
        await bench.port.ask_form(deed(bench, late), FORMS["changes"])
        assert len(bench.world.views) == 1
        assert all("click again" in read(each["blocks"]) for _, each in bench.world.responses)
        assert len(bench.world.responses) == 2

    story(told)


def test_a_member_is_resolved_with_their_groups_and_a_stranger_without():
    async def told(bench: SlackBench) -> None:
        found = await bench.port.resolve(f"slack:{TEAM}:{ALICE}")
        assert (found.name, found.groups) == ("Alice", ("slack:T1:S3",))
        assert (await bench.port.resolve("slack:T1:U6")).groups == ()
        assert (await bench.port.resolve("slack:T1:../../x")).groups == ()

    story(told)


def test_groups_are_asked_for_once_in_five_minutes():
    async def told(bench: SlackBench) -> None:
        for _ in range(3):
            await bench.port.resolve(f"slack:{TEAM}:{ALICE}")
        assert bench.world.log.count("usergroups.list") == 1
        bench.world.groups.clear()
        await passes(301)
        assert (await bench.port.resolve(f"slack:{TEAM}:{ALICE}")).groups == ()

    story(told)


def test_without_the_right_to_read_groups_nobody_is_in_one():
    async def told(bench: SlackBench) -> None:
        bench.world.fails("usergroups.list", refused("missing_scope", needed="usergroups:read"))
        assert (await bench.port.resolve(f"slack:{TEAM}:{ALICE}")).groups == ()

    story(told)


def test_every_kind_of_message_can_be_posted():
    async def told(bench: SlackBench) -> None:
        thread = await opened(bench)
        for name, message in MESSAGES.items():
            assert isinstance(message, Message)
            await bench.port.post(thread, message, name)
        assert len(bench.thread_texts(thread)) == len(MESSAGES)

    story(told)
