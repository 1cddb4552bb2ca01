"""What a person did on Discord, as an Invocation. Pure: no answer is given here.

A thread hangs from the message whose id it has, so a run's thread and its card are known by one id.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import discord

from adapters.discord.controls import read
from adapters.discord.forms import values_of
from adapters.discord.tree import NAME as COMMAND
from adapters.discord.tree import picked
from bot.port import Actor, Invocation, Kind, Place

NAME: Final = "discord"
UNKNOWN: Final = "?"
"""The name of a control that we did not make; the conversation says that it is out of date."""
_THREADS: Final = frozenset(
    {discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread}
)


def invocation_of(interaction: discord.Interaction) -> Invocation | None:
    """The deed; None for what is none (an autocomplete, a direct message, another command)."""
    where = _where(interaction.guild_id, interaction.channel)
    found = _deed(interaction)
    if where is None or found is None:
        return None
    place, thread = where
    kind, name, args, values = found
    if thread is None and kind != "command" and interaction.message is not None:
        thread = str(interaction.message.id)
    return Invocation(
        place, actor_of(interaction.user, place.workspace), str(interaction.id), kind, name, thread, args, values,
        handle=str(interaction.id),
    )  # fmt: skip


def mention_of(message: discord.Message, me: int) -> Invocation | None:
    """What was said to the bot by its name; None when it was not, or not by a person."""
    where = _where(message.guild.id if message.guild else None, message.channel)
    is_by_person = not message.author.bot and message.webhook_id is None and not message.is_system()
    if where is None or not is_by_person or all(user.id != me for user in message.mentions):
        return None
    place, thread = where
    text = re.sub(rf"<@!?{me}>", " ", message.content).strip()
    actor = actor_of(message.author, place.workspace)
    return Invocation(place, actor, str(message.id), "mention", "", thread, {"text": text})


def actor_of(user: discord.User | discord.Member, guild: str) -> Actor:
    """Who it was, with the roles that came along: they are as fresh as the deed."""
    # Not `roles`: that leaves out whatever is not known yet of a server that the gateway has not told of.
    roles = user._roles if isinstance(user, discord.Member) else ()  # noqa: SLF001 - see above
    return Actor(f"{NAME}:{guild}:{user.id}", user.display_name, groups_of(guild, roles))


def groups_of(guild: str, roles: Iterable[int | str]) -> tuple[str, ...]:
    """The roles as the settings name them; everybody has the one that is named like the server."""
    return tuple(f"{NAME}:{guild}:{role}" for role in dict.fromkeys([guild, *map(str, roles)]))


def told_by(interaction: discord.Interaction) -> dict[str, Any]:
    """What came with the interaction, as plain JSON."""
    told: Any = interaction.data or {}
    return dict(told)


def _where(guild: int | None, channel: Any) -> tuple[Place, str | None] | None:
    """The channel, and the thread in it."""
    if guild is None or channel is None:
        return None
    if getattr(channel, "type", None) in _THREADS:
        return Place(NAME, str(guild), str(channel.parent_id)), str(channel.id)
    return Place(NAME, str(guild), str(channel.id)), None


def _deed(interaction: discord.Interaction) -> tuple[Kind, str, dict[str, str], dict[str, str]] | None:
    told = told_by(interaction)
    match interaction.type:
        case discord.InteractionType.application_command | discord.InteractionType.autocomplete if (
            told.get("name") == COMMAND
        ):
            verb, args = picked(told.get("options") or ())
            return "command", verb, args, {}
        case discord.InteractionType.component:
            control = read(str(told.get("custom_id", "")))
            if control is None or control.how == "modal":
                return "click", UNKNOWN, {}, {}
            return "click", control.name, control.args, {}
        case discord.InteractionType.modal_submit:
            control = read(str(told.get("custom_id", "")))
            if control is None or control.how != "modal":
                return "form", UNKNOWN, {}, {}
            return "form", control.name, control.args, values_of(told.get("components") or ())
        case _:
            return None
