"""The local Slack's people: what they do reaches the bot as Slack tells it, and they press only what is shown to them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.adapters.slack.fake_story import APP_TOKEN, Caller, story
from tests.fakes.jumping import passes
from tests.fakes.slack.deliveries import SECRET, Deliveries
from tests.fakes.slack.person import NotShown, Person
from tests.fakes.slack.server import Slack

BUTTON = {"type": "button", "action_id": "go", "value": "v", "text": {"type": "plain_text", "text": "go on"}}
CARD = [{"type": "header", "text": {"type": "plain_text", "text": "R1", "emoji": False}}, {"type": "actions", "elements": [BUTTON]}]  # fmt: skip
FORM = {
    "type": "modal", "callback_id": "f", "private_metadata": "m", "title": {"type": "plain_text", "text": "Title"},
    "submit": {"type": "plain_text", "text": "go"},
    "blocks": [{"type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why"},
                "element": {"type": "plain_text_input", "action_id": "typed", "max_length": 9}}],
}  # fmt: skip


class Listener:
    """The bot's end of a socket; acknowledges unless told otherwise. `heard` is every envelope."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.acks = True
        self.payload: dict[str, Any] | None = None
        self.ended = asyncio.Event()

    async def listen(self, stream: aiohttp.ClientWebSocketResponse) -> None:
        async for message in stream:
            told = json.loads(message.data)
            self.heard.append(told)
            if "envelope_id" in told and self.acks:
                await stream.send_json({"envelope_id": told["envelope_id"], "payload": self.payload})
        self.ended.set()

    def told(self) -> list[dict[str, Any]]:
        return [each["payload"] for each in self.heard if "payload" in each]


@asynccontextmanager
async def listening(slack: Slack) -> AsyncIterator[Listener]:
    url = (await Caller(slack, APP_TOKEN).call("apps.connections.open"))["url"]
    listener = Listener()
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as stream, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(listener.listen(stream))
        await slack.sockets.connected()
        yield listener
        task.cancel()


def test_a_command_comes_with_a_trigger_and_an_address_that_take_answers():
    async def told(slack: Slack, caller: Caller) -> None:
        alice = Person(slack, "alice")
        async with listening(slack) as listener:
            outcome = await alice.types("/orch start a <b> & c", slack.space.channels["C9"])
            assert outcome.is_acked
            assert outcome.after_s < 0.1
            (heard,) = listener.told()
        assert (heard["command"], heard["text"]) == ("/orch", "start a &lt;b&gt; &amp; c")
        await caller.call("views.open", trigger_id=heard["trigger_id"], view=FORM)
        assert alice.reads_form() == "Title\nWhy"
        async with aiohttp.ClientSession() as session:
            for number in range(6):
                async with session.post(heard["response_url"], json={"text": f"answer {number}"}) as answer:
                    assert answer.status == (200 if number < 5 else 404)
        assert alice.told_alone() == [f"answer {number}" for number in range(5)]
        assert slack.space.posts == []

    story(told)


def test_nobody_listens_and_the_person_is_told_so_after_three_seconds():
    async def told(slack: Slack, caller: Caller) -> None:
        del caller
        alice = Person(slack, "alice")
        outcome = await alice.types("/orch status", slack.space.channels["C1"])
        assert not outcome.is_acked
        assert outcome.after_s == pytest.approx(3, abs=0.1)
        assert alice.warnings == ["/orch failed with the error operation_timeout"]

    story(told)


def test_events_are_tried_again_and_clicks_are_not():
    async def told(slack: Slack, caller: Caller) -> None:
        alice, channel = Person(slack, "alice"), slack.space.channels["C1"]
        async with listening(slack) as listener:
            listener.acks = False
            await caller.call("chat.postMessage", channel="C1", text="x", blocks=CARD)
            await alice.presses(alice.sees("go on", slack.space.posts[0]))
            await alice.says("@orch status", channel)
            await passes(400)
            kinds = [each["type"] for each in listener.heard if "payload" in each]
            assert kinds == ["interactive", *["events_api"] * 4]
            assert len({each["payload"]["event_id"] for each in listener.heard if each["type"] == "events_api"}) == 1
            assert [each.get("retry_attempt") for each in listener.heard][2:] == [0, 1, 2, 3]

    story(told)


def test_only_what_is_shown_can_be_pressed():
    async def told(slack: Slack, caller: Caller) -> None:
        alice = Person(slack, "alice")
        ts = (await caller.call("chat.postMessage", channel="C1", text="x", blocks=CARD))["ts"]
        post = slack.space.posts[0]
        seen = alice.sees("go on", post)
        with pytest.raises(NotShown):
            alice.sees("stop", post)
        await caller.call("chat.update", channel="C1", ts=ts, text="over")
        with pytest.raises(NotShown):
            alice.sees("go on", post)
        async with listening(slack) as listener:
            # What they saw a moment ago can still be pressed.
            await alice.presses(seen)
            (heard,) = listener.told()
        assert heard["actions"][0]["action_id"] == "go"
        assert heard["message"]["ts"] == heard["container"]["message_ts"] == ts

    story(told)


def test_a_form_takes_what_its_fields_take_and_closes_when_it_was_heard():
    async def told(slack: Slack, caller: Caller) -> None:
        alice = Person(slack, "alice")
        await caller.call("views.open", trigger_id=slack.space.trigger(alice.id), view=FORM)
        for values in ({}, {"Why": "far too long"}, {"How": "x"}):
            with pytest.raises(NotShown):
                await alice.fills_in(values)
        async with listening(slack) as listener:
            listener.payload = {"response_action": "errors", "errors": {"why": "say more"}}
            await alice.fills_in({"Why": "x"})
            assert alice.warnings == ["say more"]
            assert alice.form().is_open
            listener.payload = None
            await alice.fills_in({"Why": "because"})
            heard = listener.told()[-1]["view"]
        assert (heard["callback_id"], heard["private_metadata"]) == ("f", "m")
        assert heard["state"]["values"]["why"]["typed"]["value"] == "because"
        with pytest.raises(NotShown):
            alice.form()

    story(told)


def test_a_mention_is_heard_where_the_bot_is_and_may_listen():
    async def told(slack: Slack, caller: Caller) -> None:
        del caller
        alice = Person(slack, "alice")
        async with listening(slack) as listener:
            assert await alice.says("@orch pause", slack.space.channels["C9"]) is None
            assert await alice.says("good morning", slack.space.channels["C1"]) is None
            await alice.says("@orch pause", slack.space.channels["C1"], thread="1.000001")
            await alice.says("status", slack.space.direct(alice.id))
            slack.api.scopes -= {"app_mentions:read"}
            assert await alice.says("@orch pause", slack.space.channels["C1"]) is None
            events = [each["event"] for each in listener.told()]
        assert [(each["type"], each["text"]) for each in events] == [
            ("app_mention", "<@UORCH> pause"), ("message", "status"),
        ]  # fmt: skip
        assert events[0]["thread_ts"] == "1.000001"

    story(told)


def test_deliveries_come_twice_late_and_in_another_order():
    async def told(slack: Slack, caller: Caller) -> None:
        del caller
        alice, channel = Person(slack, "alice"), slack.space.channels["C1"]
        async with listening(slack) as listener:
            slack.deliveries.copies = 2
            await alice.types("/orch one", channel)
            slack.deliveries.copies = 1
            slack.deliveries.delay_s = 2.5
            await alice.types("/orch two", channel)
            slack.deliveries.delay_s = 0.0
            slack.deliveries.hold()
            async with asyncio.TaskGroup() as tasks:
                _ = tasks.create_task(alice.types("/orch three", channel))
                _ = tasks.create_task(alice.types("/orch four", channel))
                await passes(1)
                await slack.deliveries.release(is_reversed=True)
            assert [each["text"] for each in listener.told()] == ["one", "one", "two", "four", "three"]
            assert len({each["envelope_id"] for each in listener.heard if "payload" in each}) == 5
            assert len({each["trigger_id"] for each in listener.told()[:2]}) == 1

    story(told)


def test_a_socket_is_warned_breaks_falls_silent_and_is_one_of_many():
    async def told(slack: Slack, caller: Caller) -> None:
        del caller
        alice, channel = Person(slack, "alice"), slack.space.channels["C1"]
        async with listening(slack) as first:
            await passes(0.1)
            assert first.heard[0]["num_connections"] == 1
            slack.sockets.ghosts = 1
            async with listening(slack) as second:
                await passes(0.1)
                assert second.heard[0]["num_connections"] == 3
                outcomes = [(await alice.types("/orch x", channel)).is_acked for _ in range(6)]
                assert outcomes.count(False) == 2
                assert {len(each.told()) for each in (first, second)} == {2}
                await slack.sockets.warn()
                await passes(0.1)
                assert second.heard[-1]["type"] == "disconnect"
                slack.sockets.fall_silent()
                assert not (await alice.types("/orch x", channel)).is_acked
                slack.sockets.cut()
                await first.ended.wait()
                await second.ended.wait()
        assert slack.sockets.live == []

    story(told)


def test_an_eleventh_socket_is_turned_away():
    async def told(slack: Slack, caller: Caller) -> None:
        del caller
        slack.sockets.ghosts = 10
        url = (await Caller(slack, APP_TOKEN).call("apps.connections.open"))["url"]
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url) as stream:
                assert (await stream.receive_json())["reason"] == "too_many_websockets"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)

    story(told)


def test_a_request_is_signed_over_its_body_and_its_time():
    async def told(slack: Slack, caller: Caller) -> None:
        del caller
        deliveries: Deliveries = slack.deliveries
        deliveries.stamp_s = lambda: 1_531_420_618
        body = (
            "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
            "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
            "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d1"
            "0d2c447fce8b6703c"
        )
        # The example of Slack's own guide to verifying requests.
        assert deliveries.signed(body)["X-Slack-Signature"] == (
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        )

    story(told)


def test_without_a_socket_a_bot_hears_by_signed_requests():
    heard: list[dict[str, Any]] = []

    async def hear(request: web.Request) -> web.Response:
        body = await request.text()
        stamp = request.headers["X-Slack-Request-Timestamp"]
        digest = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        assert hmac.compare_digest(f"v0={digest}", request.headers["X-Slack-Signature"])
        told = json.loads(body) if request.content_type == "application/json" else dict(await request.post())
        heard.append({**told, "retry": request.headers.get("x-slack-retry-num")})
        return web.Response(status=500 if told.get("type") == "event_callback" else 200, text="heard")

    async def told(slack: Slack, caller: Caller) -> None:
        app = web.Application()
        app.router.add_post("/slack/events", hear)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.deliveries.bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        alice = Person(slack, "alice")
        await caller.call("chat.postMessage", channel="C1", text="x", blocks=CARD)
        assert (await alice.types("/orch status", slack.space.channels["C1"])).is_acked
        assert alice.told_alone() == ["heard"]
        assert (await alice.presses(alice.sees("go on", slack.space.posts[0]))).is_acked
        await alice.says("@orch status", slack.space.channels["C1"])
        await passes(400)
        assert heard[0]["text"] == "status"
        assert json.loads(heard[1]["payload"])["type"] == "block_actions"
        assert [each["retry"] for each in heard[2:]] == [None, "1", "2", "3"]
        await runner.cleanup()

    story(told)
