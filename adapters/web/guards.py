"""What every request passes before it reaches a handler: host, origin, proof, rate; and the headers of every answer."""

from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Final

from aiohttp import web

from adapters.web.access import SAFE_METHODS, Access, Visitor
from adapters.web.problems import Problem, of_http
from adapters.web.rates import Kind, Rates
from bot.replies import console as say

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
SOCKET: Final = "/ws"
HEALTHZ: Final = "/healthz"
"""For whoever watches the process: no token, from any host, and so not a word beyond up or down."""
VISITOR: Final = web.RequestKey("visitor", Visitor)
NO_PROOF: Final = "proof"


class Guards:
    """The two middlewares of one console, outermost first: `tell_problems`, then `check`."""

    def __init__(
        self, access: Access, rates: Rates, kinds: Mapping[str, Kind], doors: frozenset[str] = frozenset()
    ) -> None:
        self._access = access
        self._rates = rates
        self._kinds = kinds
        self._doors = doors

    @web.middleware
    async def tell_problems(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        """Every refusal as a problem document."""
        try:
            return await handler(request)
        except Problem as problem:
            if problem.kind == NO_PROOF and "text/html" in request.headers.get("Accept", ""):
                return web.Response(status=problem.status, text=say.sign_in(), headers={"Cache-Control": "no-store"})
            return problem.response()
        except web.HTTPException as error:
            return of_http(error).response()

    @web.middleware
    async def check(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        """Let the request through when it may pass; `person_of` then tells who sends it."""
        if request.path == HEALTHZ:
            self._take(request.remote or "", "read")
            return await handler(request)
        if request.path in self._doors:
            return await handler(request)
        self._access.check_host(request)
        if "token" in request.query and request.path == "/":
            return self._sign_in(request)
        visitor = self._access.visitor(request)
        if visitor is None:
            raise self._no_proof(request)
        is_change = request.method not in SAFE_METHODS
        if is_change or request.path == SOCKET:
            self._access.check_origin(request, visitor)
        elif request.path.startswith("/api/"):
            self._access.check_origin(request)
        if is_change:
            self._access.check_csrf(request, visitor)
        self._take(visitor.actor, self._kind(request))
        request[VISITOR] = visitor
        return await handler(request)

    def _sign_in(self, request: web.Request) -> web.Response:
        """Trade the token in the link for a cookie, so that it stays neither in the address nor in the history."""
        if not self._access.is_token(request.query["token"]):
            raise self._no_proof(request)
        # A browser that comes from elsewhere sends a strict cookie only with what our own page asks for (RFC 6265bis, 5.2).
        is_from_elsewhere = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
        way = {"Refresh": "0; url=/"} if is_from_elsewhere else {"Location": "/"}
        response = web.Response(status=200 if is_from_elsewhere else 303, headers={**way, "Cache-Control": "no-store"})
        response.set_cookie(
            self._access.cookie, self._access.cookie_value, httponly=True, samesite="Strict", path="/",
            secure=request.secure,
        )  # fmt: skip
        return response

    def _no_proof(self, request: web.Request) -> Problem:
        self._take(request.remote or "", "refusal")
        return Problem(
            401, NO_PROOF, "open the link that `orch up` prints, or send the token as `Authorization: Bearer …`",
            {"WWW-Authenticate": 'Bearer realm="orch"'},
        )  # fmt: skip

    def _kind(self, request: web.Request) -> Kind:
        resource = request.match_info.route.resource
        return self._kinds.get(f"{request.method} {resource.canonical if resource else ''}", "read")

    def _take(self, client: str, kind: Kind) -> None:
        wait_s = self._rates.take(client, kind)
        if wait_s:
            raise Problem(
                429, "rate", f"that was too often; come back in {ceil(wait_s)} s", {"Retry-After": str(ceil(wait_s))}
            )


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """For every answer, also to those that failed."""
    response.headers.update(SECURITY)
    response.headers.pop("Server", None)


def person_of(request: web.Request) -> Visitor:
    """Who passed the guards."""
    return request[VISITOR]
