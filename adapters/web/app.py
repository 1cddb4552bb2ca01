"""The console as one aiohttp application: the table's endpoints, the socket, the page, behind the guards."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec
from aiohttp import web

from adapters.web.about import chats_of, status_of
from adapters.web.access import Access
from adapters.web.assets import Asset, read_assets, serve
from adapters.web.calls import PREFIX, need_role
from adapters.web.desk import Desk
from adapters.web.endpoint import Endpoints
from adapters.web.guards import HEALTHZ, SOCKET, Guards, Handle, add_security_headers, person_of
from adapters.web.live import Hub
from adapters.web.openapi import document
from adapters.web.problems import Problem
from adapters.web.rates import PER_MINUTE, Kind, Rates
from adapters.web.socket import Client, new_socket
from adapters.web.starts import PATIENCE_S, Starts
from adapters.web.table import routes

MAX_BODY_BYTES: Final = 256 * 1024
MAX_SOCKETS: Final = 1_000


def build_app(
    desk: Desk, access: Access, *, per_minute: Mapping[Kind, int] = PER_MINUTE, start_patience_s: float = PATIENCE_S
) -> web.Application:
    """The application; its engine must be running for as long as it serves."""
    starts = Starts(desk, start_patience_s)
    table = routes(starts)
    kinds = {f"{route.method} {PREFIX}{route.path}": route.rate for route in table}
    doors = desk.talk.doors if desk.talk is not None else ()
    guards = Guards(access, Rates(time.monotonic, per_minute), kinds, frozenset(door.path for door in doors))
    app = web.Application(middlewares=[guards.tell_problems, guards.check], client_max_size=MAX_BODY_BYTES)
    endpoints = Endpoints(desk, access.csrf)
    for route in table:
        app.router.add_route(route.method, PREFIX + route.path, endpoints.handle(route))
    for door in doors:
        app.router.add_post(door.path, door.answer)
    described = msgspec.json.encode(document(table))

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=described, content_type="application/json")

    app.router.add_get(f"{PREFIX}/openapi.json", openapi)
    _add_page(app, read_assets())
    live = Live(desk)
    app.router.add_get(SOCKET, live.serve)
    app.router.add_get(HEALTHZ, _healthz(desk))
    app.on_response_prepare.append(add_security_headers)
    app.cleanup_ctx.append(live.running)
    app.cleanup_ctx.append(starts.running)
    app.on_shutdown.append(live.goodbye)
    return app


class Live:
    """The sockets of one application."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._hub = Hub(lambda: desk.engine.board)
        self._sockets: set[web.WebSocketResponse] = set()

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Hear what the engine records, until the application ends; then say goodbye to every client."""
        stop = self._desk.engine.watch(self._hub.see)
        if self._desk.talk is not None:
            self._desk.talk.chat.tell = self._hub.tell_thread
        yield
        stop()
        self._hub.close()

    async def goodbye(self, _: web.Application) -> None:
        """Close every socket."""
        for socket in tuple(self._sockets):
            await socket.close(code=1001, drain=False)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One client, from its coming to its going.

        Raises: Problem for whoever may not look, and where there is no more room.
        """
        need_role(self._desk.people, person_of(request), "viewer")
        if len(self._sockets) >= MAX_SOCKETS:
            raise Problem(503, "full", f"{MAX_SOCKETS} clients follow already; close some")
        socket = new_socket()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            client = Client(self._hub, self._desk.stream, lambda: self._desk.engine.board, person_of(request).actor)
            await client.talk(socket)
        finally:
            self._sockets.discard(socket)
        return socket


def _healthz(desk: Desk) -> Handle:
    async def healthz(_: web.Request) -> web.StreamResponse:
        chats = chats_of(desk)
        told = {"status": status_of(chats), "chats": {chat.name: "up" if chat.is_up else "down" for chat in chats}}
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    return healthz


def _add_page(app: web.Application, assets: Mapping[str, Asset]) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        return serve(assets.get("index.html"), request)

    async def file(request: web.Request) -> web.StreamResponse:
        return serve(assets.get(request.match_info["path"]), request)

    app.router.add_get("/", page)
    app.router.add_get("/static/{path:.+}", file)
