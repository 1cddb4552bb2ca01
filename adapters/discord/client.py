"""discord.py's client as we use it: little remembered, nothing done when it is ready, every deed handed to our own router."""

import logging
from typing import Final, Protocol

import aiohttp
import discord
import msgspec
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

INTENTS: Final = discord.Intents(guilds=True, guild_messages=True)
"""No privileged one: a message that names the bot carries its content, and roles come with each interaction."""
LONGEST_WAIT_S: Final = 30.0
"""The least that discord.py lets us set; beyond it a limit is an error instead of a wait."""
API: Final = "https://discord.com/api/v10"
GATEWAY: Final = "wss://gateway.discord.gg/"


class DiscordConfig(msgspec.Struct, frozen=True):
    """The bot's token; where Discord is, when it is elsewhere."""

    token: str
    api_base: str = ""
    gateway_url: str = ""

    def __repr__(self) -> str:
        """Without the token."""
        return f"DiscordConfig(api_base={self.api_base!r}, gateway_url={self.gateway_url!r})"


class Core(Protocol):
    """Who hears what happens on Discord."""

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """A command, a click, a form, or somebody types one."""
        ...

    async def on_message(self, message: discord.Message, me: int) -> None:
        """Something was said where the bot can see it."""
        ...

    async def on_guild(self, guild: int) -> None:
        """A server can be seen: at the start, after an outage, or because the bot was invited."""
        ...

    def on_guild_gone(self, guild: int) -> None:
        """The bot was removed from a server."""
        ...

    def on_link(self, *, is_up: bool) -> None:
        """The gateway was reached, or lost."""
        ...

    def trace(self) -> aiohttp.TraceConfig:
        """What sees every answer of Discord's REST API."""
        ...


class OrchClient(discord.Client):
    """Hands on what happens."""

    def __init__(self, core: Core) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_ratelimit_timeout=LONGEST_WAIT_S,
            http_trace=core.trace(),
        )
        self._core = core

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Whatever its kind: no view or command tree of discord.py's is asked, since those forget at a restart."""
        await self._core.on_interaction(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """A message of a channel or thread."""
        if self.user is not None:
            await self._core.on_message(message, self.user.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """At the start, and after an outage of the server."""
        await self._core.on_guild(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was invited."""
        await self._core.on_guild(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed, or the server is no more."""
        self._core.on_guild_gone(guild.id)

    async def on_connect(self) -> None:
        """A new session."""
        self._core.on_link(is_up=True)

    async def on_resumed(self) -> None:
        """The old session, with what was missed."""
        self._core.on_link(is_up=True)

    async def on_disconnect(self) -> None:
        """The gateway is lost; discord.py reconnects by itself."""
        self._core.on_link(is_up=False)


def build_discord_client(config: DiscordConfig, core: Core) -> discord.Client:
    """A client that is not connected yet."""
    point_at(config)
    hush()
    return OrchClient(core)


def hush() -> None:
    """Keep discord.py from warning of voice, which is not used, and from printing a traceback at each reconnect, which we tell of."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    logging.getLogger("discord.client").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Attempting a reconnect")


def point_at(config: DiscordConfig) -> None:
    """Where discord.py looks for Discord. It knows one place for the whole process, so this is the only code to set it."""
    Route.BASE = (config.api_base or API).rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.gateway_url or GATEWAY)
