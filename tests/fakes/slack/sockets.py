"""Socket Mode: connections that come and go, envelopes that go to any one of them, and the ways in which they fail."""

import asyncio
import json
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from tests.fakes.slack.workspace import APP, Workspace

MOST_SOCKETS = 10


class Socket:
    """A connection. A half-open one takes what is sent and gives nothing back, not even a pong."""

    def __init__(self, stream: web.WebSocketResponse, request: web.Request) -> None:
        self.stream = stream
        self.request = request
        self.is_half_open = False


class Ack(msgspec.Struct):
    """What came back for an envelope, None in `payload` when it brought nothing along."""

    payload: dict[str, Any] | None


class Sockets:
    """The app's connections. `ghosts` are registrations whose other end is long gone: Slack sends to them in turn, too."""

    def __init__(self, space: Workspace) -> None:
        self._space = space
        self.live: list[Socket] = []
        self.ghosts = 0
        self.opened = 0
        self.acked: list[str] = []
        self._turn = 0
        self._waiting: dict[str, asyncio.Future[Ack]] = {}
        self._changed = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/link", self._link)]

    async def connected(self, count: int = 1) -> None:
        """Return when so many are there."""
        while len(self.live) < count:
            self._changed.clear()
            await self._changed.wait()

    async def send(self, envelope: dict[str, Any], within_s: float) -> Ack | None:
        """The acknowledgement; None when none came in time."""
        name = envelope["envelope_id"]
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[name] = answer
        try:
            async with asyncio.timeout(within_s):
                await self._give(envelope)
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[name]

    async def warn(self, reason: str = "refresh_requested") -> None:
        """Slack says that it will close the connections, and lets them be replaced."""
        for each in list(self.live):
            await each.stream.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "here"}})

    def cut(self) -> None:
        """All connections break."""
        for each in list(self.live):
            if each.request.transport is not None:
                each.request.transport.abort()

    def fall_silent(self) -> None:
        """All connections become half-open."""
        for each in self.live:
            each.is_half_open = True

    async def close(self) -> None:
        for each in list(self.live):
            await each.stream.close()

    async def _give(self, envelope: dict[str, Any]) -> None:
        await self.connected(0 if self.ghosts else 1)
        self._turn += 1
        number = self._turn % (len(self.live) + self.ghosts)
        if number < len(self.live) and not self.live[number].is_half_open:
            await self.live[number].stream.send_json(envelope)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._space.tickets:
            return web.Response(status=401)
        self._space.tickets.remove(ticket)
        stream = web.WebSocketResponse(autoping=False)
        await stream.prepare(request)
        if len(self.live) + self.ghosts >= MOST_SOCKETS:
            await stream.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await stream.close()
            return stream
        socket = Socket(stream, request)
        self.live.append(socket)
        self.opened += 1
        self._changed.set()
        try:
            await stream.send_json(
                {
                    "type": "hello", "num_connections": len(self.live) + self.ghosts,
                    "debug_info": {"host": "here", "approximate_connection_time": 3600}, "connection_info": {"app_id": APP},
                }
            )  # fmt: skip
            await self._listen(socket)
        finally:
            self.live.remove(socket)
        return stream

    async def _listen(self, socket: Socket) -> None:
        async for message in socket.stream:
            if socket.is_half_open:
                continue
            if message.type is WSMsgType.PING:
                await socket.stream.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._take(json.loads(message.data))

    def _take(self, told: dict[str, Any]) -> None:
        name = told["envelope_id"]
        self.acked.append(name)
        waiting = self._waiting.get(name)
        if waiting is not None and not waiting.done():
            waiting.set_result(Ack(told.get("payload")))
