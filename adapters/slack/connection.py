"""Keeps the connection to Slack up, and hears what comes over it. A refused token degrades the chat, never the product.

A socket lives for an hour or so. Before Slack closes one, the next is opened beside it; when one is lost, app, handler and socket
are all built anew, because what is left of a broken one can't be trusted.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, Protocol

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.record import Recorder
from adapters.slack.answers import Answers
from adapters.slack.api import Api
from adapters.slack.app import Once, build_slack_app
from adapters.slack.chat import SlackChat
from adapters.slack.client import CALL_S, LEAVING, SlackConfig, SlackHandler, build_slack_handler, web_client
from adapters.slack.errors import CALL_FAILED, TokenRefused, meant
from adapters.slack.forms import OBJECTIVE, modal_payload, start_form
from adapters.slack.http import bolt_request
from adapters.slack.inbound import Heard, heard
from adapters.slack.who import Myself, introduced
from adapters.web.desk import Door
from bot.port import ChatDown, ChatGone, Health, Invocation
from bot.replies import slack as say

logger = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
STEADY_S: Final = 60.0
"""A socket that lived so long was a good one; shorter lives in a row are a storm, and Slack counts connections by the minute."""
LET_GO_AFTER_S: Final = 4.0
"""How long a socket is kept beside its successor: Slack waits 3 s for an acknowledgement."""
LOOK_AGAIN_S: Final = 60.0
"""How often we ask whether the token is still good where no socket tells."""
SWITCHED_OFF: Final = "link_disabled"
SWITCHED_OFF_WAIT_S: Final = 60.0
PATH: Final = "/slack/events"
"""Where Slack sends its signed requests, when there is no socket."""


class House(Protocol):
    """What Slack's deeds are handed to."""

    def take(self, invocation: Invocation) -> None:
        """Handle it, in a task of its own."""
        ...

    def tell(self, health: Health) -> None:
        """Slack is up or down, or what there is to say of it has changed."""
        ...


class Slack:
    """The chat and its connection: `chat` is the port, `running` holds the connection, `app` takes signed requests."""

    def __init__(self, config: SlackConfig, house: House, jitter: Callable[[], float] = random.random) -> None:
        self._config = config
        self._house = house
        self._jitter = jitter
        self._api = Api()
        self._answers = Answers()
        self._once = Once()
        self._group = asyncio.TaskGroup()
        self.chat = SlackChat(self._api, self._answers, has_plans=config.has_plans)
        self.app: AsyncApp | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Slack"]:
        """Connected, or trying to be, while the context is open."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S)) as session, self._group as group:
            task = group.create_task(self._stay_up(session, group))
            try:
                yield self
            finally:
                self._api.use(None)
                task.cancel()

    def write_down(self, recorder: Recorder) -> None:
        """Record what is sent from now on."""
        self._api.record = recorder

    def doors(self) -> tuple[Door, ...]:
        """Where Slack comes to us, when we do not hold a socket."""
        return () if self._config.app_token else (Door(PATH, self.answer),)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """To a signed request; until we know whose token we have, Slack is asked to come again."""
        if self.app is None or self.chat.me is None:
            return web.Response(status=503, text="not connected to Slack yet")
        asked = await bolt_request(request)
        if asked is None:
            return web.Response(status=400, text="no text, or no form")
        return await to_aiohttp_response(await self.app.async_dispatch(asked))

    def myself(self) -> Myself | None:
        """Whose token it is, once that is known."""
        return self.chat.me

    def hear(self, body: dict[str, Any]) -> None:
        """Hand over what was done; how to answer it is remembered here."""
        me = self.chat.me
        found = heard(body, me.user) if me is not None else None
        if found is None:
            return
        self._answers.take(found.invocation.handle, found.deed)
        if found.asks_objective is None:
            self._house.take(found.invocation)
        else:
            _ = self._group.create_task(self._bring_up(found))

    async def _bring_up(self, deed: Heard) -> None:
        """Put the form of a new run to whoever chose a message for it; what they send then says `start`."""
        invocation = deed.invocation
        filled = {OBJECTIVE: deed.asks_objective or ""}
        view = modal_payload(start_form(), invocation.place.channel, None, filled)
        try:
            await self._api.write("views.open", {"trigger_id": deed.deed.trigger, "view": view})
        except (ChatDown, ChatGone) as error:
            logger.warning("no form", extra={"action": "form_failed", "why": str(error)})

    async def _stay_up(self, session: aiohttp.ClientSession, group: asyncio.TaskGroup) -> None:
        self._api.use(web_client(self._config, session, self._config.bot_token))
        # Bolt has a client of its own, without the token, which it has no use for.
        client = web_client(self._config, session)
        wait_s = FIRST_WAIT_S
        while True:
            began = asyncio.get_running_loop().time()
            told_to_wait_s = 0.0
            try:
                await self._work(client, group)
            except ChatDown as error:
                self._tell(_sentence(error))
                told_to_wait_s = error.retry_after_s
            except ChatGone as error:
                self._tell(say.refused(str(error)))
                told_to_wait_s = LONGEST_WAIT_S
            except Exception as error:  # noqa: BLE001 - whatever the library stumbles over costs this chat, never the product
                logger.warning("slack failed", extra={"action": "slack_failed"}, exc_info=error)
                self._tell(say.reconnecting(type(error).__name__))
            if asyncio.get_running_loop().time() - began > STEADY_S:
                wait_s = FIRST_WAIT_S
            await asyncio.sleep(max(told_to_wait_s, wait_s) * (1 + self._jitter() / 2))
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _work(self, client: AsyncWebClient, group: asyncio.TaskGroup) -> None:
        """Hear Slack until that is no longer possible.

        Raises: ChatDown, ChatGone.
        """
        self.chat.me = await introduced(self._api)
        if self._config.app_token:
            await self._over_sockets(client, group)
        self.app = self.app or self._new_app(client)
        while True:
            self._tell_all_is_well(say.by_request(PATH))
            await asyncio.sleep(LOOK_AGAIN_S)
            await introduced(self._api)

    async def _over_sockets(self, client: AsyncWebClient, group: asyncio.TaskGroup) -> NoReturn:
        handler = await self._open(client, group)
        leaving: asyncio.Task[None] | None = None
        try:
            while True:
                extra = handler.client.connections - 1 if handler.client.connections else 0
                self._tell_all_is_well(say.others_listen(extra) if extra > 0 else "")
                why = await handler.client.until_lost()
                if why not in LEAVING:
                    raise ChatDown(say.why_lost(why), SWITCHED_OFF_WAIT_S if why == SWITCHED_OFF else 0.0)
                following = await self._open(client, group)
                following.client.connections -= 1
                leaving = group.create_task(_close_later(handler))
                handler = following
        finally:
            if leaving is not None:
                leaving.cancel()
            await handler.client.close()

    async def _open(self, client: AsyncWebClient, group: asyncio.TaskGroup) -> SlackHandler:
        """An app, a handler and a socket, all new.

        Raises: ChatDown, ChatGone.
        """
        handler = build_slack_handler(self._new_app(client), self._config, client, group)
        try:
            await handler.client.connect()
        except CALL_FAILED as error:
            await handler.client.close()
            found = meant(error)
            if isinstance(found, TokenRefused):
                found.variable = "SLACK_APP_TOKEN"
            raise found from None
        except BaseException:
            await handler.client.close()
            raise
        return handler

    def _new_app(self, client: AsyncWebClient) -> AsyncApp:
        return build_slack_app(self._config, self, client=client, once=self._once)

    def _tell_all_is_well(self, more: str) -> None:
        me = self.chat.me
        if me is not None:
            told = [say.connected(me.name, me.team_name or me.team), more]
            self._set(Health(is_up=True, detail="; ".join(text for text in told if text)))

    def _tell(self, sentence: str) -> None:
        """Slack is down, and why."""
        self._set(Health(is_up=False, detail=sentence))

    def _set(self, health: Health) -> None:
        if health != self.chat.state:
            self.chat.state = health
            logger.info("slack", extra={"action": "slack_health", "up": health.is_up, "why": health.detail})
            self._house.tell(health)


async def _close_later(handler: SlackHandler) -> None:
    """What came over the socket at the last moment is still acknowledged over it."""
    try:
        await asyncio.sleep(LET_GO_AFTER_S)
    finally:
        await handler.client.close()


def _sentence(error: ChatDown) -> str:
    """What to say of it, with the way out where a token is refused."""
    if isinstance(error, TokenRefused):
        return say.token_refused(error.variable, str(error))
    return say.reconnecting(str(error))
