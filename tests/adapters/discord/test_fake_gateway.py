"""The strict Discord's gateway: who is let in, what is told, what is told again after a break."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.fakes.discord.deeds import COMMAND
from tests.fakes.discord.gateway import (
    BEAT_S,
    DIRECT_MESSAGES,
    GUILD_MESSAGES,
    GUILDS,
    IDENTIFY_GAP_S,
    MESSAGE_CONTENT,
    SESSION_S,
)
from tests.fakes.discord.powers import VIEW
from tests.fakes.discord.server import Discord, serving
from tests.fakes.jumping import passes, run

USUAL = GUILDS | GUILD_MESSAGES
LIMIT_S = 1_000.0
QUERY = "?v=10&encoding=json"


class Socket:
    """A bot's end of the socket; beats are given as they are asked for."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._unpacker = zlib.decompressobj()
        self.answers_beats = True

    async def say(self, op: int, told: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": told}))

    async def identify(self, intents: int = USUAL, token: str = "a-token") -> dict[str, Any]:
        await self.say(2, {"token": token, "intents": intents, "properties": {}})
        return await self.hear("READY")

    async def next(self) -> dict[str, Any]:
        """What is told next; the code when the socket closes."""
        message = await self.socket.receive(timeout=1_000)
        if message.type is aiohttp.WSMsgType.BINARY:
            return dict(json.loads(self._unpacker.decompress(message.data)))
        if message.type is aiohttp.WSMsgType.TEXT:
            return dict(json.loads(message.data))
        return {"op": -1, "code": self.socket.close_code}

    async def hear(self, name: str) -> dict[str, Any]:
        """The next event of the name, or the first thing that is none."""
        while True:
            told = await self.next()
            if told["op"] == 1 and self.answers_beats:
                await self.say(1, None)
            elif told["op"] not in {0, 1, 10, 11} or told.get("t") == name:
                return told


@asynccontextmanager
async def calling(server: Discord, query: str = QUERY) -> AsyncIterator[Socket]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(server.world.gateway_url + query) as socket,
    ):
        yield Socket(socket)


def story(told: Callable[[Discord], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), serving() as server:
            await told(server)

    run(main())


@pytest.mark.parametrize("query", [QUERY, QUERY + "&compress=zlib-stream"])
def test_a_bot_is_greeted_and_told_of_its_server(query: str):
    async def told(server: Discord) -> None:
        async with calling(server, query) as bot:
            assert (await bot.next())["d"]["heartbeat_interval"] == BEAT_S * 1000
            ready = await bot.identify()
            assert (ready["s"], ready["d"]["guilds"][0]["unavailable"]) == (1, True)
            guild = await bot.hear("GUILD_CREATE")
            assert [each["name"] for each in guild["d"]["channels"]] == ["general"]
            await bot.say(1, 2)
            assert (await bot.next())["op"] == 11

    story(told)


@pytest.mark.parametrize(
    ("intents", "token", "code"),
    [
        (USUAL, "wrong", 4004),
        (USUAL | MESSAGE_CONTENT, "a-token", 4014),
        (USUAL | 1 << 1, "a-token", 4014),
        (1 << 30, "a-token", 4013),
    ],
)
def test_a_wrong_token_and_intents_that_were_not_granted_are_refused(intents: int, token: str, code: int):
    async def told(server: Discord) -> None:
        async with calling(server) as bot:
            assert await bot.identify(intents, token) == {"op": -1, "code": code}

    story(told)


def test_an_intent_that_was_granted_is_let_in_and_brings_the_words_of_all():
    async def told(server: Discord) -> None:
        world = server.world
        alice = world.add_person("alice")
        world.allowed_intents = MESSAGE_CONTENT
        async with calling(server) as bot, calling(server) as other:
            await bot.identify(USUAL | MESSAGE_CONTENT)
            await passes(IDENTIFY_GAP_S)
            await other.identify(USUAL)
            server.posts.post(world.channel, alice, {"content": "hello"})
            assert (await bot.hear("MESSAGE_CREATE"))["d"]["content"] == "hello"
            assert (await other.hear("MESSAGE_CREATE"))["d"]["content"] == ""
            server.posts.post(world.channel, alice, {"content": f"<@{world.me}> hello"})
            assert (await other.hear("MESSAGE_CREATE"))["d"]["content"] == f"<@{world.me}> hello"

    story(told)


@pytest.mark.parametrize(("said", "code"), [("{", 4002), ('{"op": 99}', 4001), ('{"op": 8, "d": {}}', 4003)])
def test_nonsense_is_not_listened_to(said: str, code: int):
    async def told(server: Discord) -> None:
        async with calling(server) as bot:
            await bot.next()
            await bot.socket.send_str(said)
            assert (await bot.next())["code"] == code

    story(told)


def test_another_version_and_a_bot_that_talks_too_much_are_shut_out():
    async def told(server: Discord) -> None:
        async with calling(server, "?v=9&encoding=json") as bot:
            assert (await bot.next())["code"] == 4012
        async with calling(server) as bot:
            await bot.identify()
            for _ in range(120):
                await bot.say(3, {})
            assert (await bot.hear("nothing"))["code"] == 4008

    story(told)


def test_identifying_twice_in_a_row_is_too_soon_and_on_one_socket_never_right():
    async def told(server: Discord) -> None:
        async with calling(server) as bot, calling(server) as other:
            await bot.identify()
            assert (await other.identify())["op"] == 9
            await passes(IDENTIFY_GAP_S)
            assert (await other.identify())["op"] == 0
            assert await other.identify() == {"op": -1, "code": 4005}

    story(told)


def test_what_was_missed_is_told_again_in_order():
    async def told(server: Discord) -> None:
        world = server.world
        alice = world.add_person("alice")
        async with calling(server) as bot:
            ready = await bot.identify()
            await bot.hear("GUILD_CREATE")
            server.gateway.break_off()
            assert (await bot.next())["op"] == -1
        deeds = [server.deeds.begin(COMMAND, alice, world.channel, {"name": "orch"}).id for _ in range(2)]
        async with calling(server) as bot:
            await bot.say(6, {"token": "a-token", "session_id": ready["d"]["session_id"], "seq": 2})
            assert [(await bot.hear("INTERACTION_CREATE"))["d"]["id"] for _ in deeds] == deeds
            assert (await bot.hear("RESUMED"))["s"] == 5

    story(told)


def test_a_session_that_is_over_or_unknown_is_not_resumed():
    async def told(server: Discord) -> None:
        async with calling(server) as bot:
            ready = await bot.identify()
        for session, seq, wait_s, op in (("x", 1, 0, 9), (ready["d"]["session_id"], 1, SESSION_S + 1, 9)):
            await passes(wait_s)
            async with calling(server) as bot:
                await bot.say(6, {"token": "a-token", "session_id": session, "seq": seq})
                assert (await bot.hear("RESUMED"))["op"] == op

    story(told)


def test_resuming_from_the_future_or_with_a_wrong_token_closes():
    async def told(server: Discord) -> None:
        async with calling(server) as bot:
            ready = await bot.identify()
        for token, seq, code in (("a-token", 99, 4007), ("wrong", 1, 4004)):
            async with calling(server) as bot:
                await bot.say(6, {"token": token, "session_id": ready["d"]["session_id"], "seq": seq})
                assert (await bot.hear("RESUMED"))["code"] == code

    story(told)


def test_a_bot_that_gives_no_beat_is_given_up():
    async def told(server: Discord) -> None:
        async with calling(server) as bot:
            await bot.identify()
            bot.answers_beats = False
            assert (await bot.hear("nothing"))["code"] == 4009
            assert asyncio.get_running_loop().time() < 4 * BEAT_S

    story(told)


def test_what_the_bot_may_not_see_is_not_told_and_direct_messages_have_their_own_intent():
    async def told(server: Discord) -> None:
        world = server.world
        alice = world.add_person("alice")
        secret = world.add_channel("secret")
        world.deny(secret, world.me, VIEW)
        async with calling(server) as bot:
            await bot.identify(USUAL)
            server.posts.post(secret, alice, {"content": f"<@{world.me}>"})
            server.posts.post(world.direct_channel(alice), alice, {"content": "psst"})
            seen = server.posts.post(world.channel, alice, {"content": "x"})
            assert (await bot.hear("MESSAGE_CREATE"))["d"]["id"] == seen["id"]
            await passes(IDENTIFY_GAP_S)
        async with calling(server) as bot:
            await bot.identify(DIRECT_MESSAGES)
            server.posts.post(world.channel, alice, {"content": "x"})
            told = server.posts.post(world.direct_channel(alice), alice, {"content": "psst"})
            assert (await bot.hear("MESSAGE_CREATE"))["d"]["content"] == "psst"
            assert told["content"] == "psst"

    story(told)


def test_events_can_come_late_and_twice():
    async def told(server: Discord) -> None:
        world = server.world
        async with calling(server) as bot:
            await bot.identify()
            await bot.hear("GUILD_CREATE")
            server.gateway.delay_s, server.gateway.copies = 7.0, 2
            began = asyncio.get_running_loop().time()
            world.tell("INTERACTION_CREATE", {"id": "1"})
            assert (await bot.hear("INTERACTION_CREATE"))["d"] == {"id": "1"}
            assert (await bot.hear("INTERACTION_CREATE"))["d"] == {"id": "1"}
            assert asyncio.get_running_loop().time() - began == 7.0

    story(told)
