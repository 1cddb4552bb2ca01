"""An HTTP server on loopback that answers as it is told; for what our door to Discord's REST API makes of answers."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

ME = {"id": "99", "username": "orch", "discriminator": "0", "avatar": None, "bot": True}


class Loopback:
    """`answers` are given in turn to what is asked beside the login: status, headers, body."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Any]] = []
        self.login_status = 200
        self.asked: list[tuple[str, str]] = []
        self.base = ""
        self.when: Callable[[], object] = lambda: None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v10")
        self.asked.append((request.method, path))
        if path == "/users/@me":
            return _json(self.login_status, {}, ME)
        self.when()
        if not self.answers:
            return _json(200, {}, {})
        return _json(*self.answers.pop(0))


def _json(status: int, headers: dict[str, str], body: Any) -> web.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    return web.Response(status=status, headers={"Via": "1.1 here", "Content-Type": kind, **headers}, body=content)


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """It listens while the context is open."""
    found = Loopback()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.base = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
        yield found
    finally:
        await runner.cleanup()
