"""A Slack workspace in memory: people, channels, messages, files, views. It outlives servers and bots. Must not know HTTP.

Whatever is not allowed is a `Refused` with Slack's own word for it.
"""

import asyncio
import itertools
from typing import Any

import msgspec

from tests.fakes.jumping import START_MS

TEAM, APP, BOT, BOT_USER = "T1", "A1", "B1", "UORCH"
TRIGGER_GOOD_FOR_S, ADDRESS_GOOD_FOR_S, ADDRESS_USES = 3.0, 1_800.0, 5
Block = dict[str, Any]


class Refused(Exception):
    """`error` is what Slack calls it; `more` stands beside it in the answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


class Channel(msgspec.Struct):
    """`kind` is `channel` (public), `group` (private) or `im`."""

    id: str
    name: str
    kind: str = "channel"
    members: set[str] = msgspec.field(default_factory=set)
    is_archived: bool = False


class Post(msgspec.Struct):
    """A message; `versions` tells when it showed what: text and blocks. One that was deleted with replies is a tombstone."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Block]
    thread_ts: str = ""
    metadata: dict[str, Any] | None = None
    files: list[dict[str, str]] = []
    is_tombstone: bool = False
    versions: list[tuple[float, str, list[Block]]] = []

    @property
    def is_mine(self) -> bool:
        return self.user == BOT_USER


class Whisper(msgspec.Struct):
    """What only one person sees: an ephemeral message; `address` when it answered a deed there."""

    channel: str
    user: str
    text: str
    blocks: list[Block]
    thread_ts: str = ""
    address: str = ""


class File(msgspec.Struct):
    """An upload: begun, then brought, then completed."""

    id: str
    name: str
    length: int
    alt: str = ""
    title: str = ""
    content: bytes | None = None
    completed_at: float | None = None


class View(msgspec.Struct):
    """A modal or a home tab as a person has it before them."""

    id: str
    user: str
    payload: dict[str, Any]
    hash: str
    is_open: bool = True


class Ticket(msgspec.Struct):
    """What a deed may be answered with: a trigger, once within 3 s, or an address, five times within half an hour."""

    user: str
    channel: str
    thread_ts: str
    issued_at: float
    uses: int = 0


class Workspace:
    """The state, and the clock of Slack's own: it never goes back, whatever loop it runs in."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.users: dict[str, str] = {BOT_USER: "orch"}
        self.groups: dict[str, set[str]] = {}
        self.posts: list[Post] = []
        self.whispers: list[Whisper] = []
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Ticket] = {}
        self.addresses: dict[str, Ticket] = {}
        self.tickets: set[str] = set()
        self.file_delay_s = 0.0
        self.takes_plans = True
        self.share_delay_s = 0.0
        self._unshown: list[tuple[float, Post]] = []
        self._count = itertools.count(1)
        self._last_s = START_MS / 1000
        self._behind_s = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._last_ts = 0

    def now(self) -> float:
        """Unix time, in seconds."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._behind_s = loop, self._last_s - loop.time()
        self._last_s = self._behind_s + loop.time()
        return self._last_s

    def next_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._count):06d}"

    def next_ts(self) -> str:
        self._last_ts = max(self._last_ts + 1, int(self.now() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    # People and places.

    def channel(self, identifier: str, kind: str = "channel", *, with_bot: bool = True) -> Channel:
        """The channel, opened when it is new."""
        if identifier not in self.channels:
            members = {BOT_USER} if with_bot else set()
            self.channels[identifier] = Channel(identifier, identifier.casefold(), kind, members)
        return self.channels[identifier]

    def user(self, name: str, *channels: str) -> str:
        """The id of somebody, who joins the channels."""
        identifier = "U" + "".join(char for char in name.upper() if char.isalnum())
        self.users.setdefault(identifier, name)
        for each in channels:
            self.channel(each).members.add(identifier)
        return identifier

    def direct(self, user: str) -> Channel:
        """The conversation between somebody and the bot."""
        found = self.channel(f"D{user[1:]}", "im")
        found.members.add(user)
        return found

    # Messages.

    def show_files(self) -> None:
        """Let stand what shows a file, once it is its time: Slack posts it by itself, after it was asked to."""
        ripe = [post for at, post in self._unshown if at <= self.now()]
        self._unshown = [(at, post) for at, post in self._unshown if at > self.now()]
        for post in ripe:
            self.post(post)

    def post_later(self, message: Post) -> None:
        """Let it stand after the delay."""
        self._unshown.append((self.now() + self.share_delay_s, message))
        self.show_files()

    def post(self, message: Post) -> Post:
        """Let it stand."""
        message.ts = self.next_ts()
        message.blocks = self.numbered(message.blocks)
        message.versions = [(_now(), message.text, message.blocks)]
        self.posts.append(message)
        return message

    def change(self, post: Post, text: str, blocks: list[Block]) -> None:
        post.text, post.blocks = text, self.numbered(blocks)
        post.versions.append((_now(), post.text, post.blocks))

    def delete(self, post: Post) -> None:
        """A message with replies leaves a tombstone."""
        if self.replies(post.channel, post.ts):
            post.is_tombstone, post.text, post.blocks, post.metadata = True, "This message was deleted.", [], None
        else:
            self.posts.remove(post)

    def find(self, channel: str, ts: str) -> Post | None:
        return next((post for post in self.posts if (post.channel, post.ts) == (channel, ts)), None)

    def replies(self, channel: str, thread_ts: str) -> list[Post]:
        return [post for post in self.posts if (post.channel, post.thread_ts) == (channel, thread_ts)]

    def numbered(self, blocks: list[Block]) -> list[Block]:
        """The blocks with the ids that Slack gives to those that have none."""
        found = []
        for block in blocks:
            each = {"block_id": self.next_id("b"), **block}
            for holder in ("elements", "accessory", "element"):
                if holder in each:
                    parts = each[holder] if isinstance(each[holder], list) else [each[holder]]
                    each[holder] = [self._named(part) for part in parts]
                    each[holder] = each[holder] if isinstance(block[holder], list) else each[holder][0]
            found.append(each)
        return found

    # Tickets.

    def trigger(self, user: str, name: str = "") -> str:
        """What a deed may bring a form up with."""
        identifier = name or f"{self.next_id('')}.{TEAM}.trigger"
        self.triggers[identifier] = Ticket(user, "", "", self.now())
        return identifier

    def use_trigger(self, identifier: str) -> Ticket:
        ticket = self.triggers.get(identifier)
        if ticket is None:
            raise Refused("invalid_trigger_id")
        if self.now() - ticket.issued_at > TRIGGER_GOOD_FOR_S:
            raise Refused("expired_trigger_id")
        if ticket.uses:
            raise Refused("exchanged_trigger_id")
        ticket.uses += 1
        return ticket

    def address(self, user: str, channel: str, thread_ts: str = "") -> str:
        """Where a deed may be answered; the server puts its own name before it."""
        identifier = self.next_id("respond")
        self.addresses[identifier] = Ticket(user, channel, thread_ts, self.now())
        return identifier

    def use_address(self, identifier: str) -> Ticket:
        ticket = self.addresses.get(identifier)
        if ticket is None or self.now() - ticket.issued_at > ADDRESS_GOOD_FOR_S or ticket.uses >= ADDRESS_USES:
            raise Refused("expired_url")
        ticket.uses += 1
        return ticket

    def _named(self, part: Any) -> Any:
        if isinstance(part, dict) and part.get("type") in {"button", "static_select", "overflow", "plain_text_input"}:
            return {"action_id": self.next_id("a"), **part}
        return part


def _now() -> float:
    return asyncio.get_running_loop().time()
