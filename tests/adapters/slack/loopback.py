"""A Slack on loopback that knows whose token it is and holds sockets; for what our connection makes of both."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from tests.adapters.slack.api_fake import BOT, BOT_USER, TEAM

ME = {"ok": True, "team_id": TEAM, "team": "Acme", "user_id": BOT_USER, "bot_id": BOT, "user": "orch"}


class Loopback:
    """`refusals` are answered in turn, by method; `open` are the sockets that stand, oldest first."""

    def __init__(self) -> None:
        self.base = ""
        self.asked: list[str] = []
        self.said: list[dict[str, Any]] = []
        self.refusals: dict[str, list[tuple[int, Any]]] = {}
        self.open: list[web.WebSocketResponse] = []
        self.most_open = 0
        self.acks: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.greets = True
        self.connections = 1
        self.closed: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.opened: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()

    def refuse(self, method: str, code: str, status: int = 200) -> None:
        self.refusals.setdefault(method, []).append((status, {"ok": False, "error": code} if code else b"<html>"))

    async def call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.asked.append(method)
        if self.refusals.get(method):
            status, body = self.refusals[method].pop(0)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            kind = "text/plain" if isinstance(body, bytes) else "application/json"
            return web.Response(status=status, body=content, content_type=kind)
        if method == "auth.test":
            return web.json_response(ME)
        if method == "apps.connections.open":
            return web.json_response({"ok": True, "url": f"{self.base.replace('http', 'ws', 1)}link"})
        if request.content_type == "application/json":
            self.said.append(await request.json())
        return web.json_response({"ok": True, "messages": [], "ts": "1.2"})

    async def link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self.open.append(socket)
        self.most_open = max(self.most_open, len(self.open))
        if self.greets:
            hello = {"type": "hello", "num_connections": self.connections - 1 + len(self.open)}
            await socket.send_json(hello)
        self.opened.put_nowait(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.acks.put_nowait(json.loads(message.data))
        self.open.remove(socket)
        self.closed.put_nowait(socket)
        return socket

    async def send(self, kind: str, payload: dict[str, Any], envelope: str = "e1") -> None:
        told = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        await self.open[-1].send_json(told)


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """It listens while the context is open."""
    found = Loopback()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", found.call)
    app.router.add_get("/link", found.link)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.base = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield found
    finally:
        await runner.cleanup()
