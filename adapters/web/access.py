"""Who may speak to the console: the start-up token, the cookie it is traded for, or a proxy that is trusted to name people.

A page of another site must never reach the engine through a person's browser: so the Host header is checked (DNS rebinding),
the Origin of whatever changes something (RFC 6454), and a header that only our own page can send. Must not know routes.
"""

import hashlib
import hmac
import ipaddress
import secrets
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from adapters.settings import MIN_TOKEN_CHARS
from adapters.web.errors import OpenToTheNetwork
from adapters.web.problems import Problem
from bot.text import one_line

CSRF_HEADER: Final = "X-Orch-CSRF"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MAX_NAME_CHARS: Final = 80
_LOCAL_NAMES: Final = frozenset({"localhost", "localhost.localdomain"})


class Visitor(msgspec.Struct, frozen=True):
    """Who sends a request: `actor` as events name people (`web:alice`), and by which proof."""

    actor: str
    name: str
    proof: Literal["bearer", "cookie", "proxy"]


class Access(msgspec.Struct, frozen=True):
    """The rules of one console. `hosts` are names it is known by beyond its address, `proxies` the addresses (CIDR) whose
    `proxy_header` is believed, `person` whom the token stands for.
    """

    token: str
    person: str
    port: int = 0
    hosts: tuple[str, ...] = ()
    proxy_header: str = ""
    proxies: tuple[str, ...] = ()

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers share cookies between ports, so the port is in it."""
        return f"orch-{self.port}"

    @property
    def cookie_value(self) -> str:
        """What the token is traded for; the token can't be told from it."""
        return self._derived("cookie")

    def csrf(self, visitor: Visitor) -> str:
        """What the page sends with each change, so that no other page can; different for each person."""
        return self._derived(f"csrf {visitor.actor}")

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.token.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    def is_token(self, given: str) -> bool:
        """Whether this is the token; takes the same time whatever is given."""
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.token.encode())

    def visitor(self, request: web.Request) -> Visitor | None:
        """Who sends the request; None when nothing proves it."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() == "bearer":
            return self._owner("bearer") if self.is_token(given.strip()) else None
        if name := self._named_by_proxy(request):
            return Visitor(f"web:{name}", name, "proxy")
        held = request.cookies.get(self.cookie, "").encode("utf-8", "surrogateescape")
        return self._owner("cookie") if hmac.compare_digest(held, self.cookie_value.encode()) else None

    def _owner(self, proof: Literal["bearer", "cookie"]) -> Visitor:
        return Visitor(f"web:{self.person}", self.person, proof)

    def _named_by_proxy(self, request: web.Request) -> str:
        if not self.proxy_header or not _is_within(request.remote or "", self.proxies):
            return ""
        named = request.headers.getall(self.proxy_header, [])
        # Two of them: a client's own may have come through beside the proxy's.
        return one_line(named[0])[:_MAX_NAME_CHARS].replace(":", "_") if len(named) == 1 else ""

    def check_host(self, request: web.Request) -> None:
        """Refuse a request for a name that is not the console's: a foreign name may have been pointed here.

        Raises: Problem.
        """
        host = _host_of(request.headers.get("Host", ""))
        if not host or not (_is_address(host) or host in _LOCAL_NAMES or host in self.hosts):
            raise Problem(
                421, "host", "the console is not known by this name; add it to ORCH_CONSOLE_HOSTS if it is yours"
            )

    def check_origin(self, request: web.Request, visitor: Visitor | None = None) -> None:
        """Refuse what a page of another site sends.

        Raises: Problem.
        """
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        is_ours = origin is None or urlsplit(origin).netloc.casefold() == request.headers.get("Host", "").casefold()
        if site not in {"same-origin", "none"} or not is_ours:
            raise Problem(403, "origin", "this came from a page of another site; use the console's own page")
        if (
            origin is None
            and visitor is not None
            and visitor.proof != "bearer"
            and "Sec-Fetch-Site" not in request.headers
        ):
            raise Problem(
                403, "origin", "no Origin is given; programs send `Authorization: Bearer` instead of a cookie"
            )

    def check_csrf(self, request: web.Request, visitor: Visitor) -> None:
        """Refuse a change that rides on a proof which the browser adds by itself, unless our own page sent it.

        Raises: Problem.
        """
        if visitor.proof == "bearer":
            return
        given = request.headers.get(CSRF_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self.csrf(visitor).encode()):
            raise Problem(
                403, "csrf", f"the header {CSRF_HEADER} is missing or old; GET /api/v1/session has the right one"
            )


def new_token() -> str:
    """A token that nobody can guess: 256 bits (RFC 4648 base64url)."""
    return secrets.token_urlsafe(32)


def check_bind(host: str, *, has_own_token: bool, proxy_header: str, proxies: tuple[str, ...]) -> None:
    """Refuse to listen beyond loopback without a token that was set on purpose, or a proxy that is trusted.

    Raises: OpenToTheNetwork.
    """
    if proxy_header and not proxies:
        raise OpenToTheNetwork(
            f"the header {proxy_header} would be believed from anybody; name the proxy's address in ORCH_CONSOLE_PROXIES"
        )
    if is_loopback(host) or has_own_token or proxy_header:
        return
    raise OpenToTheNetwork(
        f"{host} is open to the network: set ORCH_CONSOLE_TOKEN (at least {MIN_TOKEN_CHARS} characters), or name a trusted "
        "proxy with ORCH_CONSOLE_PROXY_HEADER and ORCH_CONSOLE_PROXIES; or listen on 127.0.0.1"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address or name."""
    if host in _LOCAL_NAMES:
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    if not _is_address(address):
        return False
    peer = ipaddress.ip_address(address)
    return any(peer in ipaddress.ip_network(network, strict=False) for network in networks)


def _host_of(header: str) -> str:
    """The name or address in a Host header, without port and brackets; empty when it is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""
