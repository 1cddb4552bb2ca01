"""Deeds as Slack sends them: acknowledged at once, handed over once, whatever made the control."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.app import build_slack_app
from adapters.slack.client import SlackConfig
from adapters.slack.connection import Slack
from adapters.slack.forms import modal_payload
from adapters.slack.inbound import heard, key_of_deed, plain
from bot.port import Health, Invocation, Place
from tests.adapters.discord.samples import FORMS
from tests.adapters.slack.api_fake import BOT_USER, CHANNEL, ME, TEAM, InMemory
from tests.adapters.slack.payloads import click, event, mention, shortcut, slash, submission


class World:
    """Slack's seams on the Web API in memory; the socket is not its subject."""

    def __init__(self) -> None:
        self.memory = InMemory()
        self.taken: list[Invocation] = []
        self.link = Slack(SlackConfig("xoxb-1", "xapp-1"), self)
        self.link._api = self.memory.api()
        self.link.chat.me = ME
        self.app = build_slack_app(self.link._config, self.link, client=AsyncWebClient(), once=self.link._once)

    def take(self, invocation: Invocation) -> None:
        self.taken.append(invocation)

    def tell(self, health: Health) -> None:
        del health

    async def does(self, body: dict[str, Any]) -> BoltResponse:
        """What Slack is answered."""
        answer = await self.app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
        assert answer.status == 200
        # Bolt acknowledges an event before its listener has run.
        for _ in range(10):
            await asyncio.sleep(0)
        return answer


def story(told: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        world = World()
        async with asyncio.timeout(10), world.link._group:
            await told(world)

    asyncio.run(main())


def test_a_command_is_acknowledged_and_handed_over_with_its_actor():
    async def told(world: World) -> None:
        answer = await world.does(slash("logs T8 &lt;3 <#C2|random> <@U6|bob>"))
        (deed,) = world.taken
        assert answer.body == ""
        assert (deed.kind, deed.name, deed.args) == ("command", "", {"text": "logs T8 <3 #random @bob"})
        assert deed.place == Place("slack", TEAM, CHANNEL)
        assert (deed.actor.id, deed.actor.name, deed.thread) == ("slack:T1:U5", "alice", None)
        assert "hooks.example" not in repr(deed)

    story(told)


def test_another_command_of_the_app_is_told_to_be_out_of_date():
    async def told(world: World) -> None:
        answer = await world.does(slash("x", command="/orc"))
        assert "out of date" in answer.body
        assert world.taken == []

    story(told)


def test_each_deed_is_done_once_however_often_it_comes():
    async def told(world: World) -> None:
        view = modal_payload(FORMS["changes"], CHANNEL, "1.2")
        bodies = [
            slash("status"), click("orch:pause?run=R1"), submission(view, {"changes": "x"}), mention("status"),
            event("message", channel_type="im", text="status"),
        ]  # fmt: skip
        for body in bodies * 3:
            await world.does(body)
        assert len(world.taken) == len(bodies)
        assert len({deed.dedupe_key for deed in world.taken}) == len(bodies)

    story(told)


def test_two_clicks_are_two_deeds():
    async def told(world: World) -> None:
        await world.does(click("orch:pause?run=R1"))
        await world.does(click("orch:pause?run=R1"))
        assert len(world.taken) == 2

    story(told)


def test_an_old_button_works_after_a_restart():
    async def told(world: World) -> None:
        await world.does(click("orch:decide?decision=D1&generation=3&choice=retry"))
        (deed,) = world.taken
        assert (deed.kind, deed.name, deed.thread) == ("click", "decide", "1.2")
        assert deed.args == {"decision": "D1", "generation": "3", "choice": "retry"}

    story(told)


def test_a_button_on_a_card_is_of_the_thread_that_hangs_from_it():
    async def told(world: World) -> None:
        await world.does(click("orch:pause?run=R1", thread=""))
        assert world.taken[0].thread == "1.5"

    story(told)


def test_a_form_that_was_open_over_a_restart_still_counts_where_it_was_asked():
    async def told(world: World) -> None:
        view = modal_payload(FORMS["changes"], CHANNEL, "1.2")
        answer = await world.does(submission(view, {"changes": "round half up"}))
        (deed,) = world.taken
        assert answer.body == ""
        assert (deed.kind, deed.name, deed.values) == ("form", "decide", {"changes": "round half up"})
        assert (deed.place.channel, deed.thread, deed.args) == (CHANNEL, "1.2", FORMS["changes"].args)

    story(told)


def test_a_form_of_another_version_says_so_itself():
    async def told(world: World) -> None:
        answer = await world.does(
            submission({"type": "modal", "callback_id": "old", "private_metadata": ""}, {"x": "y"})
        )
        assert "out of date" in answer.body
        assert "update" in answer.body
        assert world.taken == []

    story(told)


@pytest.mark.parametrize("name", ["something-old", "", "orch:PAUSE?"])
def test_a_control_of_another_version_is_handed_over_as_unknown(name: str):
    async def told(world: World) -> None:
        await world.does(click(name))
        assert [(deed.kind, deed.name) for deed in world.taken] == [("click", "?")]

    story(told)


def test_a_mention_is_what_follows_the_name():
    async def told(world: World) -> None:
        await world.does(mention("why T3? <https://a.example/x|a.example/x>", thread_ts="1.2"))
        (deed,) = world.taken
        assert (deed.kind, deed.args, deed.thread) == ("mention", {"text": "why T3? a.example/x"}, "1.2")

    story(told)


@pytest.mark.parametrize(
    "body",
    [
        event("message", channel_type="channel", text="hi"), event("message", channel_type="im", text="x", bot_id="B2"),
        event("message", channel_type="im", subtype="message_changed"), event("app_mention", text="x", bot_id="B2"),
        event("message", channel_type="im", text="x", user=BOT_USER), event("app_home_opened", tab="messages"),
        event("reaction_added"), event("member_joined_channel"), shortcut("x", "another"),
        {"type": "view_closed", "view": {"id": "V1", "hash": "h", "callback_id": "orch:decide"}, "user": {"id": "U5"}},
        {"type": "shortcut", "callback_id": "global", "trigger_id": "9", "user": {"id": "U5"}, "team": {"id": "T1"}},
        {"type": "block_suggestion", "action_id": "x", "block_id": "b", "value": "v", "user": {"id": "U5"}},
    ],
)  # fmt: skip
def test_what_is_no_deed_is_acknowledged_and_passed_over(body: dict[str, Any]):
    async def told(world: World) -> None:
        await world.does(body)
        assert world.taken == []

    story(told)


def test_the_own_page_asks_what_there_is_to_say():
    async def told(world: World) -> None:
        await world.does(event("app_home_opened", tab="home", channel="D1"))
        (deed,) = world.taken
        assert (deed.kind, deed.name, deed.place.channel, deed.is_home) == ("command", "home", "D1", True)

    story(told)


def test_a_message_becomes_an_objective_that_can_still_be_changed():
    async def told(world: World) -> None:
        body = shortcut("the report is wrong &amp; late")
        world.memory.triggers.add(body["trigger_id"])
        await world.does(body)
        (view,) = world.memory.views
        assert view["blocks"][0]["element"]["initial_value"] == "the report is wrong & late"
        assert world.taken == []
        await world.does(submission(view, {"objective": "mend the report"}))
        (deed,) = world.taken
        assert (deed.kind, deed.name, deed.values) == ("form", "start", {"objective": "mend the report"})
        assert (deed.place.channel, deed.thread) == (CHANNEL, None)

    story(told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("type", "event", "user", "team", "channel", "actions", "view", "container", "message", "event_id", "command")
KINDS = st.sampled_from(["event_callback", "block_actions", "view_submission", "message_action", "view_closed"])


@given(st.dictionaries(st.sampled_from(NAMES), JSON), KINDS)
def test_whatever_comes_is_a_deed_or_none(body: dict[str, Any], kind: str):
    told = {**body, "type": kind}
    assert isinstance(key_of_deed(told), str)
    heard(told, BOT_USER)


@given(st.text(st.sampled_from("<>|@#!&;ampltU1C^ "), max_size=30))
def test_any_text_can_be_read(text: str):
    assert isinstance(plain(text), str)
