"""A call of a Web API method: its arguments read as Slack reads them, and who may be where. Must not know HTTP."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.fakes.slack.workspace import BOT_USER, Channel, Refused, Workspace

Answer = dict[str, Any]
HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read"}


class Call(msgspec.Struct):
    """What was asked, by whom with which scopes. `base` is the server's own address."""

    space: Workspace
    args: Mapping[str, Any]
    scopes: frozenset[str]
    base: str

    def text(self, name: str, default: str | None = None) -> str:
        """An argument.

        Raises: Refused when it is missing and there is no default.
        """
        value = self.args.get(name, default)
        if value is None or (value == "" and default is None):
            raise invalid(f"missing required field: {name}")
        return str(value)

    def flag(self, name: str) -> bool:
        return self.args.get(name) in {True, "1", "true", "True"}

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.args.get(name, default))
        except (TypeError, ValueError):
            raise invalid(f"{name} must be a number") from None

    def parsed(self, name: str) -> Any:
        """An argument that is JSON: as it is in a JSON body, as a string in a form."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise invalid(f"{name} is no JSON") from None

    def needs(self, scope: str) -> None:
        if scope not in self.scopes:
            raise missing_scope(scope, self.scopes)

    def channel(self, scopes: Mapping[str, str] | None = None) -> Channel:
        """The channel, once the bot may see it: private ones exist for members alone."""
        found = self.space.channels.get(self.text("channel"))
        if found is None or (found.kind != "channel" and BOT_USER not in found.members):
            raise Refused("channel_not_found")
        if scopes is not None:
            self.needs(scopes[found.kind])
        return found

    def within(self, channel: str) -> "Call":
        """The same, asked of that channel."""
        return Call(self.space, {**self.args, "channel": channel}, self.scopes, self.base)

    def own_channel(self, scopes: Mapping[str, str] | None = None) -> Channel:
        """The channel, once the bot is in it."""
        found = self.channel(scopes)
        if BOT_USER not in found.members:
            raise Refused("not_in_channel")
        return found

    def writable_channel(self) -> Channel:
        found = self.own_channel()
        if found.is_archived:
            raise Refused("is_archived")
        return found


Method = Callable[[Call], Answer]


class Entry(msgspec.Struct, frozen=True):
    """A method: what does it, which scope it needs, its tier, whether it posts to a channel, whether it takes JSON bodies."""

    do: Method
    scope: str = ""
    tier: int | None = None
    posts: bool = False
    takes_json: bool = True
    takes_app_token: bool = False


def invalid(message: str, error: str = "invalid_arguments") -> Refused:
    return Refused(error, response_metadata={"messages": [f"[ERROR] {message}"]})


def missing_scope(scope: str, has: frozenset[str]) -> Refused:
    return Refused("missing_scope", needed=scope, provided=",".join(sorted(has)))
