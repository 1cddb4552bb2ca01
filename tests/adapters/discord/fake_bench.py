"""Discord under the suite of all chats (tests/contracts/test_chat.py), over HTTP to the strict Discord on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import discord
from discord.http import Route

from adapters.discord.answers import Answers
from adapters.discord.chat import DiscordChat
from adapters.discord.client import DiscordConfig, point_at
from adapters.discord.controls import read as read_control
from adapters.discord.rest import Rest
from bot.forms import Field, Form
from bot.port import Actor, Health, MessageRef, Place, ThreadRef
from tests.fakes.discord.deeds import COMMAND
from tests.fakes.discord.limits import WIDE, Limits
from tests.fakes.discord.screen import read
from tests.fakes.discord.server import Discord, serving
from tests.fakes.discord.world import DIRECT


class FakeBench:
    """The chat on a client that is logged in; the gateway is not asked."""

    def __init__(self, server: Discord, rest: Rest) -> None:
        world = server.world
        self.server = server
        self.rest = rest
        self.pending = Answers(rest)
        self.port = DiscordChat(rest, self.pending, world.now_ms)
        self.port.me = int(world.me)
        self.port.state = Health(is_up=True)
        self.place = Place("discord", world.guild, world.channel)
        self.person = world.add_person("alice", "crew")
        self.alice = Actor(f"discord:{world.guild}:{self.person}", "alice")

    def handle(self) -> str:
        deed = self.server.deeds.begin(
            COMMAND, self.person, self.server.world.channel, {"id": "1", "name": "orch", "type": 1}
        )
        told = SimpleNamespace(id=int(deed.id), application_id=int(self.server.world.app), token=deed.token)
        self.pending.take(cast("discord.Interaction", told))
        return deed.id

    async def asks(self, method: str, path: str, body: Any = None) -> Any:
        """What Discord answers to something that no chat asks."""
        return await self.rest.call(Route(method, path), body)

    def text_of(self, ref: MessageRef) -> str:
        return read(self.server.posts.messages[ref.thread or ref.place.channel][ref.message])

    def thread_texts(self, thread: ThreadRef) -> list[str]:
        return [read(each) for each in self.server.posts.seen(thread.thread)]

    def answers(self) -> list[tuple[str, bool]]:
        posts, channels = self.server.posts, self.server.world.channels
        return [
            (read(each), each["id"] in posts.only_for or channels[channel]["type"] == DIRECT)
            for channel, said in posts.messages.items()
            for each in said.values()
        ]

    def forms(self) -> list[Form]:
        return [_form(deed.form) for deed in self.server.deeds.all.values() if deed.form is not None]


def _form(modal: dict[str, Any]) -> Form:
    control = read_control(modal["custom_id"])
    assert control is not None
    fields = tuple(Field(label["component"]["custom_id"], label["label"]) for label in modal["components"])
    return Form(control.name, modal["title"], "", control.args, fields)


@asynccontextmanager
async def door(server: Discord) -> AsyncIterator[Rest]:
    """Our door to its REST API, with discord.py's client behind it."""
    rest = Rest()
    point_at(DiscordConfig(server.world.token, server.base))
    client = discord.Client(intents=discord.Intents.none(), http_trace=rest.trace(), max_ratelimit_timeout=30.0)
    try:
        await client.login(server.world.token)
        rest.use(client)
        yield rest
    finally:
        await client.close()
        point_at(DiscordConfig(""))


@asynccontextmanager
async def fake_bench(limits: Limits = WIDE) -> AsyncIterator[FakeBench]:
    """A fresh one."""
    async with serving(limits) as server, door(server) as rest:
        yield FakeBench(server, rest)
