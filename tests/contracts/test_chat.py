"""What every chat platform does for the bot, whatever it is: one suite on each implementation of ChatPort.

An implementation joins by a `ChatBench` in BENCHES: the port itself, and a look at what a person would see there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from bot.forms import Field, Form
from bot.messages import Message, Notice
from bot.port import Actor, ChatGone, ChatPort, Invocation, MessageRef, Place, ThreadRef
from bot.rendering import card_of, message_of
from bot.shown import plain
from engine.core.chat_entities import Post
from engine.core.ids import BindingId, DecisionId, PostId, RunId
from tests.adapters.discord.chat_bench import discord_bench
from tests.adapters.discord.fake_bench import fake_bench
from tests.adapters.slack.chat_bench import slack_bench
from tests.adapters.slack.strict_bench import http_bench, socket_bench
from tests.adapters.web.chat_bench import web_bench
from tests.bot.story import middle
from tests.fakes.chat import MemoryChat
from tests.fakes.core_driver import CoreDriver

BOARD = middle(CoreDriver()).board
CARD = card_of(BOARD, RunId("R1"))


class ChatBench(Protocol):
    """A platform under test; `alice` is somebody it knows."""

    @property
    def port(self) -> ChatPort: ...

    @property
    def place(self) -> Place: ...

    @property
    def alice(self) -> Actor: ...

    def handle(self) -> str:
        """What a deed that waits for its answer is known by there; empty where none is needed."""
        ...

    def text_of(self, ref: MessageRef) -> str:
        """What stands on the screen."""
        ...

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        """The messages of the thread in order, without the card."""
        ...

    def answers(self) -> list[tuple[str, bool]]:
        """What was replied, and whether in private."""
        ...

    def forms(self) -> list[Form]:
        """The forms that were put to people."""
        ...


class _MemoryBench:
    def __init__(self) -> None:
        self.port = MemoryChat()
        self.port.latency_s = 0.0
        self.place = Place("memory", "T1", "C1")
        self.alice = Actor("memory:T1:alice", "alice")
        self.port.groups[self.alice.id] = ("memory:T1:crew",)

    def handle(self) -> str:
        return ""

    def text_of(self, ref: MessageRef) -> str:
        return self.port.entries[ref.message].shown.text

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        return self.port.screen(thread.thread)

    def answers(self) -> list[tuple[str, bool]]:
        return [(text, True) for _, text in self.port.answers]

    def forms(self) -> list[Form]:
        return [form for _, form in self.port.forms]


@asynccontextmanager
async def _memory() -> AsyncIterator[ChatBench]:
    yield _MemoryBench()


Opens = Callable[[], AbstractAsyncContextManager[ChatBench]]
BENCHES: dict[str, Opens] = {
    "memory": _memory,
    "web": web_bench,
    "discord": discord_bench,
    "discord over http": fake_bench,
    "slack": slack_bench,
    "slack over a socket": socket_bench,
    "slack over http": http_bench,
}


@pytest.fixture(params=BENCHES)
def opens(request: pytest.FixtureRequest) -> Opens:
    return BENCHES[request.param]


def _question() -> Message:
    post = Post(PostId("P1"), RunId("R1"), BindingId("B1"), "decision", "decision D1", "", about=DecisionId("D1"))
    return message_of(BOARD, post)


def _deed(bench: ChatBench) -> Invocation:
    return Invocation(
        bench.place, bench.alice, "d1", "command", "status", handle=bench.handle(),
    )  # fmt: skip


def test_a_thread_hangs_from_the_card_that_opened_it(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            assert thread.place == bench.place
            assert CARD.objective[:20] in bench.text_of(thread.card)
            assert bench.thread_texts(thread) == []

    asyncio.run(story())


def test_the_same_key_posts_once(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            assert await bench.port.open_thread(bench.place, CARD, "k1") == thread
            first = await bench.port.post(thread, Notice("one"), "k2")
            assert await bench.port.post(thread, Notice("one"), "k2") == first
            other = await bench.port.post(thread, Notice("one"), "k3")
            assert other.message != first.message
            assert len(bench.thread_texts(thread)) == 2

    asyncio.run(story())


def test_messages_stand_in_the_order_in_which_they_were_posted(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            for number in range(5):
                await bench.port.post(thread, Notice(f"line {number}"), f"p{number}")
            assert [text.split()[-1] for text in bench.thread_texts(thread)] == list("01234")

    asyncio.run(story())


def test_an_edit_shows_in_place(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            ref = await bench.port.post(thread, Notice("before"), "k2")
            await bench.port.edit(ref, Notice("after"))
            assert "after" in bench.text_of(ref)
            assert "before" not in bench.text_of(ref)
            assert len(bench.thread_texts(thread)) == 1
            await bench.port.edit(thread.card, Notice("the card"))
            assert "the card" in bench.text_of(thread.card)

    asyncio.run(story())


def test_a_message_that_is_not_there_is_gone(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            with pytest.raises(ChatGone) as caught:
                await bench.port.edit(MessageRef(bench.place, "no such message", thread.thread), Notice("x"))
            assert not caught.value.is_place

    asyncio.run(story())


def test_a_question_shows_its_words(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            ref = await bench.port.post(thread, _question(), "k2")
            assert "D1" in bench.text_of(ref)
            assert "retry with changes" in bench.text_of(ref).casefold()

    asyncio.run(story())


def test_a_reply_is_private(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            await bench.port.reply(_deed(bench), Notice("for you"))
            ((text, is_private),) = bench.answers()
            assert ("for you" in text, is_private) == (True, True)

    asyncio.run(story())


def test_a_form_is_put_to_the_person(opens: Opens):
    form = Form("decide", "D1: retry with changes", "retry", {"decision": "D1"}, (Field("changes", "What", "text"),))

    async def story() -> None:
        async with opens() as bench:
            if bench.port.caps.modals:
                await bench.port.ask_form(_deed(bench), form)
                (put,) = bench.forms()
                assert (put.name, put.title, put.args) == (form.name, form.title, form.args)
                assert [field.name for field in put.fields] == ["changes"]

    asyncio.run(story())


def test_a_file_is_posted_once_with_its_words(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            png = b"\x89PNG\r\n\x1a\n"
            first = await bench.port.upload(thread, png, "R1.png", "R1 running", "k2")
            assert await bench.port.upload(thread, png, "R1.png", "R1 running", "k2") == first
            assert len(bench.thread_texts(thread)) == 1
            assert "R1 running" in bench.text_of(first)

    asyncio.run(story())


def test_somebody_is_resolved_to_the_same_id(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            assert (await bench.port.resolve(bench.alice.id)).id == bench.alice.id

    asyncio.run(story())


def test_long_and_hostile_text_is_shown_within_the_limits(opens: Opens):
    hostile = "<!channel> @everyone ```\u202e\x1b[31m" + "👨‍👩‍👧" * 5_000

    async def story() -> None:
        async with opens() as bench:
            thread = await bench.port.open_thread(bench.place, CARD, "k1")
            ref = await bench.port.post(thread, Notice(hostile), "k2")
            assert "\x1b" not in bench.text_of(ref)
            assert len(bench.text_of(ref)) <= bench.port.caps.max_text
            assert plain(Notice(hostile))

    asyncio.run(story())


def test_it_says_whether_it_works(opens: Opens):
    async def story() -> None:
        async with opens() as bench:
            assert bench.port.health().is_up
            assert bench.port.name == bench.place.adapter

    asyncio.run(story())
