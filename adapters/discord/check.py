"""Looks whether a bot can work on Discord: its token, its servers, its rights in each channel, its command. Changes nothing."""

from collections.abc import Sequence
from typing import Final

import discord
from discord.http import Route

from adapters.discord.client import INTENTS, DiscordConfig, hush, point_at
from adapters.discord.connection import commands_of
from adapters.discord.errors import meant
from adapters.discord.inbound import NAME
from adapters.discord.rest import CALL_FAILED, Rest
from adapters.discord.told import COMMANDS, SERVERS, understood
from adapters.discord.tree import command_tree, is_same
from adapters.finding import Finding
from bot.people import People, PeopleRules
from bot.port import ChatDown, Place
from bot.replies import discord as say

_NAMES: Final = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "create_public_threads": "Create Public Threads",
    "send_messages_in_threads": "Send Messages in Threads",
    "read_message_history": "Read Message History",
    "attach_files": "Attach Files",
}
"""What is needed, as Discord's settings name it; what each is for: docs/discord.md."""
NEEDED: Final = discord.Permissions(**dict.fromkeys(_NAMES, True))


async def check(config: DiscordConfig, rules: PeopleRules | None) -> list[Finding]:
    """What was found, in the order in which it is to be mended. `rules` are who may use the bot where, None when nobody said."""
    point_at(config)
    hush()
    rest = Rest()
    client = discord.Client(intents=INTENTS, http_trace=rest.trace())
    try:
        await client.login(config.token)
        rest.use(client)
        return [
            Finding("token", is_ok=True, sentence=say.token_works(str(client.user))),
            _endpoint(client),
            *await _servers(client, rest, rules),
            *_places(rules),
        ]
    except discord.LoginFailure:
        return [Finding("token", is_ok=False, sentence=say.token_refused())]
    except CALL_FAILED as error:
        return [Finding("connection", is_ok=False, sentence=say.not_reached(str(meant(error))))]
    except ChatDown as error:
        return [Finding("connection", is_ok=False, sentence=say.not_reached(str(error)))]
    finally:
        await client.close()


def _endpoint(client: discord.Client) -> Finding:
    """With an endpoint of its own, an application's clicks and commands never come over the gateway."""
    application = client.application
    url = application.interactions_endpoint_url if application is not None else None
    return Finding("interactions", is_ok=not url, sentence=say.endpoint_is_set(url) if url else say.no_intents_needed())


async def _servers(client: discord.Client, rest: Rest, rules: PeopleRules | None) -> list[Finding]:
    told = understood(SERVERS, await rest.call(Route("GET", "/users/@me/guilds")))
    if not told:
        return [Finding("servers", is_ok=False, sentence=say.invite(invitation(client)))]
    found: list[Finding] = []
    for each in told:
        guild = await client.fetch_guild(int(each.id), with_counts=False)
        found.append(await _command(client, rest, guild))
        found += await _channels(client, guild, rules)
    return found


def invitation(client: discord.Client) -> str:
    """The link that invites the bot with what it needs."""
    app = client.application_id or 0
    return discord.utils.oauth_url(app, permissions=NEEDED, scopes=("bot", "applications.commands"))


async def _command(client: discord.Client, rest: Rest, guild: discord.Guild) -> Finding:
    about = f"command in {guild.name}"
    try:
        found = understood(COMMANDS, await rest.call(commands_of("GET", client.application_id or 0, guild.id)))
    except discord.Forbidden:
        return Finding(about, is_ok=False, sentence=say.commands_missing(guild.name))
    return Finding(about, is_ok=True, sentence=say.command_is_there(is_up_to_date=is_same(found, command_tree())))


async def _channels(client: discord.Client, guild: discord.Guild, rules: PeopleRules | None) -> list[Finding]:
    """The channels of the server in which the bot is to listen; all where nobody said which."""
    me = await guild.fetch_member(client.user.id if client.user is not None else 0)
    people = People(rules) if rules is not None else None
    found = []
    for channel in await guild.fetch_channels():
        place = Place(NAME, str(guild.id), str(channel.id))
        if not isinstance(channel, discord.TextChannel) or (people is not None and not people.allows(place)):
            continue
        missing = lacking(channel.permissions_for(me))
        sentence = say.may_not(channel.name, guild.name, missing) if missing else say.may_speak(str(place))
        found.append(Finding(f"#{channel.name} in {guild.name}", is_ok=not missing, sentence=sentence))
    if not found:
        found.append(Finding(f"channels of {guild.name}", is_ok=False, sentence=say.no_channel(f"{NAME}:{guild.id}:*")))
    return found


def lacking(has: discord.Permissions) -> list[str]:
    """The permissions that are needed and not there, as Discord's settings name them."""
    return [shown for name, shown in _NAMES.items() if not getattr(has, name)]


def _places(rules: PeopleRules | None) -> Sequence[Finding]:
    if rules is not None and any(entry.startswith(f"{NAME}:") or entry == "*" for entry in rules.places):
        return ()
    return [Finding("people", is_ok=False, sentence=say.nobody_may())]
