"""Discord's REST API in memory, behind the door that our adapter calls: channels, threads, messages, answers to interactions.

It stands where discord.py's HTTP client stands, and refuses as Discord does. The gateway is not its subject.
"""

import itertools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import discord
from discord.http import Route

from adapters.discord.errors import TurnedAway
from adapters.discord.rest import Rest
from tests.adapters.discord.refusals import refused

ME, GUILD, CHANNEL, ALICE, APP, DM = "99", "1", "20", "5", "98", "77"
START_MS = 1_800_000_000_000
DISCORD_EPOCH_MS = 1_420_070_400_000
Body = dict[str, Any]


class InMemory:
    """`faults` are raised by the next calls whose method and path begin so; `log` tells what was called, `sent` with what."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.messages: dict[str, Body] = {}
        self.threads: dict[str, Body] = {}
        self.files: dict[str, bytes] = {}
        self.first_answers: dict[str, Body] = {}
        self.edits_of_answers: list[tuple[str, Body | None]] = []
        self.followups: list[Body] = []
        self.members: dict[str, Body] = {
            ALICE: {"user": {"id": ALICE, "username": "alice"}, "roles": ["7"], "nick": None}
        }
        self.takes_direct_messages = True
        self.log: list[tuple[str, str]] = []
        self.sent: list[tuple[str, str, Any]] = []
        self.faults: list[tuple[str, Exception]] = []
        self.nonsense: list[tuple[str, object]] = []
        self.remembers_nonces = True
        self._count = itertools.count(1)

    def rest(self) -> Rest:
        """A door to it."""
        found = Rest()
        found.use(cast("discord.Client", SimpleNamespace(http=self)))
        return found

    def next_id(self) -> str:
        """A snowflake of now."""
        return str((self.now_ms - DISCORD_EPOCH_MS << 22) + next(self._count))

    def interaction(self) -> discord.Interaction:
        """One that waits for an answer."""
        found = SimpleNamespace(id=int(self.next_id()), application_id=int(APP), token="a-token")
        return cast("discord.Interaction", found)

    async def request(self, route: Route, **kwargs: Any) -> Any:
        """What discord.py's HTTP client does."""
        path = route.url.removeprefix(Route.BASE).partition("?")[0]
        self.log.append((route.method, path))
        for fault in self.faults:
            if f"{route.method} {path}".startswith(fault[0]):
                self.faults.remove(fault)
                raise fault[1]
        for method, told in self.nonsense:
            if route.method == method:
                self.nonsense.remove((method, told))
                return told
        body = kwargs.get("json")
        if "form" in kwargs:
            body = json.loads(kwargs["form"][0]["value"])
            self.files |= {each["filename"]: each["value"].read() for each in kwargs["form"][1:]}
        if body is not None:
            self.sent.append((route.method, path, body))
        return self._route(route.method, path.strip("/").split("/"), body)

    def _route(self, method: str, parts: list[str], body: Any) -> Any:
        table: dict[str, Callable[[str, list[str], Any], Any]] = {
            "channels": self._channel, "interactions": self._first, "webhooks": self._later, "users": self._direct,
            "guilds": self._member,
        }  # fmt: skip
        return table[parts[0]](method, parts[1:], body)

    def _channel(self, method: str, parts: list[str], body: Any) -> Any:
        channel = parts[0]
        if channel not in {CHANNEL, DM, *self.threads}:
            raise refused(404, 10_003)
        match method, parts[1:]:
            case "PATCH", []:
                self.threads[channel].update(body)
                return self.threads[channel]
            case "GET", ["messages"]:
                return [each for each in reversed(self.messages.values()) if each["channel_id"] == channel]
            case "POST", ["messages"]:
                return self._post(channel, body)
            case "PATCH", ["messages", message]:
                return self._edit(channel, message, body)
            case "POST", ["messages", message, "threads"]:
                if message in self.threads:
                    raise refused(400, 160_004)
                self.threads[message] = {"id": message, "archived": False, **body}
                return self.threads[message]
            case _:
                raise refused(404, 0)

    def _post(self, channel: str, body: Body) -> Body:
        if channel == DM and not self.takes_direct_messages:
            raise refused(403, 50_007)
        if self.remembers_nonces and body.get("enforce_nonce"):
            for each in self.messages.values():
                if each.get("nonce") == body["nonce"]:
                    return each
        message = {**body, "id": self.next_id(), "channel_id": channel, "author": {"id": ME}, "edits": 0}
        if channel in self.threads:
            self.threads[channel]["archived"] = False
        self.messages[message["id"]] = message
        return message

    def _edit(self, channel: str, message: str, body: Body) -> Body:
        if channel in self.threads and self.threads[channel]["archived"]:
            raise refused(400, 50_083)
        found = self.messages.get(message)
        if found is None or found["channel_id"] != channel:
            raise refused(404, 10_008)
        found.update(body, edits=found["edits"] + 1)
        return found

    def _first(self, method: str, parts: list[str], body: Any) -> None:
        del method
        if parts[0] in self.first_answers:
            raise refused(400, 40_060)
        self.first_answers[parts[0]] = body

    def _later(self, method: str, parts: list[str], body: Any) -> None:
        if method == "POST":
            self.followups.append(body)
        else:
            self.edits_of_answers.append((method, body))
        del parts

    def _direct(self, method: str, parts: list[str], body: Any) -> Body:
        del method, parts, body
        return {"id": DM}

    def _member(self, method: str, parts: list[str], body: Any) -> Body:
        del method, body
        if parts[-1] not in self.members:
            raise refused(404, 10_007)
        return self.members[parts[-1]]


def turned(status: int, retry_after_s: float = 0.0, code: int = 0) -> TurnedAway:
    """A 429 or 5xx as the hook raises it."""
    return TurnedAway(status, retry_after_s, code)
