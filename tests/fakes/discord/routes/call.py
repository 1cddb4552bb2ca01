"""One request to the REST API as its handlers see it, and the table of addresses."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.fakes.discord.deeds import Deeds
from tests.fakes.discord.posts import Posts
from tests.fakes.discord.threads import Threads
from tests.fakes.discord.world import World


class Parts(msgspec.Struct, frozen=True):
    """What the handlers work on."""

    world: World
    posts: Posts
    threads: Threads
    deeds: Deeds


class Call(msgspec.Struct, frozen=True):
    """A request: what the address names, what was asked, what came along."""

    parts: Parts
    at: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    files: Mapping[str, bytes] = {}

    @property
    def world(self) -> World:
        return self.parts.world

    @property
    def me(self) -> str:
        """The bot, who asks."""
        return self.parts.world.me


Answer = tuple[int, Any]
Handler = Callable[[Call], Answer]


class Address(msgspec.Struct, frozen=True):
    """A row of the table. `major` names what has buckets of its own; `is_open` needs no token of the bot."""

    method: str
    template: str
    handler: Handler
    is_open: bool = False

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """What the path names, None when it is another's."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found is not None and method == self.method else None

    def major(self, at: Mapping[str, str]) -> str:
        """The part of the address that has a bucket of its own."""
        return "/".join(at[name] for name in ("channel", "guild", "app", "token") if name in at)
