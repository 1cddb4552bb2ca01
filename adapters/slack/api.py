"""The one door to Slack's Web API: each call made once, each refusal told in our own words. Must not know what is said.

slack_sdk would try a lost call again by itself, and so say things twice; our client has no such habit (adapters/slack/client.py),
and whoever calls decides what to do (bot/announcer.py).
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.record import Recorder
from adapters.slack.errors import CALL_FAILED, Limited, SlackGone, meant
from adapters.slack.render import Payload
from bot.port import ChatDown

_RESPONSE_S: Final = 10.0


class Api:
    """Calls in the bot's name. `use` is told the client each time there is a new one; `record` writes down what is sent."""

    def __init__(self) -> None:
        self._client: AsyncWebClient | None = None
        self.record: Recorder | None = None
        self._closed_until: dict[tuple[str, str], float] = {}

    def use(self, client: AsyncWebClient | None) -> None:
        """Speak through this client from now on; None while there is none."""
        self._client = client

    async def write(self, method: str, payload: Payload) -> dict[str, Any]:
        """What Slack answers to a change.

        Raises: ChatDown, ChatGone.
        """
        await self._recorded(method, payload)
        place = str(payload.get("channel", "")) if method == "chat.postMessage" else ""
        return await self._called(method, place, json=payload)

    async def read(self, method: str, **params: str | int | bool) -> dict[str, Any]:
        """What Slack answers to a question.

        Raises: ChatDown, ChatGone.
        """
        return await self._called(method, http_verb="GET", params=params)

    async def put_file(self, url: str, content: bytes) -> None:
        """Bring a file to the address that Slack named for it.

        Raises: ChatDown, ChatGone.
        """
        await self._post(url, data=content)

    async def respond(self, url: str, payload: Payload) -> None:
        """Answer at the address that came with a deed.

        Raises: ChatDown, ChatGone.
        """
        await self._recorded("response_url", payload)
        await self._post(url, json=payload)

    async def _called(self, method: str, place: str = "", **how: Any) -> dict[str, Any]:
        """The answer; while Slack wants us to wait, nobody asks it again. Posts are limited by the channel, the rest by method."""
        now = asyncio.get_running_loop().time()
        wait_s = self._closed_until.get((method, place), now) - now
        if wait_s > 0:
            raise Limited("Slack limits us", wait_s)
        try:
            return _told(await self._speaker().api_call(method, **how))
        except CALL_FAILED as error:
            found = meant(error)
            if isinstance(found, Limited):
                self._closed_until[method, place] = asyncio.get_running_loop().time() + found.retry_after_s
            raise found from None

    async def _post(self, url: str, **body: Any) -> None:
        session = self._speaker().session
        if session is None:
            raise ChatDown("not connected to Slack")
        try:
            async with session.post(url, timeout=aiohttp.ClientTimeout(total=_RESPONSE_S), **body) as answer:
                status = answer.status
        except CALL_FAILED as error:
            raise meant(error) from None
        if status == 429 or status >= 500:
            raise ChatDown(f"Slack answered {status}")
        if status >= 400:
            raise SlackGone("gone", f"Slack answered {status}")

    async def _recorded(self, call: str, payload: Payload) -> None:
        if self.record is not None:
            await self.record.write("slack", call, payload)

    def _speaker(self) -> AsyncWebClient:
        if self._client is None:
            raise ChatDown("not connected to Slack")
        return self._client


def _told(response: Any) -> dict[str, Any]:
    told = response.data if hasattr(response, "data") else response
    if not isinstance(told, Mapping):
        raise ChatDown("Slack answered something that is no JSON")
    return dict(told)


def text_in(answer: Mapping[str, Any], name: str) -> str:
    """A text that Slack's answer must hold.

    Raises: ChatDown, since it was somebody else who answered.
    """
    found = answer.get(name)
    if not isinstance(found, str) or not found:
        raise ChatDown(f"Slack's answer has no {name}")
    return found


def objects_in(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in Slack's answer; none where there is no such list."""
    found = answer.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
