"""The connection to Slack: it comes up, says how it is, and comes back; a Slack that is down costs itself alone."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.slack.client import SlackConfig, Socket, web_client
from adapters.slack.connection import Slack
from bot.messages import Notice
from bot.port import Health, Invocation, Place
from bot.replies import slack as say
from tests.adapters.slack.api_fake import CHANNEL, TEAM
from tests.adapters.slack.loopback import Loopback, loopback
from tests.adapters.slack.payloads import click, mention, slash
from tests.fakes.jumping import run

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class House:
    """Who hears what comes."""

    def __init__(self) -> None:
        self.taken: asyncio.Queue[Invocation] = asyncio.Queue()
        self.told: asyncio.Queue[Health] = asyncio.Queue()

    def take(self, invocation: Invocation) -> None:
        self.taken.put_nowait(invocation)

    def tell(self, health: Health) -> None:
        self.told.put_nowait(health)

    async def hears(self, *, is_up: bool) -> str:
        """What is said next of a Slack that is up, or down."""
        while (health := await self.told.get()).is_up != is_up:
            pass
        return health.detail


Story = Callable[[Loopback, House, Slack], Awaitable[None]]


def story(told: Story, prepare: Callable[[Loopback], None] = lambda _: None, app_token: str = "xapp-1") -> None:
    async def main() -> None:
        async with asyncio.timeout(600), loopback() as server:
            prepare(server)
            house = House()
            config = SlackConfig("xoxb-1", app_token, "" if app_token else SECRET, f"{server.base}api/")
            async with Slack(config, house, jitter=lambda: 0.0).running() as slack:
                await told(server, house, slack)
            assert server.open == [] or all(socket.closed for socket in server.open)

    run(main())


def test_it_comes_up_hears_and_speaks():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        assert await house.hears(is_up=True) == say.connected("orch", "Acme")
        await server.send("slash_commands", slash("status"))
        assert (await house.taken.get()).args == {"text": "status"}
        assert await server.acks.get() == {"envelope_id": "e1"}
        await server.send("events_api", mention("status"), "e2")
        assert await server.acks.get() == {"envelope_id": "e2"}
        assert (await house.taken.get()).kind == "mention"
        await slack.chat.open_thread(Place("slack", TEAM, CHANNEL), Notice("x"), "k1")
        assert server.said[-1]["channel"] == CHANNEL

    story(told)


def test_the_next_socket_stands_before_slack_closes_the_last_one():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        await house.hears(is_up=True)
        first = await server.opened.get()
        await first.send_json({"type": "disconnect", "reason": "warning", "debug_info": {}})
        await server.opened.get()
        assert server.most_open == 2
        await server.closed.get()
        await server.send("interactive", click("orch:pause?run=R1"))
        assert (await house.taken.get()).name == "pause"
        assert house.told.empty()

    story(told)


def test_what_the_last_socket_heard_is_not_heard_again():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        await house.hears(is_up=True)
        body = click("orch:pause?run=R1")
        await server.send("interactive", body)
        await server.acks.get()
        first = await server.opened.get()
        await first.send_json({"type": "disconnect", "reason": "refresh_requested"})
        await server.opened.get()
        await server.send("interactive", body, "e2")
        assert (await server.acks.get())["envelope_id"] == "e2"
        assert house.taken.qsize() == 1

    story(told)


def test_a_socket_that_breaks_is_opened_again():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        await house.hears(is_up=True)
        socket = await server.opened.get()
        assert socket._req is not None
        assert socket._req.transport is not None
        socket._req.transport.abort()
        assert "trying again" in await house.hears(is_up=False)
        assert await house.hears(is_up=True)

    story(told)


@pytest.mark.parametrize(
    ("reason", "words"), [("link_disabled", "Socket Mode is off"), ("too_many_websockets", "stop the other")]
)
def test_why_slack_closed_the_socket_is_said(reason: str, words: str):
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        await house.hears(is_up=True)
        socket = await server.opened.get()
        await socket.send_json({"type": "disconnect", "reason": reason})
        assert words in await house.hears(is_up=False)

    story(told)


def test_other_connections_with_our_token_are_told():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        assert "2 other connections" in await house.hears(is_up=True)

    def crowded(server: Loopback) -> None:
        server.connections = 3

    story(told, crowded)


@pytest.mark.parametrize(
    ("method", "variable"), [("auth.test", "SLACK_BOT_TOKEN"), ("apps.connections.open", "SLACK_APP_TOKEN")]
)
def test_a_refused_token_is_named(method: str, variable: str):
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        assert variable in await house.hears(is_up=False)

    story(told, lambda server: server.refuse(method, "invalid_auth"))


def test_a_missing_right_to_connect_is_said():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        assert "orch slack check" in await house.hears(is_up=False)

    story(told, lambda server: server.refuse("apps.connections.open", "missing_scope"))


@pytest.mark.parametrize(("code", "status"), [("internal_error", 500), ("", 502), ("", 200)])
def test_a_slack_that_answers_errors_or_nonsense_is_tried_again(code: str, status: int):
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        assert "trying again" in await house.hears(is_up=False)
        assert await house.hears(is_up=True) == say.connected("orch", "Acme")
        assert server.asked.count("auth.test") == 2

    story(told, lambda server: server.refuse("auth.test", code, status))


class _Broken:
    """What is left of a connection that was reset."""

    async def close(self) -> None:
        raise ConnectionResetError


def test_a_broken_socket_is_let_go_of_all_the_same():
    async def main() -> None:
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            config = SlackConfig("xoxb-1", "xapp-1")
            socket = Socket("xapp-1", web_client(config, session), group)
            socket.current_session = cast("Any", _Broken())
            await socket.close()
            assert socket.aiohttp_client_session.closed

    asyncio.run(main())


@asynccontextmanager
async def _doors(slack: Slack) -> AsyncIterator[Callable[..., Awaitable[tuple[int, str]]]]:
    app = web.Application()
    for door in slack.doors():
        app.router.add_post(door.path, door.answer)

    async with TestServer(app) as server, aiohttp.ClientSession() as session:

        async def post(body: str, kind: str, secret: str = SECRET, age_s: int = 0) -> tuple[int, str]:
            stamp = str(int(time.time()) - age_s)
            signed = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
            headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}", "Content-Type": kind}
            async with session.post(server.make_url("/slack/events"), data=body, headers=headers) as answer:
                return answer.status, await answer.text()

        yield post


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def test_a_signed_request_is_heard_and_any_other_is_refused():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        assert say.by_request("/slack/events") in await house.hears(is_up=True)
        async with _doors(slack) as post:
            body = urlencode(slash("start mend the payload of R1"))
            assert (await post(body, FORM, "another secret"))[0] == 401
            assert (await post(body, FORM, age_s=600))[0] == 401
            assert house.taken.empty()
            assert (await post(body, FORM))[0] == 200
            assert (await house.taken.get()).args["text"] == "start mend the payload of R1"
            clicked: dict[str, Any] = click("orch:pause?run=R1")
            assert (await post(urlencode({"payload": json.dumps(clicked)}), FORM))[0] == 200
            assert (await house.taken.get()).name == "pause"
            assert (await post(json.dumps(mention("status")), JSON))[0] == 200
            assert (await house.taken.get()).kind == "mention"
            challenge = {"type": "url_verification", "challenge": "c123", "token": "x"}
            status, text = await post(json.dumps(challenge), JSON)
            assert (status, json.loads(text)) == (200, {"challenge": "c123"})

    story(told, app_token="")


@pytest.mark.parametrize(
    ("body", "kind"),
    [("[1]", JSON), ("{", JSON), ("payload=[", FORM), ("payload=[1]", FORM), ("[" * 100_000, JSON), ("", FORM)],
)
def test_what_can_not_be_slacks_is_refused(body: str, kind: str):
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        await house.hears(is_up=True)
        async with _doors(slack) as post:
            status, _ = await post(body, kind)
            assert status in {400, 401, 404}
            assert house.taken.empty()

    story(told, app_token="")


def test_slack_is_asked_to_come_again_until_we_know_who_we_are():
    async def told(server: Loopback, house: House, slack: Slack) -> None:
        await house.hears(is_up=False)
        async with _doors(slack) as post:
            assert (await post(urlencode(slash("status")), FORM))[0] == 503

    story(told, lambda server: server.refuse("auth.test", "invalid_auth"), app_token="")
