"""Discord's own ways under the port: one message a key, threads that sleep, old messages, limits, private answers."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.discord.render import V2
from bot.messages import Message, Notice, Picture
from bot.port import ChatDown, ChatGone, Invocation, MessageRef, Place, ThreadRef
from engine.core.ids import RunId
from tests.adapters.discord.chat_bench import PLACE, DiscordBench
from tests.adapters.discord.reading import buttons, read
from tests.adapters.discord.refusals import refused
from tests.adapters.discord.rest_fake import ALICE, CHANNEL, DM, GUILD, turned
from tests.adapters.discord.samples import FORMS, MESSAGES
from tests.fakes.jumping import passes, run

CARD = MESSAGES["card"]
HOUR_MS = 3_600_000


def story(told: Callable[[DiscordBench], Awaitable[None]]) -> None:
    async def main() -> None:
        await told(DiscordBench())

    run(main())


def deed(bench: DiscordBench, handle: str = "", thread: str | None = None) -> Invocation:
    return Invocation(PLACE, bench.alice, "d1", "click", "decide", thread, handle=handle)


async def opened(bench: DiscordBench) -> ThreadRef:
    return await bench.port.open_thread(PLACE, CARD, "B1/R1")


def test_a_thread_is_named_after_its_run_and_sleeps_after_a_week():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        made = bench.world.threads[thread.thread]
        assert made["name"] == "R1 Make the failing tests pass, and round money half up everywhere"
        assert made["auto_archive_duration"] == 10_080

    story(told)


def test_a_thread_that_was_made_before_the_crash_is_taken():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        bench.world.remembers_nonces = False
        assert await opened(bench) == thread
        assert len(bench.world.messages) == 1

    story(told)


@pytest.mark.parametrize("remembers_nonces", [True, False])
def test_a_post_whose_answer_was_lost_is_not_made_twice(remembers_nonces: bool):
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        first = await bench.port.post(thread, Notice("one"), "P1")
        bench.world.remembers_nonces = remembers_nonces
        bench.world.now_ms += 10 * 60_000
        assert await bench.port.post(thread, Notice("one"), "P1") == first

    story(told)


def test_a_message_of_somebody_else_fulfils_nothing():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        first = await bench.port.post(thread, Notice("one"), "P1")
        bench.world.messages[first.message]["author"] = {"id": ALICE}
        bench.world.remembers_nonces = False
        assert await bench.port.post(thread, Notice("one"), "P1") != first

    story(told)


def test_every_message_is_of_the_new_kind_and_pings_nobody():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        await bench.port.post(thread, Notice("@everyone <@5>"), "P1")
        for message in bench.world.messages.values():
            assert message["flags"] == V2
            assert message["allowed_mentions"] == {"parse": []}
            assert len(message["nonce"]) <= 25
            assert message["enforce_nonce"]
            assert "content" not in message

    story(told)


def test_a_thread_that_sleeps_is_woken_for_an_edit():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        ref = await bench.port.post(thread, Notice("one"), "P1")
        bench.world.threads[thread.thread]["archived"] = True
        await bench.port.edit(ref, Notice("two"))
        assert bench.text_of(ref) == "two"

    story(told)


def test_an_old_message_is_edited_once_in_twenty_seconds_and_nothing_waits_inside():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        bench.world.now_ms += HOUR_MS + 1
        await bench.port.edit(thread.card, Notice("one"))
        with pytest.raises(ChatDown) as held:
            await bench.port.edit(thread.card, Notice("two"))
        assert held.value.is_message
        assert 19 < held.value.retry_after_s <= 20
        await passes(held.value.retry_after_s)
        await bench.port.edit(thread.card, Notice("three"))
        assert bench.text_of(thread.card) == "three"

    story(told)


def test_a_young_message_is_edited_at_once():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        for word in ("one", "two", "three"):
            await bench.port.edit(thread.card, Notice(word))
        assert bench.text_of(thread.card) == "three"

    story(told)


@pytest.mark.parametrize("error", [turned(429, 300, 30_046), refused(400, 30_046)])
def test_a_card_that_can_not_be_edited_any_more_goes_on_in_the_thread(error: Exception):
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        bench.world.faults.append(("PATCH", error))
        await bench.port.edit(thread.card, Notice("later"))
        (fresh,) = bench.thread_texts(thread)
        assert fresh.split("\n") == [
            "later", f"goes on here; before: https://discord.com/channels/{GUILD}/{CHANNEL}/{thread.thread}",
        ]  # fmt: skip
        await bench.port.edit(thread.card, Notice("latest"))
        assert bench.thread_texts(thread)[0].split("\n")[0] == "latest"
        assert len(bench.thread_texts(thread)) == 1

    story(told)


def test_a_successor_is_found_again_after_a_restart_and_shows_what_is_true():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        for word in ("before", "in the meantime"):
            bench.world.faults += [("PATCH", turned(429, 300, 30_046))] if word == "before" else []
            await bench.port.edit(thread.card, Notice(word))
        bench.start_again()
        bench.world.remembers_nonces = False
        bench.world.faults.append(("PATCH", turned(429, 300, 30_046)))
        await bench.port.edit(thread.card, Notice("now"))
        (text,) = bench.thread_texts(thread)
        assert text.split("\n")[0] == "now"
        assert text.split("\n")[1].startswith("goes on here; before: https://discord.com/channels/")

    story(told)


def test_a_successor_that_ages_has_a_successor():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        for word in ("second", "third"):
            bench.world.faults.append(("PATCH", turned(429, 300, 30_046)))
            await bench.port.edit(thread.card, Notice(word))
        await bench.port.edit(thread.card, Notice("latest"))
        assert [text.split("\n")[0] for text in bench.thread_texts(thread)] == ["second", "latest"]

    story(told)


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [(turned(429, 3.5), 3.5), (turned(503), 0.0), (ConnectionResetError(), 0.0), (refused(401, 0), 60.0)],
)
def test_what_may_pass_comes_out_at_once_with_the_time_to_wait(error: Exception, wait_s: float):
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        for call in ("GET", "POST"):
            bench.world.faults.append((call, error))
            with pytest.raises(ChatDown) as down:
                await bench.port.post(thread, Notice("one"), "P1")
            assert down.value.retry_after_s == wait_s
        await bench.port.post(thread, Notice("one"), "P1")
        assert bench.thread_texts(thread) == ["one"]
        assert asyncio.get_running_loop().time() == 0

    story(told)


def test_a_deleted_thread_and_a_closed_channel_are_places_that_are_gone():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        del bench.world.threads[thread.thread]
        with pytest.raises(ChatGone) as gone:
            await bench.port.post(thread, Notice("one"), "P1")
        assert gone.value.is_place
        bench.world.faults.append(("GET", refused(403, 50_001)))
        with pytest.raises(ChatGone) as gone:
            await bench.port.open_thread(PLACE, CARD, "B2")
        assert gone.value.is_place

    story(told)


@pytest.mark.parametrize(
    "place", [Place("slack", "1", "20"), Place("discord", "1", "../users"), Place("discord", "x", "20")]
)
def test_what_is_no_channel_of_discord_never_reaches_an_address(place: Place):
    async def told(bench: DiscordBench) -> None:
        with pytest.raises(ChatGone):
            await bench.port.open_thread(place, CARD, "B1")
        with pytest.raises(ChatGone):
            await bench.port.edit(MessageRef(PLACE, "1/../../x"), Notice("one"))
        assert bench.world.log == []

    story(told)


def test_a_picture_is_a_file_in_its_message():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        ref = await bench.port.upload(thread, b"png", "R1.png", "R1 running\n1. T1 complete", "P1")
        message = bench.world.messages[ref.message]
        (gallery, words) = message["components"][0]["components"]
        assert gallery["items"][0]["media"] == {"url": "attachment://R1.png"}
        assert gallery["items"][0]["description"] == "R1 running\n1. T1 complete"
        assert words["type"] == 10
        assert message["attachments"] == [{"id": 0, "filename": "R1.png", "description": "R1 running\n1. T1 complete"}]
        assert bench.world.files == {"R1.png": b"png"}

    story(told)


@pytest.mark.parametrize("is_deferred", [True, False])
def test_a_picture_that_was_asked_for_is_a_file_in_the_answer(is_deferred: bool):
    async def told(bench: DiscordBench) -> None:
        handle = await _defer(bench) if is_deferred else bench.handle()
        await bench.port.reply(deed(bench, handle), Picture(RunId("R1"), "R1 running", b"png"))
        edits = [body for _, body in bench.world.edits_of_answers if body is not None]
        (body,) = edits if is_deferred else [bench.world.first_answers[handle]["data"]]
        assert body["attachments"] == [{"id": 0, "filename": "R1.png", "description": "R1 running"}]
        assert bench.world.files == {"R1.png": b"png"}
        assert read(body) == "R1 running"

    story(told)


def test_a_thread_that_a_moderator_closed_is_a_place_that_is_gone():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        bench.world.faults.append(("POST", refused(400, 50_083)))
        with pytest.raises(ChatGone) as gone:
            await bench.port.post(thread, Notice("one"), "P1")
        assert gone.value.is_place

    story(told)


@pytest.mark.parametrize("nonsense", ["<html>", [{"id": "x", "author": {"id": "1"}}], {"no": "id"}, None])
def test_an_answer_that_is_not_understood_is_tried_again_later(nonsense: object):
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        for call in ("GET", "POST"):
            bench.world.nonsense.append((call, nonsense))
            with pytest.raises(ChatDown):
                await bench.port.post(thread, Notice("one"), "P1")
        bench.world.nonsense.append(("GET", nonsense))
        with pytest.raises(ChatDown):
            await bench.port.resolve(f"discord:{GUILD}:{ALICE}")

    story(told)


async def _defer(bench: DiscordBench) -> str:
    handle = bench.handle()
    assert await bench.pending.defer(handle)
    return handle


def test_a_deferred_answer_takes_the_place_of_its_announcement_and_further_ones_follow():
    async def told(bench: DiscordBench) -> None:
        handle = await _defer(bench)
        await bench.port.reply(deed(bench, handle), Notice("one"))
        await bench.port.reply(deed(bench, handle), Notice("two"))
        assert bench.world.first_answers[handle] == {"type": 5, "data": {"flags": 64}}
        (edit,) = bench.world.edits_of_answers
        assert (edit[0], read(edit[1] or {})) == ("PATCH", "one")
        assert [(read(each), each["flags"]) for each in bench.world.followups] == [("two", V2 | 64)]

    story(told)


@pytest.mark.parametrize(("status", "code"), [(401, 50_027), (404, 10_015)])
def test_an_answer_that_comes_after_a_quarter_of_an_hour_is_a_direct_message(status: int, code: int):
    async def told(bench: DiscordBench) -> None:
        handle = await _defer(bench)
        bench.world.faults.append(("PATCH /webhooks", refused(status, code)))
        await bench.port.reply(deed(bench, handle), Notice("at last"))
        (message,) = bench.world.messages.values()
        assert (message["channel_id"], read(message)) == (DM, "at last")

    story(told)


@pytest.mark.parametrize("code", [10_062, 40_060])
def test_an_interaction_that_is_nobodys_any_more_is_counted(code: int):
    async def told(bench: DiscordBench) -> None:
        handle = bench.handle()
        bench.world.faults.append(("POST /interactions", refused(404 if code == 10_062 else 400, code)))
        assert not await bench.pending.defer(handle)
        assert bench.pending.counts[code] == 1
        with pytest.raises(ChatGone):
            await bench.port.reply(deed(bench, handle), Notice("one"))

    story(told)


def test_a_form_is_the_first_answer_or_asks_for_another_click():
    async def told(bench: DiscordBench) -> None:
        handle = bench.handle()
        await bench.port.ask_form(deed(bench, handle), FORMS["changes"])
        assert bench.world.first_answers[handle]["type"] == 9
        late = await _defer(bench)
        await bench.port.ask_form(deed(bench, late), FORMS["changes"])
        (edit,) = bench.world.edits_of_answers
        assert "click again" in read(edit[1] or {})

    story(told)


def test_who_named_the_bot_is_answered_in_a_direct_message():
    async def told(bench: DiscordBench) -> None:
        await bench.port.reply(deed(bench), Notice("for you"))
        (message,) = bench.world.messages.values()
        assert (message["channel_id"], read(message)) == (DM, "for you")

    story(told)


def test_a_direct_message_has_no_buttons_as_those_count_in_a_server_alone():
    async def told(bench: DiscordBench) -> None:
        await bench.port.reply(deed(bench), MESSAGES["question"])
        (message,) = bench.world.messages.values()
        assert "D1 needs you" in read(message)
        assert buttons(message) == []

    story(told)


def test_who_takes_no_direct_messages_is_told_how_to_ask_and_no_more():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        bench.world.takes_direct_messages = False
        await bench.port.reply(deed(bench, thread=thread.thread), Notice("the secret"))
        (text,) = bench.thread_texts(thread)
        assert "/orch" in text
        assert "secret" not in text

    story(told)


def test_a_member_is_resolved_with_their_roles_and_a_stranger_without():
    async def told(bench: DiscordBench) -> None:
        found = await bench.port.resolve(f"discord:{GUILD}:{ALICE}")
        assert (found.name, found.groups) == ("alice", ("discord:1:1", "discord:1:7"))
        assert (await bench.port.resolve("discord:1:6")).groups == ()
        assert (await bench.port.resolve("discord:1:../../x")).groups == ()

    story(told)


def test_every_kind_of_message_can_be_posted():
    async def told(bench: DiscordBench) -> None:
        thread = await opened(bench)
        for name, message in MESSAGES.items():
            assert isinstance(message, Message)
            await bench.port.post(thread, message, name)
        assert len(bench.thread_texts(thread)) == len(MESSAGES)

    story(told)
