"""Messages as Discord keeps them: posted once by nonce, changed, deleted; who is called by them. Bodies are checked elsewhere."""

import copy
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.discord.components import CONTAINER, FLAGS_EPHEMERAL, FLAGS_V2, SELECT, SEPARATOR, TEXT, each_part
from tests.fakes.discord.powers import MENTION_EVERYONE
from tests.fakes.discord.refusal import Refusal
from tests.fakes.discord.world import Body, World

NONCE_S = 300.0
"""Discord says "the past few minutes"."""
_USER, _ROLE, _ALL = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>"), re.compile(r"@(everyone|here)\b")
_KEPT: dict[str, Any] = {"content": "", "embeds": (), "components": (), "flags": 0}


class Posts:
    """Every message, by channel and id, oldest first. `only_for` names the person who alone sees one; `files` is what was uploaded."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.messages: dict[str, dict[str, Body]] = {}
        self.only_for: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.edits: dict[str, list[tuple[int, Body]]] = {}
        self._nonces: dict[tuple[str, str], tuple[int, Body]] = {}
        self.remembers_nonces = True

    def post(
        self, channel: str, author: str, body: Mapping[str, Any], files: Mapping[str, bytes] = {}, *, only_for: str = "",
        more: Mapping[str, Any] = {},
    ) -> Body:  # fmt: skip
        """The message that stands there now; with a nonce that its author used a moment ago, that other message."""
        key = (author, str(body["nonce"])) if body.get("enforce_nonce") and body.get("nonce") is not None else None
        if key is not None and key in self._nonces and self.remembers_nonces:
            at_ms, message = self._nonces[key]
            if self._world.now_ms() - at_ms < NONCE_S * 1000:
                return message
        world, number = self._world, self._world.next_id()
        message = {
            "id": number, "channel_id": channel, "type": 0, "author": world.users[author], "content": "", "timestamp": world.timestamp(),
            "edited_timestamp": None, "tts": False, "pinned": False, "embeds": [], "attachments": [], "components": [], "flags": 0, **more,
        }  # fmt: skip
        self._take_over(message, body, files, author)
        self.messages.setdefault(channel, {})[number] = message
        world.channels[channel]["last_message_id"] = number
        if key is not None:
            self._nonces[key] = (world.now_ms(), message)
        if only_for:
            self.only_for[number] = only_for
        else:
            told = {**self._told(message), "nonce": body["nonce"]} if "nonce" in body else self._told(message)
            world.tell("MESSAGE_CREATE", told)
        return message

    def change(self, message: Body, body: Mapping[str, Any], files: Mapping[str, bytes] = {}) -> Body:
        """The message as it shows now."""
        was = copy.deepcopy(message)
        self.edits.setdefault(message["id"], []).append((self._world.now_ms(), was))
        self._take_over(message, body, files, message["author"]["id"])
        message["edited_timestamp"] = self._world.timestamp()
        if message["id"] not in self.only_for:
            self._world.tell("MESSAGE_UPDATE", self._told(message))
        return message

    def delete(self, message: Body) -> None:
        """It is gone."""
        channel, number = message["channel_id"], message["id"]
        del self.messages[channel][number]
        if number not in self.only_for:
            self._world.tell("MESSAGE_DELETE", {"id": number, "channel_id": channel, **_guild_of(self._world, channel)})

    def find(self, channel: str, message: str, *, reader: str = "") -> Body:
        """The message, if the reader can see it there; nobody in particular sees what all see.

        Raises: Refusal.
        """
        found = self.messages.get(channel, {}).get(message)
        if found is None or self.only_for.get(message, reader) != reader:
            raise Refusal(10_008)
        return found

    def seen(self, channel: str, reader: str = "") -> list[Body]:
        """The messages of the channel that the reader sees, oldest first."""
        found = self.messages.get(channel, {}).values()
        return [each for each in found if self.only_for.get(each["id"], reader) == reader]

    def _take_over(self, message: Body, body: Mapping[str, Any], files: Mapping[str, bytes], author: str) -> None:
        flags = message["flags"]
        for name, nothing in _KEPT.items():
            if name in body:
                message[name] = nothing if body[name] is None else copy.deepcopy(body[name])
        # What makes it of the second version, or one person's alone, is never taken off.
        message["flags"] |= flags & (FLAGS_V2 | FLAGS_EPHEMERAL)
        message["attachments"] = self._attachments(message, body, files)
        message["components"] = _resolved(message["components"], message["attachments"])
        message.update(self._pings(message, body.get("allowed_mentions"), author))

    def _attachments(self, message: Body, body: Mapping[str, Any], files: Mapping[str, bytes]) -> list[Body]:
        told = body.get("attachments")
        kept = message["attachments"]
        if told is not None:
            names = {str(each["id"]) for each in told}
            kept = [each for each in kept if each["id"] in names]
        described = {str(each.get("filename", "")): str(each.get("description") or "") for each in told or ()}
        found = list(kept)
        for name, held in files.items():
            number = self._world.next_id()
            self.files[number] = held
            url = f"https://cdn.discordapp.com/attachments/{message['channel_id']}/{number}/{name}"
            found.append({
                "id": number, "filename": name, "size": len(held), "url": url, "proxy_url": url, "content_type": "image/png",
                "description": described.get(name, ""),
            })  # fmt: skip
        return found

    def _pings(self, message: Body, allowed: Any, author: str) -> Body:
        """Who is called. Without `allowed_mentions`, everybody whom the text names."""
        world, text = self._world, words_of(message)
        parse = ("users", "roles", "everyone") if allowed is None else allowed.get("parse") or ()
        named = dict.fromkeys(user for user in _USER.findall(text) if user in world.users)
        roles = dict.fromkeys(role for role in _ROLE.findall(text) if role in world.roles)
        users_too, roles_too = ((allowed or {}).get(name) or () for name in ("users", "roles"))
        may = (
            world.channels[message["channel_id"]]["type"] == 1
            or world.powers(author, message["channel_id"]) & MENTION_EVERYONE
        )
        return {
            "mentions": [world.users[user] for user in named if "users" in parse or user in users_too],
            "mention_roles": [role for role in roles if "roles" in parse or role in roles_too],
            "mention_everyone": bool(may and "everyone" in parse and _ALL.search(text)),
        }

    def _told(self, message: Body) -> Body:
        world, author = self._world, message["author"]["id"]
        told = {**message, **_guild_of(world, message["channel_id"])}
        if "guild_id" in told:
            told["member"] = {name: value for name, value in world.members[author].items() if name != "user"}
        return told


def words_of(message: Mapping[str, Any]) -> str:
    """Everything that is written in it."""
    parts = [str(part["content"]) for _, part in each_part(message.get("components") or ()) if part.get("type") == TEXT]
    return "\n".join([str(message.get("content") or ""), *parts])


def is_v2(message: Mapping[str, Any]) -> bool:
    """Whether it is made of components alone; it never goes back."""
    return bool(message["flags"] & FLAGS_V2)


def is_hidden(message: Mapping[str, Any]) -> bool:
    """Whether one person alone sees it."""
    return bool(message["flags"] & FLAGS_EPHEMERAL)


def _guild_of(world: World, channel: str) -> Body:
    found = world.channels[channel]
    return {"guild_id": found["guild_id"]} if "guild_id" in found else {}


def _resolved(components: Sequence[Body], attachments: Sequence[Mapping[str, Any]]) -> list[Body]:
    """The components as Discord shows them: each with an id of its own and what it left open, files by their addresses."""
    found = copy.deepcopy(list(components))
    files = {f"attachment://{each['filename']}": each for each in attachments}
    parts = [part for _, part in each_part(found)]
    taken = {part["id"] for part in parts if part.get("id")}
    free = (number for number in itertools.count(1) if number not in taken)
    for part in parts:
        # An id of 0 is none.
        part["id"] = part.get("id") or next(free)
        part.update({name: value for name, value in _LEFT_OPEN.get(part["type"], {}).items() if part.get(name) is None})
        for each in (part, *part.get("items", ())):
            for name in {"media", "file"} & each.keys():
                each[name] = _media(each[name]["url"], files.get(each[name]["url"]))
                each.setdefault("description", None)
                each.setdefault("spoiler", False)
    return found


_LEFT_OPEN: dict[int, Body] = {
    CONTAINER: {"accent_color": None, "spoiler": False},
    SEPARATOR: {"divider": True, "spacing": 1},
    SELECT: {"min_values": 1, "max_values": 1},
}


def _media(url: str, file: Mapping[str, Any] | None) -> Body:
    shown = file["url"] if file else url
    return {
        "id": file["id"] if file else "0",
        "url": shown,
        "proxy_url": shown,
        "width": None,
        "height": None,
        "content_type": None,
    }
