"""Who may do what: Discord's permission bits, and how they come together in a channel. Pure.

Source: Discord's documentation, Permissions.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ADMINISTRATOR, VIEW, SEND, EMBED, FILES, HISTORY = 1 << 3, 1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 16
MANAGE_CHANNELS, MANAGE_MESSAGES, MENTION_EVERYONE, USE_COMMANDS = 1 << 4, 1 << 13, 1 << 17, 1 << 31
MANAGE_THREADS, PUBLIC_THREADS, SEND_IN_THREADS = 1 << 34, 1 << 35, 1 << 38
ALL = (1 << 53) - 1
EVERYBODY = VIEW | SEND | EMBED | FILES | HISTORY | USE_COMMANDS | PUBLIC_THREADS | SEND_IN_THREADS


def powers_in(
    channel: Mapping[str, Any],
    guild: str,
    roles: Mapping[str, Mapping[str, Any]],
    member: Mapping[str, Any],
    owner: str,
) -> int:
    """The permissions of the member in the channel: roles together, then the channel's overwrites, from general to particular."""
    user = str(member["user"]["id"])
    held = [guild, *map(str, member["roles"])]
    powers = _all(int(roles[role]["permissions"]) for role in held if role in roles)
    if user == owner or powers & ADMINISTRATOR:
        return ALL
    overwrites = channel.get("permission_overwrites") or ()
    for names in ([guild], [role for role in held if role != guild], [user]):
        powers = _overwritten(powers, [each for each in overwrites if str(each["id"]) in names])
    # Who can't see a channel can do nothing in it.
    return powers if powers & VIEW else 0


def _overwritten(powers: int, overwrites: Sequence[Mapping[str, Any]]) -> int:
    denied = _all(int(each["deny"]) for each in overwrites)
    allowed = _all(int(each["allow"]) for each in overwrites)
    return powers & ~denied | allowed


def _all(each: Iterable[int]) -> int:
    found = 0
    for bits in each:
        found |= bits
    return found
