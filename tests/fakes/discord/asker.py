"""A bot that is nothing but its questions: plain HTTP to the strict Discord, no library's patience in between."""

import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.fakes.discord.limits import WIDE, Limits
from tests.fakes.discord.server import Discord, serving
from tests.fakes.discord.world import Body

AGENT = "DiscordBot (https://example.invalid, 1)"


class Asker:
    """Asks in the bot's name. `headers` are those of the last answer."""

    def __init__(self, server: Discord, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session
        self._token = server.world.token
        self.headers: Mapping[str, str] = {}

    @property
    def channel(self) -> str:
        return f"/channels/{self.server.world.channel}"

    async def ask(self, method: str, path: str, body: Any = None, files: Mapping[str, bytes] = {}) -> tuple[int, Any]:
        """The status and the answer."""
        headers = {"Authorization": f"Bot {self._token}", "User-Agent": AGENT}
        sent: dict[str, Any] = {} if body is None else {"json": body}
        if files:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", json.dumps(body))
            for number, (name, held) in enumerate(files.items()):
                form.add_field(f"files[{number}]", io.BytesIO(held), filename=name, content_type="image/png")
            sent = {"data": form}
        async with self._session.request(method, self.server.base + path, headers=headers, **sent) as response:
            self.headers = response.headers
            text = await response.text()
            return response.status, json.loads(text) if response.content_type == "application/json" else text

    async def code(self, method: str, path: str, body: Any = None, files: Mapping[str, bytes] = {}) -> int:
        """Discord's own number for its refusal; 0 when it did as it was asked."""
        status, told = await self.ask(method, path, body, files)
        return 0 if status < 300 else int(told["code"])

    async def done(self, method: str, path: str, body: Any = None, files: Mapping[str, bytes] = {}) -> Body:
        """What was answered to what must not be refused."""
        status, told = await self.ask(method, path, body, files)
        assert status < 300, told
        return dict(told or {})

    async def post(self, text: str = "hello", channel: str = "", **more: Any) -> Body:
        """A message of one text."""
        return await self.done("POST", f"{channel or self.channel}/messages", said(text, **more))


def said(*texts: str, buttons: tuple[str, ...] = (), **more: Any) -> Body:
    """A message of the second version: texts in a container, buttons below them."""
    parts: list[Body] = [{"type": 10, "content": text} for text in texts]
    if buttons:
        row = [{"type": 2, "style": 2, "label": name, "custom_id": name} for name in buttons]
        parts.append({"type": 1, "components": row})
    return {"flags": 1 << 15, "components": [{"type": 17, "components": parts}], **more}


@asynccontextmanager
async def asking(limits: Limits = WIDE) -> AsyncIterator[Asker]:
    """An asker on a fresh Discord."""
    async with serving(limits) as server, aiohttp.ClientSession() as session:
        yield Asker(server, session)
