"""Refusals of Discord's REST API, as discord.py raises them."""

from typing import Any, cast

import discord


class _Answer:
    def __init__(self, status: int) -> None:
        self.status = status
        self.reason = "refused"


def refused(status: int, code: int, message: str = "") -> discord.HTTPException:
    """The exception for an answer of this status and code."""
    kinds: dict[int, type[discord.HTTPException]] = {403: discord.Forbidden, 404: discord.NotFound}
    kind = discord.DiscordServerError if status >= 500 else kinds.get(status, discord.HTTPException)
    return kind(cast("Any", _Answer(status)), {"code": code, "message": message})
