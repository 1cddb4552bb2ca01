"""Interactions: what a person did and the bot has to answer, within 3 s at first and 15 minutes in all.

Source: Discord's documentation, Receiving and Responding to Interactions.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from tests.fakes.discord.bodies import ANSWER, ANSWER_LATER, ASK, CHANGE, CHANGE_LATER, CHOICES
from tests.fakes.discord.components import FLAGS_EPHEMERAL
from tests.fakes.discord.posts import Posts
from tests.fakes.discord.refusal import Refusal
from tests.fakes.discord.world import Body, World

FIRST_S, ALL_S = 3.0, 900.0
COMMAND, CLICK, TYPING, FORM = 2, 3, 4, 5
State = Literal["open", "announced", "answered"]


class Deed(msgspec.Struct):
    """What somebody did. `source` is the message of the button; `original` the one that answers; `form` what was brought up, and
    `trigger` the deed that brought up what was filled in here.
    """

    id: str
    token: str
    kind: int
    user: str
    channel: str
    told: Body
    at_ms: int
    source: str = ""
    state: State = "open"
    is_hidden: bool = False
    original: str = ""
    form: Body | None = None
    choices: list[Body] | None = None
    answered: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    waiting_type: int = 3
    is_filled_in: bool = False
    trigger: str = ""


class Deeds:
    """The interactions, by id and by token."""

    def __init__(self, world: World, posts: Posts) -> None:
        self._world = world
        self._posts = posts
        self.all: dict[str, Deed] = {}
        self._by_token: dict[str, Deed] = {}

    def begin(
        self,
        kind: int,
        user: str,
        channel: str,
        data: Body,
        *,
        source: str = "",
        waiting_type: int = 3,
        number: str = "",
    ) -> Deed:
        """Somebody did it, and the bot is told."""
        world = self._world
        deed = Deed(
            number or world.next_id(), secrets.token_urlsafe(40), kind, user, channel, data, world.now_ms(), source,
            waiting_type=waiting_type,
        )  # fmt: skip
        self.all[deed.id] = self._by_token[deed.token] = deed
        world.tell("INTERACTION_CREATE", self.told(deed))
        return deed

    def told(self, deed: Deed) -> Body:
        """What the bot is told of it."""
        world, channel = self._world, self._world.channels[deed.channel]
        found = {
            "id": deed.id, "application_id": world.app, "type": deed.kind, "data": deed.told, "channel_id": deed.channel,
            "channel": {**channel, "permissions": str(world.powers(deed.user, deed.channel))}, "token": deed.token, "version": 1,
            "locale": "en-US", "app_permissions": str(world.powers(world.me, deed.channel)), "entitlements": [],
            "attachment_size_limit": 10_485_760, "authorizing_integration_owners": {"0": world.guild}, "context": 0,
        }  # fmt: skip
        if "guild_id" in channel:
            member = {**world.members[deed.user], "permissions": str(world.powers(deed.user, deed.channel))}
            guild = {"id": world.guild, "locale": "en-US", "features": []}
            found |= {"guild_id": world.guild, "guild_locale": "en-US", "guild": guild, "member": member}
        else:
            found |= {"user": world.users[deed.user], "context": 1}
        if deed.source:
            found["message"] = self._posts.messages[deed.channel][deed.source]
        return found

    def first(self, deed_id: str, token: str) -> Deed:
        """The deed that waits for its first answer.

        Raises: Refusal.
        """
        deed = self.all.get(deed_id)
        if deed is None or deed.token != token:
            raise Refusal(10_062)
        if deed.state != "open":
            raise Refusal(40_060)
        if self._world.now_ms() - deed.at_ms > FIRST_S * 1000:
            raise Refusal(10_062)
        return deed

    def by_token(self, app: str, token: str) -> Deed:
        """The deed that may be answered further.

        Raises: Refusal.
        """
        deed = self._by_token.get(token)
        if deed is None or app != self._world.app:
            raise Refusal(10_015)
        if self._world.now_ms() - deed.at_ms > ALL_S * 1000:
            raise Refusal(50_027)
        if deed.state == "open":
            raise Refusal(10_015)
        return deed

    def answer(self, deed: Deed, kind: int, data: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Take the first answer, which was checked."""
        deed.state = "announced" if kind in {ANSWER_LATER, CHANGE_LATER} else "answered"
        if kind in {ANSWER, ANSWER_LATER}:
            deed.is_hidden = bool((data.get("flags") or 0) & FLAGS_EPHEMERAL)
        if kind == ANSWER:
            deed.original = self._say(deed, data, files)["id"]
        elif kind == CHANGE:
            self._posts.change(self._posts.messages[deed.channel][deed.source], data, files)
        elif kind == ASK:
            deed.form = dict(data)
        elif kind == CHOICES:
            deed.choices = list(data["choices"])
        if kind in {CHANGE, CHANGE_LATER}:
            deed.original = deed.source
        deed.answered.set()

    def follow(self, deed: Deed, body: Mapping[str, Any], files: Mapping[str, bytes]) -> Body:
        """A further message; the first one after an announcement is what was announced."""
        if deed.state == "announced" and not deed.original:
            return self.fulfil(deed, body, files)
        return self._say(deed, body, files)

    def fulfil(self, deed: Deed, body: Mapping[str, Any], files: Mapping[str, bytes]) -> Body:
        """What was announced; it is as private as it was announced."""
        flags = int(body.get("flags") or 0) & ~FLAGS_EPHEMERAL | (FLAGS_EPHEMERAL if deed.is_hidden else 0)
        message = self._say(deed, {**body, "flags": flags}, files)
        deed.original, deed.state = message["id"], "answered"
        return message

    def original(self, deed: Deed) -> Body:
        """The message that answered.

        Raises: Refusal.
        """
        if not deed.original:
            raise Refusal(10_008)
        return self._posts.find(deed.channel, deed.original, reader=deed.user)

    def withdraw(self, deed: Deed) -> None:
        """Take the first answer back, or the announcement of one.

        Raises: Refusal.
        """
        if deed.state == "announced" and not deed.original:
            deed.state = "answered"
        else:
            self._posts.delete(self.original(deed))
            deed.original = ""

    def _say(self, deed: Deed, body: Mapping[str, Any], files: Mapping[str, bytes]) -> Body:
        is_hidden = bool((body.get("flags") or 0) & FLAGS_EPHEMERAL)
        more = {
            "webhook_id": self._world.app, "application_id": self._world.app, "type": 20 if deed.kind == COMMAND else 0,
            "interaction_metadata": self._origin(deed),
        }  # fmt: skip
        return self._posts.post(
            deed.channel, self._world.me, body, files, only_for=deed.user if is_hidden else "", more=more
        )

    def _origin(self, deed: Deed) -> Body:
        """What a message tells of the deed that it answers."""
        found: Body = {
            "id": deed.id, "type": deed.kind, "user": self._world.users[deed.user], "authorizing_integration_owners": {},
        }  # fmt: skip
        if deed.kind == CLICK:
            found["interacted_message_id"] = deed.source
        if deed.trigger:
            found["triggering_interaction_metadata"] = self._origin(self.all[deed.trigger])
        return found
