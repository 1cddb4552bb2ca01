"""The local Slack fails in each way that Slack does."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.adapters.slack.fake_story import Caller, story
from tests.fakes.jumping import passes
from tests.fakes.slack.server import Slack


def test_a_call_is_lost_before_or_after_it_was_done():
    async def told(slack: Slack, caller: Caller) -> None:
        for drop, stand in ((slack.api.faults.drops_before, 0), (slack.api.faults.drops_after, 1)):
            drop("chat.postMessage")
            with pytest.raises(aiohttp.ClientError):
                await caller.call("chat.postMessage", channel="C1", text="x")
            assert len(slack.space.posts) == stand

    story(told)


def test_an_answer_that_never_comes_is_waited_for_as_long_as_the_client_will():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.api.faults.hangs_after("chat.postMessage")
        began = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.TimeoutError):
            await caller.call("chat.postMessage", channel="C1", text="x")
        assert asyncio.get_running_loop().time() - began == pytest.approx(30, abs=1)
        assert len(slack.space.posts) == 1

    story(told)


def test_statuses_and_refusals_come_when_they_are_asked_for():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.api.faults.answers("auth.test", 500)
        slack.api.faults.answers("auth.test", 429, retry_after_s=7)
        slack.api.faults.refuses("auth.test", "missing_scope")
        with pytest.raises(SlackApiError) as caught:
            await caller.call("auth.test")
        assert caught.value.response.status_code == 500
        assert await caller.limited("auth.test") == 7
        assert await caller.refused("auth.test") == "missing_scope"
        assert (await caller.call("auth.test"))["ok"]

    story(told)


def test_a_slack_that_is_down_comes_back():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.api.faults.down_until_s = asyncio.get_running_loop().time() + 60
        for _ in range(2):
            assert await caller.refused("auth.test") == "service_unavailable"
        await passes(60)
        slack.api.faults.latency_s = 5.0
        began = asyncio.get_running_loop().time()
        assert (await caller.call("auth.test"))["ok"]
        assert asyncio.get_running_loop().time() - began == pytest.approx(5, abs=0.1)

    story(told)
