"""From a row of the table to a handler of the server: names, query, body, idempotency key, entity tag. Must hold no rule of a run."""

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from aiohttp import web
from pydantic import BaseModel, ValidationError

from adapters.web.access import Visitor
from adapters.web.calls import Answer, Call, Png, Route
from adapters.web.desk import Desk
from adapters.web.guards import Handle, person_of
from adapters.web.problems import Problem, invalid, unknown
from adapters.web.repeats import MAX_KEY_CHARS, Repeats

JSON: Final = "application/json"
NAMES: Final[Mapping[str, str]] = {"run": "R[1-9][0-9]{0,8}", "task": "T[1-9][0-9]{0,8}", "start": "S[1-9][0-9]{0,8}"}
"""What stands in a path between slashes; anything else is no name of ours."""
_encode: Final = msgspec.json.Encoder().encode


class Reply(msgspec.Struct, frozen=True):
    """An answer as it goes out."""

    status: int
    body: bytes
    content_type: str


class Endpoints:
    """Serves the table's rows at one desk."""

    def __init__(self, desk: Desk, csrf: Callable[[Visitor], str]) -> None:
        self._desk = desk
        self._csrf = csrf
        self._repeats: Repeats[Reply] = Repeats()
        # What a sequence looks like may differ between versions, and between repositories on the same port.
        self._boot = secrets.token_hex(4)

    def handle(self, route: Route) -> Handle:
        """The server's handler for the row."""

        async def serve(request: web.Request) -> web.StreamResponse:
            tag = "" if route.changes or route.is_fresh else f'W/"{self._boot}-{self._desk.engine.board.seq}"'
            if tag and tag in request.headers.get("If-None-Match", ""):
                return web.Response(status=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
            reply = await self._reply(route, request)
            headers = {"ETag": tag, "Cache-Control": "no-cache"} if tag else {"Cache-Control": "no-store"}
            return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type, headers=headers)

        return serve

    async def _reply(self, route: Route, request: web.Request) -> Reply:
        visitor = person_of(request)
        content = await _content(request) if route.body is not None else b""
        call = Call(
            desk=self._desk, visitor=visitor, csrf=self._csrf(visitor), path=_names(request),
            query=_query(route.query, request), body=_body(route.body, content), key=_key(route, request),
        )  # fmt: skip

        call.may(route.role)

        async def answer() -> Reply:
            return _encoded(route, await route.handler(call))

        if not call.key:
            return await answer()
        asked = hashlib.sha256(f"{request.method} {request.path_qs}\n".encode() + content).digest()
        return await self._repeats.once(f"{visitor.actor} {call.key}", asked, answer)


def _encoded(route: Route, answer: Answer) -> Reply:
    if isinstance(answer.body, Png):
        return Reply(answer.status or route.status, answer.body.data, "image/png")
    return Reply(answer.status or route.status, _encode(answer.body), JSON)


def _names(request: web.Request) -> dict[str, str]:
    """The names in the path.

    Raises: Problem when one has no form of ours.
    """
    for kind, name in request.match_info.items():
        if not re.fullmatch(NAMES[kind], name):
            raise unknown(f"{kind} of this name; names look like {NAMES[kind][0]}1")
    return dict(request.match_info)


async def _content(request: web.Request) -> bytes:
    content = await request.read()
    if content and request.content_type != JSON:
        # A form of another site can send text/plain without asking; it can't send this.
        raise Problem(415, "content-type", f"the body must be {JSON}, found {request.content_type}")
    return content


def _body(kind: type[BaseModel] | None, content: bytes) -> BaseModel | None:
    if kind is None:
        return None
    try:
        return kind.model_validate_json(content or b"{}")
    except ValidationError as error:
        raise invalid(error, "body") from None


def _query(kind: type[BaseModel] | None, request: web.Request) -> BaseModel | None:
    if kind is None:
        return None
    try:
        return kind.model_validate_strings(dict(request.query))
    except ValidationError as error:
        raise invalid(error, "query") from None


def _key(route: Route, request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key", "") if route.method == "POST" else ""
    if len(key) > MAX_KEY_CHARS or not key.isprintable():
        raise Problem(400, "key", f"an Idempotency-Key has at most {MAX_KEY_CHARS} printable characters")
    return key
