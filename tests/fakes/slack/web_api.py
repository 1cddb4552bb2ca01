"""The Web API's door: who asks, may they, how often, what goes wrong; then the method. Answers as Slack does."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from tests.fakes.slack import chat_methods, reading_methods, view_methods
from tests.fakes.slack.calls import Answer, Call, Entry, missing_scope
from tests.fakes.slack.faults import Fault, Faults
from tests.fakes.slack.rates import Limited, Rates
from tests.fakes.slack.workspace import Refused, Workspace

METHODS: dict[str, Entry] = {**chat_methods.METHODS, **reading_methods.METHODS, **view_methods.METHODS}
ALL_SCOPES = frozenset(
    {"commands", "chat:write", "app_mentions:read", "channels:history", "groups:history", "channels:read", "groups:read",
     "users:read", "usergroups:read", "files:write", "im:history"}
)  # fmt: skip
BOT_TOKEN, APP_TOKEN = "xoxb-1-bot", "xapp-1-A1-app"


class Asked(msgspec.Struct):
    """A call that came in, whatever became of it."""

    method: str
    args: dict[str, Any]
    at_s: float


class WebApi:
    """`scopes` are the bot token's; whoever changes them reinstalls the app. `asked` is everything that came in, `refused` what
    Slack said no to and in which word.
    """

    def __init__(self, space: Workspace) -> None:
        self.space = space
        self.scopes = ALL_SCOPES
        self.rates = Rates()
        self.faults = Faults()
        self.asked: list[Asked] = []
        self.refused: list[tuple[str, str]] = []
        self.base = ""

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/{method}", self._method),
            web.get("/api/{method}", self._method),
            web.post("/upload/{file}", self._upload),
        ]

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await request.read()
        entry = METHODS.get(method)
        args = _args(request, body, entry)
        self.asked.append(Asked(method, dict(args), asyncio.get_running_loop().time()))
        if (failed := await self._goes_wrong(request, method)) is not None:
            return failed
        try:
            told: Answer = {"ok": True, **self._do(method, entry, _token(request, args), args)}
        except Refused as error:
            self.refused.append((method, error.error))
            told = {"ok": False, "error": error.error, **error.more}
        except Limited as error:
            headers = {"Retry-After": str(error.retry_after_s)}
            return _json({"ok": False, "error": "ratelimited"}, 429, headers)
        if (fault := self.faults.take(method, "after")) is not None:
            await self._cut(request, fault)
        return _json(told, headers={"x-oauth-scopes": ",".join(sorted(self.scopes)), "x-slack-req-id": "1"})

    def _do(self, method: str, entry: Entry | None, token: str, args: Mapping[str, Any]) -> Answer:
        if not token:
            raise Refused("not_authed")
        if token not in {BOT_TOKEN, APP_TOKEN}:
            raise Refused("invalid_auth")
        if entry is None:
            raise Refused("unknown_method", req_method=method)
        if entry.takes_app_token != (token == APP_TOKEN):
            raise Refused("not_allowed_token_type")
        scopes = frozenset({"connections:write"}) if entry.takes_app_token else self.scopes
        if entry.scope and entry.scope not in scopes:
            raise missing_scope(entry.scope, scopes)
        channel = str(args.get("channel", "")) if entry.posts else ""
        self.rates.take(method, entry.tier, self.space.now(), channel)
        return entry.do(Call(self.space, args, scopes, self.base))

    async def _goes_wrong(self, request: web.Request, method: str) -> web.StreamResponse | None:
        faults = self.faults
        if faults.latency_s:
            await asyncio.sleep(faults.latency_s)
        if asyncio.get_running_loop().time() < faults.down_until_s:
            return _json({"ok": False, "error": "service_unavailable"}, 503)
        fault = faults.take(method, "before")
        if fault is None:
            return None
        match fault.what:
            case "refuse":
                return _json({"ok": False, "error": fault.error})
            case "status":
                headers = {"Retry-After": str(fault.retry_after_s)} if fault.retry_after_s else {}
                return _json(
                    {"ok": False, "error": "ratelimited" if fault.status == 429 else "x"}, fault.status, headers
                )
            case "nonsense":
                return web.Response(text="<html>504 Gateway Time-out</html>", content_type="text/html")
            case "drop" | "hang":
                await self._cut(request, fault)
                return web.Response()

    async def _cut(self, request: web.Request, fault: Fault) -> None:
        if fault.what == "hang":
            await asyncio.get_running_loop().create_future()
        if request.transport is not None:
            request.transport.abort()

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file, as they are."""
        self.asked.append(Asked("upload", {}, asyncio.get_running_loop().time()))
        if (failed := await self._goes_wrong(request, "upload")) is not None:
            return failed
        file = self.space.files.get(request.match_info["file"])
        if file is None or file.content is not None:
            return web.Response(status=404)
        content = await request.read()
        if len(content) != file.length:
            return web.Response(status=400, text=f"{len(content)} bytes, {file.length} were named")
        file.content = content
        if (fault := self.faults.take("upload", "after")) is not None:
            await self._cut(request, fault)
        return web.Response(text=f"OK - {len(content)}")


def _args(request: web.Request, body: bytes, entry: Entry | None) -> Mapping[str, Any]:
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        told = json.loads(body or b"{}")
        # Methods that only read take no JSON: what stands in it is not seen.
        return {**found, **told} if entry is None or entry.takes_json else found
    if request.content_type == "application/x-www-form-urlencoded":
        found |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return found


def _token(request: web.Request, args: Mapping[str, Any]) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") if header else str(args.get("token", ""))


def _json(told: Answer, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(told, status=status, headers=headers)
