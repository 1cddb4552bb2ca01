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
