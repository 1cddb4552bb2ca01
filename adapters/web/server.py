"""Opens the console at its address, and closes it again; refuses to be open to everybody. Must not hold endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from adapters.settings import ConsoleSettings
from adapters.web.access import Access, check_bind, is_loopback, new_token
from adapters.web.app import build_app
from adapters.web.desk import Desk
from adapters.web.errors import ConsoleUnavailable

CLOSE_WITHIN_S: Final = 2.0
"""For answers under way; a stop has 10 s in all, and attempts need theirs."""
BACKLOG: Final = 512


class Opened(msgspec.Struct, frozen=True):
    """Where the console is: `address` may be shown to anybody, `link` carries the token."""

    address: str
    link: str
    has_own_token: bool


@asynccontextmanager
async def open_console(desk: Desk, settings: ConsoleSettings, person: str) -> AsyncIterator[Opened]:
    """The console, serving while the context is open; `person` is whom its token stands for.

    Raises: OpenToTheNetwork, ConsoleUnavailable.
    """
    own = settings.token.get_secret_value()
    check_bind(
        settings.host, has_own_token=bool(own), proxy_header=settings.proxy_header, proxies=settings.proxies
    )  # fmt: skip
    access = Access(
        token=own or new_token(), person=person, port=settings.port, hosts=(*settings.hosts, settings.host.casefold()),
        proxy_header=settings.proxy_header, proxies=settings.proxies,
    )  # fmt: skip
    runner = web.AppRunner(build_app(desk, access), access_log=None, shutdown_timeout=CLOSE_WITHIN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG).start()
        except OSError as error:
            raise ConsoleUnavailable(
                f"the console can't listen on {settings.host}:{settings.port} ({error.strerror or error}); "
                "another `orch up` may be running: choose a port with --port"
            ) from None
        port = runner.addresses[0][1]
        shown = settings.host if not is_any(settings.host) else "127.0.0.1"
        address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
        yield Opened(address, f"{address}?{urlencode({'token': access.token})}", bool(own))
    finally:
        await runner.cleanup()


def is_any(host: str) -> bool:
    """Whether it stands for every address of the machine, and so for none that can be opened."""
    return host in {"0.0.0.0", "::", ""} and not is_loopback(host)  # noqa: S104 - it is recognised, not bound
