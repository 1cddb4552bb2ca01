"""What Discord's refusals mean to us: try again, give the message up, or give the place up. Pure.

Codes: Discord's API reference, Opcodes and Status Codes.
"""

import json
from typing import Final

import aiohttp
import discord

from bot.port import ChatDown, ChatGone

THREAD_EXISTS: Final = 160_004
ARCHIVED: Final = 50_083
OLD_EDITS: Final = 30_046
UNKNOWN_INTERACTION: Final = 10_062
ALREADY_ANSWERED: Final = 40_060
NO_DIRECT_MESSAGES: Final = 50_007
NO_PERMISSION: Final = 50_013
FILE_TOO_LARGE: Final = 40_005
UNKNOWN_MEMBER: Final = 10_007
TOO_LATE: Final = frozenset({10_015, 50_027})
"""The token of an interaction is over after 15 minutes."""
_PLACE: Final = {
    10_003: "the channel or thread is gone",
    50_001: "I can't see the channel",
    50_013: "a permission is missing",
    50_083: "the thread was closed by a moderator",
    160_005: "the thread was closed by a moderator",
}
_LATER: Final = {
    20_016: "slow mode",
    20_028: "the channel's limit",
    20_029: "the server's limit",
    30_033: "too many",
    40_003: "too many direct messages",
    40_062: "a limit of its own",
    130_000: "too much to do",
    160_006: "too many active threads",
}
_UNTOLD_WAIT_S: Final = 60.0
"""After a 429 that does not say how long: the block of a whole address, which more questions only prolong."""


class TurnedAway(aiohttp.ClientError):
    """Discord said 429 or 5xx. Raised before discord.py waits or tries again by itself, which would hold a stale text."""

    def __init__(self, status: int, retry_after_s: float = 0.0, code: int = 0, *, is_global: bool = False) -> None:
        super().__init__(f"{status} {code or ''}".strip())
        self.status = status
        self.retry_after_s = retry_after_s
        self.code = code
        self.is_global = is_global


def turned_away(status: int, header: str | None, body: bytes) -> TurnedAway:
    """What a 429 or 5xx says; a body that is no JSON comes from a proxy before Discord."""
    try:
        told = json.loads(body)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    # A guard before Discord, which does not speak its language, turns away whatever we ask.
    is_global = bool(told.get("global")) or (status == 429 and not told)
    wait_s = _seconds(told.get("retry_after")) or _seconds(header) or (_UNTOLD_WAIT_S if status == 429 else 0.0)
    code = told.get("code", 0)
    return TurnedAway(status, wait_s, code if isinstance(code, int) else 0, is_global=is_global)


def code_of(error: Exception) -> int:
    """Discord's own code, 0 when there is none."""
    return error.code if isinstance(error, TurnedAway | discord.HTTPException) else 0


def meant(error: Exception) -> ChatDown | ChatGone:
    """The error as the conversation knows it."""
    match error:
        case TurnedAway():
            return ChatDown(f"Discord answered {error}", error.retry_after_s)
        case discord.RateLimited():
            return ChatDown("Discord limits us", error.retry_after)
        case discord.HTTPException() if error.code in _LATER:
            return ChatDown(f"Discord refuses for now: {_LATER[error.code]}", _UNTOLD_WAIT_S)
        case discord.HTTPException() if error.status == 401 or error.status >= 500:
            return ChatDown(f"Discord answered {error.status}", _UNTOLD_WAIT_S if error.status == 401 else 0.0)
        case discord.HTTPException() if error.status == 403 and not error.code:
            # Not Discord itself: a guard before it turns our whole address away for a while.
            return ChatDown("Discord answered 403", _UNTOLD_WAIT_S)
        case discord.HTTPException():
            is_place = error.code in _PLACE or error.status == 403
            return ChatGone(_PLACE.get(error.code, f"Discord refused: {error.status} {error.code}"), is_place=is_place)
        case _:
            return ChatDown(f"Discord can't be reached ({type(error).__name__})")


def _seconds(value: object) -> float:
    try:
        return max(0.0, float(value)) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0
