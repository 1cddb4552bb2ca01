"""The strict Discord as a server on loopback: who asks, how often, what goes wrong, and which address answers.

It says what Discord says, in Discord's form: JSON of exactly that content type, the limits in headers, `Via` on each answer.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.discord.bodies import MAX_FILES
from tests.fakes.discord.deeds import Deeds
from tests.fakes.discord.faults import Trouble, Troubles
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.limits import Limits, Meter, Verdict, refusal_body
from tests.fakes.discord.oracle import disagreements
from tests.fakes.discord.posts import Posts
from tests.fakes.discord.refusal import Refusal, no_such_route, unauthorized
from tests.fakes.discord.routes import messages, places
from tests.fakes.discord.routes.call import Address, Call, Parts
from tests.fakes.discord.threads import Threads
from tests.fakes.discord.world import Asked, World, is_thread

ADDRESSES = (*places.ADDRESSES, *messages.ADDRESSES)
PREFIX = "/api/v10"
OLD_S = 3_600.0


class Discord:
    """The server and what it holds. `base` is the address of its REST API.

    Every answer takes `latency_s`; until `down_until_s`, in the loop's time, there is none but 503. `loses_posts`: a message
    stands, and the bot is never told.
    """

    def __init__(self, limits: Limits = Limits()) -> None:
        self.world = World()
        self.posts = Posts(self.world)
        self.threads = Threads(self.world, self.posts)
        self.deeds = Deeds(self.world, self.posts)
        self.gateway = Gateway(self.world)
        self.meter = Meter(limits, self.world.now_s)
        self.troubles = Troubles()
        self.base = ""
        self.latency_s = 0.0
        self.down_until_s = 0.0
        self.loses_posts = False
        self._parts = Parts(self.world, self.posts, self.threads, self.deeds)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """It can be reached while the context is open; what it holds outlives that."""
        app = web.Application(client_max_size=32 << 20)
        app.router.add_route("*", PREFIX + "/{rest:.*}", self.handle)
        app.router.add_get("/gateway", self.gateway.connect)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host = f"127.0.0.1:{runner.addresses[0][1]}"
            self.base, self.world.gateway_url = f"http://{host}{PREFIX}", f"ws://{host}/gateway"
            yield
        finally:
            await runner.cleanup()
        objections = disagreements(self.world.log)
        assert not objections, "\n".join(objections)

    def revoke(self) -> None:
        """The bot's token is taken back, and its connection closed."""
        self.world.token = secrets.token_hex(8)
        self.gateway.close(4004)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The answer to a request of the REST API."""
        if self.meter.is_banned():
            return web.Response(status=429, text="<html>You are being blocked</html>", content_type="text/html")
        path = request.path.removeprefix(PREFIX)
        asked = Asked(request.method, path, None)
        self.world.log.append(asked)
        trouble = self._trouble(request.method, path)
        if trouble is not None and not trouble.is_done:
            asked.status = trouble.status
            return self._fail(request, trouble)
        verdict = Verdict({})
        try:
            address, at = self._address(request)
            verdict = self._verdict(request, address, at)
            asked.status, asked.answer = await self._answer(request, asked, address, at, verdict)
        except Refusal as refusal:
            asked.status, asked.answer = refusal.status, refusal.body
        self.meter.saw(asked.status)
        if self.loses_posts and request.method == "POST" and path.endswith("/messages"):
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.latency_s)
        if trouble is not None:
            return self._fail(request, trouble)
        return _written(asked.status, asked.answer, verdict)

    async def _answer(
        self, request: web.Request, asked: Asked, address: Address, at: Mapping[str, str], verdict: Verdict
    ) -> tuple[int, Any]:
        body, files = await _read(request)
        asked.body, asked.files = body, tuple(files)
        if verdict.retry_after_s > 0:
            return 429, refusal_body(verdict)
        return address.handler(Call(self._parts, at, request.query, body, files))

    def _address(self, request: web.Request) -> tuple[Address, dict[str, str]]:
        path = request.path.removeprefix(PREFIX)
        for address in ADDRESSES:
            at = address.match(request.method, path)
            if at is not None:
                if not address.is_open and request.headers.get("Authorization") != f"Bot {self.world.token}":
                    raise unauthorized()
                if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
                    raise Refusal(40_333, 403, "internal network error")
                return address, at
        if any(
            each.match(other, path) is not None
            for each in ADDRESSES
            for other in ("GET", "POST", "PUT", "PATCH", "DELETE")
        ):
            raise Refusal(0, 405, "405: Method Not Allowed")
        raise no_such_route()

    def _verdict(self, request: web.Request, address: Address, at: Mapping[str, str]) -> Verdict:
        is_exempt = address.template.startswith("/interactions/")
        verdict = self.meter.count(request.method, address.template, address.major(at), is_exempt=is_exempt)
        if verdict.retry_after_s > 0:
            return verdict
        limits, channel = self.meter.limits, self.world.channels.get(at.get("channel", ""))
        if address.handler is messages.change and at["message"].isdecimal() and self.world.age_s(at["message"]) > OLD_S:
            return self.meter.slow_lane(f"old {at['channel']}", limits.old_edits, verdict.headers, 30_046)
        if address.handler is places.change_channel and channel is not None and not is_thread(channel):
            return self.meter.slow_lane(f"channel {at['channel']}", limits.channel_changes, verdict.headers)
        return verdict

    def _trouble(self, method: str, path: str) -> Trouble | None:
        if asyncio.get_running_loop().time() < self.down_until_s:
            return Trouble(method, path, 503)
        return self.troubles.take(method, path)

    def _fail(self, request: web.Request, trouble: Trouble) -> web.StreamResponse:
        if not trouble.status:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if trouble.is_page:
            return web.Response(status=trouble.status, text="<html>bad gateway</html>", content_type="text/html")
        if trouble.retry_after_s:
            verdict = Verdict({}, trouble.retry_after_s, "shared")
            self.meter.saw(429, is_shared=True)
            return _written(429, refusal_body(verdict), verdict)
        words = {"message": f"{trouble.status}: Internal Server Error", "code": 0}
        return _written(trouble.status, words, Verdict({}))


async def _read(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    """The body and the files that came along, by their names."""
    if request.content_type != "multipart/form-data":
        text = await request.text()
        return (_parsed(text) if text else None), {}
    body, files = None, {}
    async for part in await request.multipart():
        held = await part.read(decode=False)  # type: ignore[union-attr]  # a part within a part is no part of Discord's
        if part.name == "payload_json":  # type: ignore[union-attr]  # as above
            body = _parsed(held.decode())
        else:
            files[part.name] = (part.filename, held)  # type: ignore[union-attr]  # as above
    return body, _named(body, files)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Refusal(50_109) from None


def _named(body: Any, files: Mapping[str | None, tuple[str | None, bytes]]) -> dict[str, bytes]:
    """The files by the names that the message gives them."""
    told = body.get("attachments") or () if isinstance(body, Mapping) else ()
    wanted = {str(each.get("id")): each.get("filename") for each in told if isinstance(each, Mapping)}
    found = {}
    for number in range(MAX_FILES):
        if f"files[{number}]" in files:
            name, held = files[f"files[{number}]"]
            found[str(wanted.get(str(number)) or name)] = held
    return found


def _written(status: int, answer: Any, verdict: Verdict) -> web.Response:
    headers = {"Via": "1.1 google", **verdict.headers}
    if status == 429:
        headers |= {"Retry-After": str(int(verdict.retry_after_s) + 1), "X-RateLimit-Scope": verdict.scope}
    if status == 204:
        return web.Response(status=204, headers=headers)
    return web.Response(
        status=status, headers=headers, body=json.dumps(answer).encode(), content_type="application/json"
    )


@asynccontextmanager
async def serving(limits: Limits = Limits()) -> AsyncIterator[Discord]:
    """A fresh Discord that listens while the context is open."""
    found = Discord(limits)
    async with found.listening():
        yield found
