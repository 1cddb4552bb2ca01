"""slack_sdk's clients as we use them: no retries of their own, one session, and a socket that tells when it is lost."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

import aiohttp
import msgspec
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

logger = logging.getLogger(__name__)

API: Final = "https://slack.com/api/"
CALL_S: Final = 30.0
PING_S: Final = 5.0
"""A half-open socket is noticed after two to four of these."""
HELLO_S: Final = 15.0
WATCH_S: Final = 10.0
CLOSE_S: Final = 3.0
LEAVING: Final = frozenset({"warning", "refresh_requested"})
"""Slack is about to close the socket, as it does each hour or so, and takes another beside it before that."""


class SlackConfig(msgspec.Struct, frozen=True):
    """The bot's token; the app's token for a socket, or the secret that Slack signs its requests with.

    `has_plans`: a card shows the tasks of its run as a plan, where the workspace takes one.
    """

    bot_token: str
    app_token: str = ""
    signing_secret: str = ""
    api_base_url: str = ""
    has_plans: bool = False

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"SlackConfig(api_base_url={self.api_base_url!r}, is_socket={bool(self.app_token)})"


def web_client(config: SlackConfig, session: aiohttp.ClientSession, token: str | None = None) -> AsyncWebClient:
    """A client for the Web API that asks once and no more."""
    return AsyncWebClient(
        token=token, base_url=config.api_base_url or API, session=session, retry_handlers=[], timeout=int(CALL_S)
    )


class Socket(SocketModeClient):
    """One connection for its whole life: it is never opened anew. `lost` is set with the reason in `why`."""

    def __init__(self, app_token: str, client: AsyncWebClient, group: asyncio.TaskGroup) -> None:
        # Its log quotes addresses that anybody could connect to.
        super().__init__(
            app_token=app_token, web_client=client, logger=logger.getChild("socket"), ping_interval=PING_S,
            auto_reconnect_enabled=True,
        )  # fmt: skip
        self._group = group
        self.greeted = asyncio.Event()
        self.lost = asyncio.Event()
        self.why = ""
        self.connections = 0

    async def connect(self) -> None:
        """Connect once.

        Raises: SlackApiError, aiohttp.ClientError, OSError, TimeoutError.
        """
        told = await self.web_client.apps_connections_open(app_token=self.app_token)
        async with asyncio.timeout(HELLO_S):
            self.current_session = await self.aiohttp_client_session.ws_connect(
                told["url"], autoping=False, heartbeat=self.ping_interval, proxy=self.proxy
            )
        self.current_session_monitor = self._group.create_task(self.monitor_current_session())
        self.message_receiver = self._group.create_task(self.receive_messages())
        async with asyncio.timeout(HELLO_S):
            await self.greeted.wait()

    async def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002 - the library's own signature
        """The library's way to say that the connection is of no use any more."""
        self._end("closed")

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Hear what is about the connection itself; the rest goes the library's way."""
        match message.get("type"):
            case "hello":
                self.connections = int(message.get("num_connections") or 0)
                self.greeted.set()
            case "disconnect":
                self._end(str(message.get("reason") or "disconnect"))
            case _:
                await super().run_message_listeners(message, raw_message)

    async def until_lost(self) -> str:
        """Why the connection is of no use any more, once it is not; also when the library has stopped to look after it."""
        while not self.lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_S):
                    await self.lost.wait()
            if any(task.done() for task in self._tasks()) or await self.is_ping_pong_failing():
                self._end("silent")
        return self.why

    async def close(self) -> None:
        """Say goodbye, within a short while, and let go of everything."""
        self.closed = True
        self.auto_reconnect_enabled = False
        for task in self._tasks():
            task.cancel()
        try:
            # Of a connection that broke there is nobody to say goodbye to.
            with suppress(TimeoutError, OSError, aiohttp.ClientError, RuntimeError):
                async with asyncio.timeout(CLOSE_S):
                    if self.current_session is not None:
                        await self.current_session.close()
        finally:
            await self.aiohttp_client_session.close()

    def _tasks(self) -> "list[asyncio.Future[Any]]":
        return [
            task
            for task in (self.message_processor, self.current_session_monitor, self.message_receiver)
            if task is not None
        ]

    def _end(self, why: str) -> None:
        if not self.lost.is_set():
            self.why = why
            self.lost.set()


class SlackHandler(AsyncBaseSocketModeHandler):
    """Hands what comes over a socket to the app, and its acknowledgement back."""

    def __init__(self, app: AsyncApp, client: Socket) -> None:
        self.app = self._bolt = app
        self.client: Socket = client
        client.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        """Acknowledge within the time that Slack gives."""
        began = asyncio.get_running_loop().time()
        await send_async_response(client, req, await run_async_bolt_app(self._bolt, req), began)


def build_slack_handler(
    app: AsyncApp, config: SlackConfig, client: AsyncWebClient, group: asyncio.TaskGroup
) -> SlackHandler:
    """A socket for the app, not connected yet. Its tasks are the group's."""
    return SlackHandler(app, Socket(config.app_token, client, group))
