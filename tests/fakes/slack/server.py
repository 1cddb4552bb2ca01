"""The local Slack: its Web API, its sockets, its response addresses, on a port of loopback, in the test's own loop."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.slack.calls import Call
from tests.fakes.slack.chat_methods import blocks_of
from tests.fakes.slack.deliveries import Deliveries
from tests.fakes.slack.sockets import Sockets
from tests.fakes.slack.web_api import WebApi
from tests.fakes.slack.workspace import BOT_USER, Post, Refused, Whisper, Workspace


class Slack:
    """`space` outlives it; `base` is its address; `answered` is set by each answer for a person alone."""

    def __init__(self, space: Workspace, api: WebApi) -> None:
        self.space = space
        self.api = api
        self.sockets = Sockets(space)
        self.deliveries = Deliveries(space, self.sockets)
        self.responses = 0
        self.answered = asyncio.Event()

    @property
    def base(self) -> str:
        return self.api.base

    def routes(self) -> list[web.RouteDef]:
        return [*self.api.routes(), *self.sockets.routes(), web.post("/respond/{address}", self._respond)]

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        """An answer to a deed, for the person alone unless it says otherwise."""
        self.responses += 1
        if self.api.faults.latency_s:
            await asyncio.sleep(self.api.faults.latency_s)
        if asyncio.get_running_loop().time() < self.api.faults.down_until_s:
            return web.Response(status=503)
        address = request.match_info["address"]
        told = json.loads(await request.read())
        try:
            self._answer(address, told)
        except Refused as error:
            return web.json_response({"ok": False, "error": error.error}, status=404)
        return web.Response(text="ok")

    def _answer(self, address: str, told: dict[str, Any]) -> None:
        ticket = self.space.use_address(address)
        call = Call(self.space, told, self.api.scopes, self.base)
        text, blocks = str(told.get("text", "")), blocks_of(call, told.get("blocks"))
        if not text and not blocks:
            raise Refused("no_text")
        if told.get("response_type") == "in_channel":
            self.space.post(Post(ticket.channel, "", BOT_USER, text, blocks, ticket.thread_ts))
        else:
            numbered = self.space.numbered(blocks)
            self.space.whispers.append(Whisper(ticket.channel, ticket.user, text, numbered, ticket.thread_ts, address))
            self.answered.set()


@asynccontextmanager
async def serving(space: Workspace, api: WebApi | None = None) -> AsyncIterator[Slack]:
    """It listens while the context is open."""
    slack = Slack(space, api or WebApi(space))
    app = web.Application(client_max_size=50 * 1024 * 1024)
    app.router.add_routes(slack.routes())
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    async with asyncio.TaskGroup() as tasks:
        going_on = tasks.create_task(_until_the_end(slack))
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            slack.api.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield slack
        finally:
            await slack.sockets.close()
            going_on.cancel()
            await runner.cleanup()


async def _until_the_end(slack: Slack) -> None:
    """The parent of what goes on by itself."""
    async with asyncio.TaskGroup() as tasks:
        slack.deliveries.use(tasks)
        await asyncio.get_running_loop().create_future()
