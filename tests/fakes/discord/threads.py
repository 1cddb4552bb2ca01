"""Threads: how they begin, fall asleep and wake. Bodies are checked elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.fakes.discord.posts import Posts
from tests.fakes.discord.powers import MANAGE_THREADS, PUBLIC_THREADS, SEND_IN_THREADS
from tests.fakes.discord.refusal import Refusal
from tests.fakes.discord.world import TEXT_CHANNEL, THREAD, Body, World, is_thread

MAX_ACTIVE = 1_000
DAY_MIN = 1_440


class Threads:
    """The threads of the world's channels. A thread that hangs from a message has the message's id."""

    def __init__(self, world: World, posts: Posts) -> None:
        self._world = world
        self._posts = posts
        self.members: dict[str, set[str]] = {}
        self.max_active = MAX_ACTIVE

    def open(self, by: str, channel: str, body: Mapping[str, Any], message: str = "") -> Body:
        """A thread in the channel, from the message where one is named.

        Raises: Refusal.
        """
        world = self._world
        world.require(by, channel, PUBLIC_THREADS)
        if world.channels[channel]["type"] != TEXT_CHANNEL:
            raise Refusal(50_024)
        root = self._posts.find(channel, message) if message else None
        if message in world.channels:
            raise Refusal(160_004)
        if (
            sum(is_thread(each) and not each["thread_metadata"]["archived"] for each in world.channels.values())
            >= self.max_active
        ):
            raise Refusal(160_006)
        number = message or world.next_id()
        world.channels[number] = {
            "id": number, "type": THREAD, "guild_id": world.guild, "parent_id": channel, "owner_id": by, "name": body["name"],
            "last_message_id": None, "rate_limit_per_user": body.get("rate_limit_per_user") or 0, "flags": 0, "message_count": 0,
            "member_count": 1, "total_message_sent": 0,
            "thread_metadata": {
                "archived": False, "auto_archive_duration": body.get("auto_archive_duration", DAY_MIN), "locked": False,
                "archive_timestamp": world.timestamp(), "create_timestamp": world.timestamp(),
            },
        }  # fmt: skip
        self.members[number] = {by}
        if root is not None:
            root["thread"] = world.channels[number]
        world.tell("THREAD_CREATE", {**world.channels[number], "newly_created": True})
        return world.channels[number]

    def settle(self, channel: str) -> None:
        """Let a thread in which nothing was said for long fall asleep."""
        thread = self._world.channels.get(channel)
        if thread is None or not is_thread(thread) or thread["thread_metadata"]["archived"]:
            return
        # Saying something is activity, and so is waking it up (Discord's documentation, Threads).
        told = thread["thread_metadata"]
        woken_s = self._world.now_ms() / 1000 - datetime.fromisoformat(told["archive_timestamp"]).timestamp()
        quiet_s = min(self._world.age_s(thread["last_message_id"] or thread["id"]), woken_s)
        if quiet_s > thread["thread_metadata"]["auto_archive_duration"] * 60:
            self.archive(channel)

    def archive(self, channel: str, *, is_locked: bool = False) -> None:
        """Put it to sleep; a moderator locks it too."""
        thread = self._world.channels[channel]
        thread["thread_metadata"].update(archived=True, locked=is_locked, archive_timestamp=self._world.timestamp())
        self._world.tell("THREAD_UPDATE", thread)

    def require_awake(self, channel: str) -> None:
        """Refuse to change what is in a sleeping thread.

        Raises: Refusal.
        """
        self.settle(channel)
        thread = self._world.channel_of(channel)
        if is_thread(thread) and thread["thread_metadata"]["archived"]:
            raise Refusal(50_083)

    def wake(self, by: str, channel: str) -> None:
        """A new message wakes a thread up, unless it is locked.

        Raises: Refusal.
        """
        self.settle(channel)
        thread = self._world.channel_of(channel)
        if is_thread(thread) and thread["thread_metadata"]["archived"]:
            self._wake(by, thread)
        if is_thread(thread):
            self.members[channel].add(by)
            thread["message_count"] += 1
            thread["total_message_sent"] += 1

    def change(self, by: str, channel: str, body: Mapping[str, Any]) -> Body:
        """The thread as it is then.

        Raises: Refusal.
        """
        self.settle(channel)
        world, thread = self._world, self._world.channels[channel]
        world.require(by, channel)
        told = thread["thread_metadata"]
        manages = bool(world.powers(by, channel) & MANAGE_THREADS)
        if told["archived"]:
            if body.get("archived") is not False:
                raise Refusal(50_083)
            self._wake(by, thread)
        is_own = thread["owner_id"] == by and body.keys() <= {"name", "archived", "auto_archive_duration"}
        if not (manages or is_own or body.keys() <= {"archived"}) or (body.get("archived") and not (manages or is_own)):
            raise Refusal(50_013)
        told.update({name: body[name] for name in ("archived", "locked", "auto_archive_duration") if name in body})
        thread.update({name: body[name] for name in ("name", "rate_limit_per_user") if name in body})
        world.tell("THREAD_UPDATE", thread)
        return thread

    def _wake(self, by: str, thread: Body) -> None:
        told = thread["thread_metadata"]
        if told["locked"] and not self._world.powers(by, thread["id"]) & MANAGE_THREADS:
            raise Refusal(160_005)
        self._world.require(by, thread["id"], SEND_IN_THREADS)
        told.update(archived=False, archive_timestamp=self._world.timestamp())
        self._world.tell("THREAD_UPDATE", thread)
