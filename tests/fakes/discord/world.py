"""What Discord holds: a server with its people, roles and channels, the threads, and the bot's application. No rule of any body.

Everything is kept as the JSON that Discord shows of it. What happens is told to `listeners` (the gateway, and people who wait).
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from tests.fakes.discord.powers import ALL, EVERYBODY, VIEW, powers_in
from tests.fakes.discord.refusal import Refusal
from tests.fakes.jumping import START_MS

EPOCH_MS = 1_420_070_400_000
TEXT_CHANNEL, DIRECT, NEWS_THREAD, THREAD, PRIVATE_THREAD = 0, 1, 10, 11, 12
SYNCED = "APPLICATION_COMMANDS_SYNCED"
"""The bot registered its commands: told to those who wait in a test, never to the bot."""
Body = dict[str, Any]


class Happened(NamedTuple):
    """An event as the gateway tells it."""

    name: str
    body: Body


class Asked(msgspec.Struct):
    """A request of the bot, and what it was answered."""

    method: str
    path: str
    body: Any
    files: tuple[str, ...] = ()
    status: int = 0
    answer: Any = None


class World:
    """One server with one text channel to begin with, and the bot as a member of it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._since_s = 0.0
        self._last_s = 0.0
        self._count = itertools.count(1)
        self.listeners: list[Callable[[Happened], None]] = []
        self.log: list[Asked] = []
        self.users: dict[str, Body] = {}
        self.channels: dict[str, Body] = {}
        self.direct: dict[str, str] = {}
        self.roles: dict[str, Body] = {}
        self.members: dict[str, Body] = {}
        self.commands: list[Body] = []
        self.no_direct_messages: set[str] = set()
        self.is_member = True
        self.may_set_commands = True
        self.commands_made = 0
        self.gateway_url = ""
        self.token = "a-token"
        self.allowed_intents = 0
        self.app = self.next_id()
        self.guild = self.next_id()
        self.roles[self.guild] = self._role(self.guild, "@everyone", EVERYBODY)
        self.me = self._add_user("orch", is_bot=True)
        self.owner = self._add_user("owner")
        self.channel = self.add_channel("general")

    def now_s(self) -> float:
        """The time since the world began. It outlives loops: where one ended, the next one goes on."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._last_s
        if loop is not self._loop:
            self._loop, self._since_s = loop, self._last_s - loop.time()
        self._last_s = self._since_s + loop.time()
        return self._last_s

    def now_ms(self) -> int:
        """The time, in milliseconds since 1970."""
        return START_MS + int(self.now_s() * 1000)

    def timestamp(self, ms: int = 0) -> str:
        """The time as Discord writes it."""
        return datetime.fromtimestamp((ms or self.now_ms()) / 1000, UTC).isoformat()

    def next_id(self) -> str:
        """A snowflake of now."""
        return str((self.now_ms() - EPOCH_MS << 22) + next(self._count))

    def age_s(self, snowflake: str) -> float:
        """How long ago it was made."""
        return self.now_ms() / 1000 - self.born_s(snowflake)

    @staticmethod
    def born_s(snowflake: str) -> float:
        """When it was made, in seconds since 1970."""
        return ((int(snowflake) >> 22) + EPOCH_MS) / 1000

    def tell(self, name: str, body: Mapping[str, Any]) -> None:
        """It happened."""
        happened = Happened(name, dict(body))
        for listener in tuple(self.listeners):
            listener(happened)

    def add_person(self, name: str, *roles: str) -> str:
        """A member of the server who has the roles, by their names; they are made where there are none."""
        found = {role["name"]: number for number, role in self.roles.items()}
        held = [found.get(role) or self.add_role(role) for role in roles]
        user = self._add_user(name)
        self.members[user]["roles"] = held
        return user

    def add_role(self, name: str, powers: int = 0) -> str:
        """A role of the server."""
        number = self.next_id()
        self.roles[number] = self._role(number, name, powers)
        return number

    def add_channel(self, name: str) -> str:
        """A text channel of the server."""
        number = self.next_id()
        self.channels[number] = {
            "id": number, "type": TEXT_CHANNEL, "guild_id": self.guild, "name": name, "position": len(self.channels), "topic": None,
            "nsfw": False, "permission_overwrites": [], "parent_id": None, "rate_limit_per_user": 0, "last_message_id": None, "flags": 0,
        }  # fmt: skip
        return number

    def direct_channel(self, user: str) -> str:
        """Where the bot and the person speak alone."""
        if user not in self.direct:
            number = self.direct[user] = self.next_id()
            self.channels[number] = {
                "id": number, "type": DIRECT, "recipients": [self.users[user]], "last_message_id": None, "flags": 0,
            }  # fmt: skip
        return self.direct[user]

    def deny(self, channel: str, who: str, powers: int) -> None:
        """Take permissions from a member or a role in a channel."""
        kind = 0 if who in self.roles else 1
        overwrites = [each for each in self.channels[channel]["permission_overwrites"] if each["id"] != who]
        overwrites.append({"id": who, "type": kind, "allow": "0", "deny": str(powers)})
        self.channels[channel]["permission_overwrites"] = overwrites
        self.tell("CHANNEL_UPDATE", self.channels[channel])

    def channel_of(self, channel: str) -> Body:
        """The channel, if it is there.

        Raises: Refusal.
        """
        found = self.channels.get(channel)
        if found is None:
            raise Refusal(10_003)
        return found

    def delete_channel(self, channel: str) -> None:
        """A moderator deletes it, and the threads in it."""
        gone = self.channels.pop(channel)
        for thread in [each["id"] for each in self.channels.values() if each.get("parent_id") == channel]:
            del self.channels[thread]
        self.tell("THREAD_DELETE" if gone["type"] in {THREAD, PRIVATE_THREAD} else "CHANNEL_DELETE", gone)

    def powers(self, user: str, channel: str) -> int:
        """What the user may do there; a thread has the permissions of its channel."""
        found = self.channel_of(channel)
        if found["type"] == DIRECT:
            return ALL if user in {self.me, found["recipients"][0]["id"]} else 0
        member = self.members.get(user)
        if member is None or (user == self.me and not self.is_member):
            return 0
        parent = self.channels[found["parent_id"]] if is_thread(found) else found
        return powers_in(parent, self.guild, self.roles, member, self.owner)

    def require(self, user: str, channel: str, powers: int = 0) -> None:
        """Refuse who may not.

        Raises: Refusal.
        """
        has = self.powers(user, channel)
        if not has & VIEW:
            raise Refusal(50_001)
        if powers & ~has:
            raise Refusal(50_013)

    def member_of(self, user: str) -> Body:
        """The member as interactions and messages show them: their user is told beside.

        Raises: Refusal.
        """
        if user not in self.members:
            raise Refusal(10_007)
        return self.members[user]

    def guild_body(self) -> Body:
        """The server as the REST API shows it."""
        return {
            "id": self.guild, "name": "Bakery", "icon": None, "owner_id": self.owner, "roles": list(self.roles.values()),
            "emojis": [], "stickers": [], "features": [], "preferred_locale": "en-US", "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0,
            "premium_subscription_count": 0, "system_channel_flags": 0, "system_channel_id": None, "afk_timeout": 300,
            "afk_channel_id": None, "rules_channel_id": None, "public_updates_channel_id": None, "premium_progress_bar_enabled": False,
            "application_id": None, "splash": None, "discovery_splash": None, "vanity_url_code": None, "description": None, "banner": None,
            "safety_alerts_channel_id": None, "max_presences": None, "max_members": 500_000, "home_header": None, "region": "deprecated",
            "widget_enabled": False, "widget_channel_id": None, "max_stage_video_channel_users": 50, "max_video_channel_users": 25,
            "nsfw": False, "incidents_data": None,
        }  # fmt: skip

    def application(self) -> Body:
        """The bot's application."""
        return {
            "id": self.app, "name": "orch", "icon": None, "description": "", "bot_public": True, "bot_require_code_grant": False,
            "verify_key": "x", "flags": 0, "flags_new": "0", "owner": self.users[self.owner], "team": None, "type": None,
            "interactions_endpoint_url": None, "role_connections_verification_url": None, "redirect_uris": [],
            "explicit_content_filter": 0, "eligible_oauth2_scopes": ["bot", "applications.commands"],
            "approximate_user_install_count": 0, "approximate_user_authorization_count": 0, "approximate_guild_count": 1,
        }  # fmt: skip

    def _add_user(self, name: str, *, is_bot: bool = False) -> str:
        number = self.next_id()
        self.users[number] = {
            "id": number, "username": name, "discriminator": "0", "global_name": None if is_bot else name.capitalize(), "avatar": None,
            "bot": is_bot, "public_flags": 0, "flags": 0, "primary_guild": None, "avatar_decoration_data": None, "banner": None,
            "accent_color": None,
        }  # fmt: skip
        self.members[number] = {
            "user": self.users[number], "nick": None, "avatar": None, "roles": [], "joined_at": self.timestamp(), "deaf": False,
            "mute": False, "flags": 0, "banner": None, "premium_since": None, "pending": False, "communication_disabled_until": None,
        }  # fmt: skip
        return number

    def _role(self, number: str, name: str, powers: int) -> Body:
        colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        return {
            "id": number, "name": name, "permissions": str(powers), "position": len(self.roles), "color": 0, "colors": colours,
            "hoist": False, "managed": False, "mentionable": False, "flags": 0, "icon": None, "unicode_emoji": None,
        }  # fmt: skip


def is_thread(channel: Mapping[str, Any]) -> bool:
    """Whether the channel is a thread of another."""
    return channel["type"] in {NEWS_THREAD, THREAD, PRIVATE_THREAD}
