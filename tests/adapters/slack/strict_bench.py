"""Slack under the suite of all chats (tests/contracts/test_chat.py), on the strict local Slack and through its real client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.forms import Form
from bot.port import Actor, ChatPort, Invocation, MessageRef, ThreadRef
from tests.adapters.slack.chat_bench import form_of
from tests.adapters.slack.platform import SlackPlatform
from tests.fakes.slack.rates import Rates


class StrictBench:
    """The platform; `deeds` were done by Alice and wait for their answers."""

    def __init__(self, platform: SlackPlatform, port: ChatPort, deeds: list[Invocation]) -> None:
        self.port = port
        self.place = platform.place
        self.alice = Actor(platform.who("alice"), "alice")
        self._platform = platform
        self._deeds = deeds

    def handle(self) -> str:
        return self._deeds.pop().handle

    def text_of(self, ref: MessageRef) -> str:
        return self._platform.text(ref.message)

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        return self._platform.screen(thread.thread)

    def answers(self) -> list[tuple[str, bool]]:
        alone = [(text, True) for text in self._platform.person("alice").told_alone()]
        return alone + [(text, False) for text in self._platform.screen()]

    def forms(self) -> list[Form]:
        return [form_of(view.payload) for view in self._platform.space.views.values()]


@asynccontextmanager
async def _bench(*, is_socket: bool) -> AsyncIterator[StrictBench]:
    deeds: list[Invocation] = []

    async def take(invocation: Invocation) -> None:
        deeds.append(invocation)

    platform = SlackPlatform(is_socket=is_socket)
    # The suite posts as fast as it can; the pace is the announcer's business (bot/announcer.py).
    platform.api.rates = Rates(post_gap_s=0.0)
    async with platform.connected(take) as port:
        await asyncio.gather(*(platform.types("alice", "status") for _ in range(3)))
        yield StrictBench(platform, port, deeds)
    assert platform.objections() == []


@asynccontextmanager
async def socket_bench() -> AsyncIterator[StrictBench]:
    """What people do comes over a socket."""
    async with _bench(is_socket=True) as bench:
        yield bench


@asynccontextmanager
async def http_bench() -> AsyncIterator[StrictBench]:
    """What people do comes by signed requests."""
    async with _bench(is_socket=False) as bench:
        yield bench
