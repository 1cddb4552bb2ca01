"""The console's own promises as a ChatPort, beyond those that every chat keeps."""

import pytest

from adapters.web.chat import MAX_TALK, PLACE, ThreadItem, WebChat
from bot.messages import Notice, Picture
from bot.port import Actor, ChatGone, Invocation, MessageRef, Place
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from tests.adapters.web.consoles import run


def _chat() -> tuple[WebChat, list[tuple[str, ThreadItem, str]]]:
    board = Blackboard()
    chat, told = WebChat(lambda: board, lambda: 0), []
    chat.tell = lambda thread, item, only_for: told.append((thread, item, only_for))
    return chat, told


def test_a_key_posts_once_and_names_the_same_message_in_every_process():
    async def scene() -> None:
        (chat, told), (later, _) = _chat(), _chat()
        thread = await chat.open_thread(PLACE, Notice("card"), "B1")
        first = await chat.post(thread, Notice("one"), "P1")
        assert await chat.post(thread, Notice("two"), "P1") == first
        assert [item.text for _, item, _ in told] == ["card", "one"]
        again = await later.open_thread(PLACE, Notice("card"), "B1")
        assert again == thread
        assert await later.post(again, Notice("one"), "P1") == first
        assert (await later.post(again, Notice("one"), "P2")) != first

    run(scene())


def test_an_edit_replaces_what_is_shown_and_an_unknown_message_is_gone():
    async def scene() -> None:
        chat, told = _chat()
        thread = await chat.open_thread(PLACE, Notice("card"), "B1")
        ref = await chat.post(thread, Notice("one"), "P1")
        await chat.edit(ref, Notice("two"))
        await chat.edit(thread.card, Notice("card, later"))
        assert [(item.kind, item.text) for item in chat.seen(thread.thread)] == [
            ("card", "card, later"),
            ("post", "two"),
        ]
        assert told[-1][1].id == thread.thread
        with pytest.raises(ChatGone):
            await chat.edit(MessageRef(PLACE, "nothing", thread.thread), Notice("x"))

    run(scene())


def test_another_place_is_none_of_ours():
    async def scene() -> None:
        chat, _ = _chat()
        with pytest.raises(ChatGone) as gone:
            await chat.open_thread(Place("slack", "T1", "C1"), Notice("card"), "B1")
        assert gone.value.is_place

    run(scene())


def test_an_answer_goes_to_one_person():
    async def scene() -> None:
        chat, told = _chat()
        asked = Invocation(PLACE, Actor("web:alice", "alice"), "k", "command", "", thread="t")
        await chat.reply(asked, Notice("for you"))
        assert [(item.text, item.private, only_for) for _, item, only_for in told] == [("for you", True, "web:alice")]

    run(scene())


def test_a_picture_is_told_in_words_and_never_sent_as_bytes():
    async def scene() -> None:
        chat, told = _chat()
        thread = await chat.open_thread(PLACE, Notice("card"), "B1")
        await chat.upload(thread, b"\x89PNG" * 1000, "R1.png", "T1 is active", "P1")
        await chat.post(thread, Picture(RunId("R1"), "T2 is active", b"\x89PNG"), "P2")
        assert [item.text for _, item, _ in told[1:]] == ["T1 is active", "T2 is active"]
        kept = told[-1][1].message
        assert isinstance(kept, Picture)
        assert kept.png == b""

    run(scene())


def test_what_is_kept_is_bounded():
    async def scene() -> None:
        chat, told = _chat()
        thread = await chat.open_thread(PLACE, Notice("card"), "B1")
        for number in range(MAX_TALK + 50):
            await chat.post(thread, Notice("x"), f"P{number}")
            chat.heard(thread.thread, "web:alice", "hello")
        assert len(chat.seen(thread.thread)) == MAX_TALK
        assert len(told) == 1 + 2 * (MAX_TALK + 50)

    run(scene())
