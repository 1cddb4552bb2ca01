"""The one door to Discord's REST API: discord.py's client, with its waits made visible. Must not know what is said.

discord.py waits and tries again inside a call, holding a text that may be stale by then. A hook of aiohttp sees each answer
first: a 429 or 5xx becomes an error at once, and a used-up bucket is remembered, so that whoever paces us waits instead.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import discord
from discord.http import HTTPClient, Route
from yarl import URL

from adapters.discord.errors import meant, turned_away
from adapters.discord.render import Payload
from bot.port import ChatDown

_LAST_ID: Final = re.compile(r"(/channels/\d+/\w+)/.*")
Bucket = tuple[str, str]


class Rest:
    """Calls in the bot's name. `use` is told the client each time there is a new one."""

    def __init__(self) -> None:
        self._http: HTTPClient | None = None
        self._free_at: dict[Bucket, float] = {}
        self._all_free_at = 0.0

    def use(self, client: discord.Client | None) -> None:
        """Speak through this client from now on; None while there is none."""
        self._http = client.http if client is not None else None

    async def call(
        self, route: Route, payload: Payload | list[Payload] | None = None, *, files: Sequence[discord.File] = (),
        is_paced: bool = False,
    ) -> Any:  # fmt: skip
        """What Discord answers. `is_paced` is for what can wait: it fails at once when the bucket is known to be empty.

        Raises: TurnedAway, discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError; ChatDown.
        """
        if self._http is None:
            raise ChatDown("not connected to Discord")
        wait_s = self._wait_s(route) if is_paced else 0.0
        if wait_s > 0:
            raise ChatDown("Discord limits us", wait_s)
        kwargs: dict[str, Any] = {} if payload is None else {"json": payload}
        if files:
            form: list[dict[str, Any]] = [{"name": "payload_json", "value": json.dumps(payload)}]
            form += [
                {"name": f"files[{n}]", "value": file.fp, "filename": file.filename, "content_type": "image/png"}
                for n, file in enumerate(files)
            ]
            kwargs = {"form": form, "files": files}
        return await self._http.request(route, **kwargs)

    async def spoken(self, route: Route, payload: Payload | None = None, *, files: Sequence[discord.File] = ()) -> Any:
        """As `call`, for what the bot says in its own time.

        Raises: ChatDown, ChatGone.
        """
        try:
            return await self.call(route, payload, files=files, is_paced=True)
        except CALL_FAILED as error:
            raise meant(error) from None

    def trace(self) -> aiohttp.TraceConfig:
        """The hook for a client's HTTP session."""
        found = aiohttp.TraceConfig()
        found.on_request_end.append(self._see)
        return found

    async def _see(self, _session: object, _context: object, end: aiohttp.TraceRequestEndParams) -> None:
        status, headers = end.response.status, end.response.headers
        now = asyncio.get_running_loop().time()
        key = _bucket(end.method, end.url.path)
        if headers.get("X-RateLimit-Remaining") == "0":
            self._free_at[key] = now + float(headers.get("X-RateLimit-Reset-After") or 0)
        if status != 429 and status < 500:
            return
        error = turned_away(status, headers.get("Retry-After"), await end.response.read())
        if error.is_global:
            self._all_free_at = now + error.retry_after_s
        raise error

    def _wait_s(self, route: Route) -> float:
        now = asyncio.get_running_loop().time()
        self._free_at = {key: at for key, at in self._free_at.items() if at > now}
        return max(self._free_at.get(_bucket(route.method, URL(route.url).path), 0.0), self._all_free_at) - now


CALL_FAILED: Final = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)
"""Whatever a call may raise beside ChatDown."""


def _bucket(method: str, path: str) -> Bucket:
    """What Discord is likely to count together; it tells the numbers by headers alone."""
    at = path.find("/channels/")
    return method, _LAST_ID.sub(r"\1", path[at:] if at >= 0 else path)
