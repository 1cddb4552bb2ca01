"""What we say on Discord alone, and about the connection to it; always with the way out."""

from bot.replies.words import count


def not_connected() -> str:
    """Before the first connection."""
    return "connecting to Discord"


def connected(name: str, servers: int) -> str:
    """All is well."""
    return f"connected as {name}, in {count(servers, 'server')}"


def reconnecting(why: str) -> str:
    """The connection is lost for now; nothing of ours is."""
    return f"Discord can't be reached ({why}); trying again"


def connection_lost() -> str:
    """Why it is lost: the library tells no more."""
    return "the connection was lost"


def only_in_a_server() -> str:
    """A click or a command where the bot does not work, as in a direct message."""
    return "I work in the channels and threads of a server; use /orch there"


def token_refused() -> str:
    """The token is wrong, or was reset."""
    return "Discord refuses DISCORD_TOKEN: copy the bot's token from discord.com/developers, then start again"


def intents_refused() -> str:
    """The gateway wants something switched on that we do not even ask for."""
    return (
        "Discord refuses our intents (guilds and guild messages, none of them privileged): look at the bot's page on "
        "discord.com/developers, then start again"
    )


def closed_by_discord(code: int) -> str:
    """The gateway closed for good."""
    return f"Discord closed the connection for good (code {code}); see discord.com/developers, then start again"


def commands_missing(server: str) -> str:
    """The command could not be registered in a server."""
    return f"/orch could not be registered in the server {server}: invite the bot again with the scope applications.commands"


def late(too_late: int, taken: int) -> str:
    """What went wrong with interactions."""
    told = [f"{count(too_late, 'interaction')} came too late"] if too_late else []
    return ", ".join([*told, f"{taken} answered by another process with the same token"] if taken else told)


def click_again() -> str:
    """A form can't be brought up any more."""
    return "that took too long, and the form could not be brought up; click again"


def goes_on_here(link: str) -> str:
    """A message that replaces one which Discord lets nobody edit any more for now."""
    return f"-# goes on here; before: {link}"


def no_private_way() -> str:
    """Somebody named the bot, and takes no direct messages."""
    return "I answer in private, and you take no direct messages from here; use /orch instead"


def token_works(name: str) -> str:
    """The token is accepted."""
    return f"the token is {name}'s"


def not_reached(why: str) -> str:
    """Nothing more can be found out."""
    return f"Discord can't be asked: {why}; try again, or look at DISCORD_API_BASE"


def endpoint_is_set(url: str) -> str:
    """Interactions are sent elsewhere."""
    return f"commands and clicks are sent to {url}; empty the Interactions Endpoint URL on the application's page"


def no_intents_needed() -> str:
    """Interactions come to us."""
    return "commands and clicks come over the gateway; no privileged intent is needed"


def invite(link: str) -> str:
    """The bot is in no server."""
    return f"the bot is in no server; invite it: {link}"


def command_is_there(*, is_up_to_date: bool) -> str:
    """Whether the command is registered as it should be."""
    return "/orch is registered" if is_up_to_date else "/orch is registered or renewed by the next `orch up`"


def may_speak(place: str) -> str:
    """A channel in which everything works."""
    return f"all permissions; the place is {place}"


def may_not(channel: str, server: str, missing: list[str]) -> str:
    """A channel in which something is missing."""
    return f"give the bot's role in {server} these permissions for #{channel}: {', '.join(missing)}"


def no_channel(place: str) -> str:
    """A server in which no channel is listened to."""
    return f"no text channel of it is among [people] places; add {place}, or one of its channels, to orch.toml"


def nobody_may() -> str:
    """The settings name no place on Discord."""
    return 'the settings let nobody use the bot here: add [people] with places = ["discord:<server>:*"] to orch.toml'


def no_token() -> str:
    """Nothing to look at."""
    return "DISCORD_TOKEN is not set; docs/discord.md says how to make a bot and where its token is"
