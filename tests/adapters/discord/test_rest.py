"""discord.py's HTTP client over real HTTP: it never waits inside a call, and what it would wait for comes out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from discord.http import Route

from adapters.discord.client import INTENTS, DiscordConfig, OrchClient, build_discord_client, point_at
from adapters.discord.rest import Rest
from bot.port import ChatDown, ChatGone
from tests.adapters.discord.loopback import Loopback, loopback
from tests.adapters.discord.test_router import World

QUICK_S = 2.0


def edit(message: int = 3) -> Route:
    return Route("PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=2, message_id=message)


@asynccontextmanager
async def door() -> AsyncIterator[tuple[Rest, Loopback]]:
    async with loopback() as server:
        rest = Rest()
        world = World()
        world.link._rest = rest
        client = build_discord_client(DiscordConfig("a-token", server.base), world.link)
        try:
            await client.http.static_login("a-token")
            rest.use(client)
            yield rest, server
        finally:
            await client.close()
            point_at(DiscordConfig(""))


def story(told: Callable[[Rest, Loopback], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(QUICK_S * 5), door() as (rest, server):
            await told(rest, server)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait_s"),
    [
        (429, {"Retry-After": "300"}, {"message": "slow down", "retry_after": 299.5, "global": False}, 299.5),
        (500, {}, {"message": "oops"}, 0.0),
        (502, {}, b"<html>bad gateway</html>", 0.0),
        (503, {}, b"", 0.0),
    ],
)
def test_a_limit_and_a_fault_come_out_after_one_request(status: int, headers: dict[str, str], body: Any, wait_s: float):
    async def told(rest: Rest, server: Loopback) -> None:
        server.answers.append((status, headers, body))
        with pytest.raises(ChatDown) as down:
            await rest.spoken(edit(), {})
        assert down.value.retry_after_s == wait_s
        assert len([path for method, path in server.asked if method == "PATCH"]) == 1
        assert await rest.spoken(edit(), {}) == {}

    story(told)


def test_a_used_up_bucket_pauses_after_the_call_and_never_before_one():
    used = {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": "0.8",
        "X-RateLimit-Bucket": "b",
    }

    async def told(rest: Rest, server: Loopback) -> None:
        loop = asyncio.get_running_loop()
        sent: list[float] = []
        for number in range(2):
            server.answers.append((200, used, {}))
            asked = loop.time()
            server.when = lambda: sent.append(loop.time())
            await rest.spoken(edit(number), {})
            assert sent[-1] - asked < 0.7
            assert loop.time() - sent[-1] > 0.7

    story(told)


@pytest.mark.parametrize(
    ("headers", "body"), [({}, {"retry_after": 7, "global": True}), ({"Retry-After": "7"}, b"<html>blocked</html>")]
)
def test_a_limit_of_everything_stops_everything_that_can_wait(headers: dict[str, str], body: Any):
    async def told(rest: Rest, server: Loopback) -> None:
        server.answers.append((429, headers, body))
        with pytest.raises(ChatDown):
            await rest.spoken(edit(), {})
        with pytest.raises(ChatDown) as down:
            await rest.spoken(Route("GET", "/channels/{channel_id}/messages", channel_id=9))
        assert 5 < down.value.retry_after_s <= 7
        assert await rest.call(Route("POST", "/interactions/{interaction_id}/callback", interaction_id=1), {}) == {}

    story(told)


def test_a_call_into_a_session_that_was_closed_is_tried_again_later():
    async def told(rest: Rest, _server: Loopback) -> None:
        assert rest._http is not None
        await rest._http.close()
        with pytest.raises(ChatDown):
            await rest.spoken(edit(), {})

    story(told)


def test_an_answer_that_only_claims_to_be_json_is_tried_again_later():
    async def told(rest: Rest, server: Loopback) -> None:
        server.answers.append((200, {"Content-Type": "application/json"}, b"<html>"))
        with pytest.raises(ChatDown):
            await rest.spoken(edit(), {})

    story(told)


def test_a_refusal_keeps_its_code():
    async def told(rest: Rest, server: Loopback) -> None:
        server.answers.append((404, {}, {"code": 10_008, "message": "Unknown Message"}))
        with pytest.raises(ChatGone) as gone:
            await rest.spoken(edit(), {})
        assert not gone.value.is_place

    story(told)


def test_a_client_asks_for_no_privileged_intent_and_may_ping_nobody():
    async def main() -> None:
        client = build_discord_client(DiscordConfig("a-token"), World().link)
        assert isinstance(client, OrchClient)
        assert client.intents == INTENTS
        assert not any((INTENTS.members, INTENTS.presences, INTENTS.message_content))
        assert client.allowed_mentions is not None
        assert not client.allowed_mentions.everyone
        assert client.is_closed() is False
        assert not client.is_ready()

    asyncio.run(main())


def test_a_token_is_never_shown():
    assert "a-token" not in repr(DiscordConfig("a-token"))
