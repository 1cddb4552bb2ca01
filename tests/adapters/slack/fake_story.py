"""A story on the local Slack alone, through the real client library: for the tests of the fake itself."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.jumping import run
from tests.fakes.slack.server import Slack, serving
from tests.fakes.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.fakes.slack.workspace import Workspace


class Caller:
    """A client without any habits of its own."""

    def __init__(self, slack: Slack, token: str = BOT_TOKEN) -> None:
        self._client = AsyncWebClient(token, base_url=f"{slack.base}/api/", retry_handlers=[], timeout=30)

    async def call(self, method: str, **args: Any) -> Mapping[str, Any]:
        """What is answered to a JSON body."""
        told = await self._client.api_call(method, json=args)
        assert isinstance(told.data, dict)
        return told.data

    async def ask(self, method: str, **args: Any) -> Mapping[str, Any]:
        """What is answered to a query."""
        told = await self._client.api_call(method, http_verb="GET", params=args)
        assert isinstance(told.data, dict)
        return told.data

    async def refused(self, method: str, **args: Any) -> str:
        """The word of the refusal."""
        try:
            told = await self.call(method, **args)
        except SlackApiError as error:
            return str(error.response["error"])
        raise AssertionError(told)

    async def limited(self, method: str, **args: Any) -> int:
        """The seconds of a 429."""
        try:
            told = await self.call(method, **args)
        except SlackApiError as error:
            return int(error.response.headers["Retry-After"])
        raise AssertionError(told)


def story(told: Callable[[Slack, Caller], Awaitable[None]], space: Workspace | None = None) -> None:
    """Run it in virtual time; the bot is in C1 and not in C9."""
    there = space or Workspace()

    async def main() -> None:
        there.channel("C1")
        there.channel("C9", with_bot=False)
        async with serving(there) as slack:
            await told(slack, Caller(slack))

    run(main())


__all__ = ["APP_TOKEN", "Caller", "story"]
