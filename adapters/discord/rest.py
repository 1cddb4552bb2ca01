"""The one door to Discord's REST API: discord.py's client, with its waits made visible. Must not know what is said.

discord.py waits and tries again inside a call, holding a text that may be stale by then. A hook of aiohttp sees each answer
first, and a 429 or 5xx becomes an error at once. What is left is a pause of discord.py's after the call that used a bucket up:
then the text is on the screen already, and the next one is chosen after the pause.
"""

import asyncio
import io
import json
from typing import Any, Final

import aiohttp
import discord
import msgspec
from discord.http import HTTPClient, Route

from adapters.discord.errors import FILE_TOO_LARGE, NO_PERMISSION, code_of, meant, turned_away
from adapters.discord.render import Payload
from adapters.record import Recorder
from bot.port import ChatDown, ChatGone


class Upload(msgspec.Struct, frozen=True):
    """An image that goes with a message."""

    name: str
    png: bytes


class FileRefused(ChatGone):
    """The message would be taken without its image."""


class Rest:
    """Calls in the bot's name. `use` is told the client each time there is a new one; `record` writes down what is sent."""

    def __init__(self) -> None:
        self._http: HTTPClient | None = None
        self.record: Recorder | None = None
        self._all_free_at = 0.0

    def use(self, client: discord.Client | None) -> None:
        """Speak through this client from now on; None while there is none."""
        self._http = client.http if client is not None else None

    async def call(
        self, route: Route, payload: Payload | list[Payload] | None = None, *, upload: Upload | None = None,
        is_paced: bool = False,
    ) -> Any:  # fmt: skip
        """What Discord answers. `is_paced` is for what can wait: it fails at once while Discord limits us everywhere.

        Raises: TurnedAway, discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError; ChatDown.
        """
        if self._http is None:
            raise ChatDown("not connected to Discord")
        wait_s = self._all_free_at - asyncio.get_running_loop().time()
        if is_paced and wait_s > 0:
            raise ChatDown("Discord limits us", wait_s)
        if self.record is not None:
            await self.record.write("discord", f"{route.method} {route.path}", payload)
        kwargs: dict[str, Any] = {} if payload is None else {"json": payload}
        if upload is not None:
            file = discord.File(io.BytesIO(upload.png), filename=upload.name)
            part = {"name": "files[0]", "value": file.fp, "filename": upload.name, "content_type": "image/png"}
            kwargs = {"form": [{"name": "payload_json", "value": json.dumps(payload)}, part], "files": [file]}
        try:
            return await self._http.request(route, **kwargs)
        except (RuntimeError, ValueError) as error:
            # aiohttp's session was closed by a new start meanwhile, or what came is no JSON although it says so.
            raise ChatDown(f"the call to Discord failed ({type(error).__name__})") from error

    async def spoken(self, route: Route, payload: Payload | None = None, *, upload: Upload | None = None) -> Any:
        """As `call`, for what the bot says in its own time.

        Raises: ChatDown, ChatGone; FileRefused, where the image may be to blame.
        """
        try:
            return await self.call(route, payload, upload=upload, is_paced=True)
        except CALL_FAILED as error:
            if upload is not None and code_of(error) in {NO_PERMISSION, FILE_TOO_LARGE}:
                raise FileRefused("the image is refused") from None
            raise meant(error) from None

    def trace(self) -> aiohttp.TraceConfig:
        """The hook for a client's HTTP session."""
        found = aiohttp.TraceConfig()
        found.on_request_end.append(self._see)
        return found

    async def _see(self, _session: object, _context: object, end: aiohttp.TraceRequestEndParams) -> None:
        status, headers = end.response.status, end.response.headers
        if status != 429 and status < 500:
            return
        error = turned_away(status, headers.get("Retry-After"), await end.response.read())
        if error.is_global:
            self._all_free_at = asyncio.get_running_loop().time() + error.retry_after_s
        raise error


CALL_FAILED: Final = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError)
"""Whatever a call may raise beside ChatDown."""
