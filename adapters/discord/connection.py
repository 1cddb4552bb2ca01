"""Keeps the connection to Discord up, and hears what comes over it. A refused token degrades the chat, never the product."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import aiohttp
import discord
import msgspec
from discord.http import Route

from adapters.discord.answers import Answers
from adapters.discord.chat import DiscordChat
from adapters.discord.client import DiscordConfig, build_discord_client
from adapters.discord.errors import ALREADY_ANSWERED, UNKNOWN_INTERACTION, meant
from adapters.discord.inbound import invocation_of, mention_of, told_by
from adapters.discord.render import message_payload
from adapters.discord.rest import CALL_FAILED, Rest
from adapters.discord.told import COMMANDS, understood
from adapters.discord.tree import command_tree, is_same, suggestions, typed_into
from adapters.record import Recorder
from adapters.web.desk import Door
from bot.messages import Notice
from bot.port import Actor, ChatDown, ChatGone, Health, Invocation, Place
from bot.replies import discord as say
from engine.core.blackboard import Blackboard

logger = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
STEADY_S: Final = 600.0
"""A connection that held so long starts the waits anew."""
CLOSE_S: Final = 5.0


class House(Protocol):
    """What Discord's deeds are handed to, and what suggestions are made of."""

    def take(self, invocation: Invocation) -> None:
        """Handle it, in a task of its own."""
        ...

    def board(self) -> Blackboard:
        """What is durable now."""
        ...

    def may_see(self, actor: Actor, place: Place) -> bool:
        """Whether somebody may look at runs here."""
        ...

    def tell(self, health: Health) -> None:
        """Discord is up or down, or what there is to say of it has changed."""
        ...


class _End(msgspec.Struct, frozen=True):
    """How a client's life ended."""

    sentence: str
    wait_s: float = 0.0
    is_for_good: bool = False


class Discord:
    """The chat and its connection: `chat` is the port, `running` holds the connection."""

    def __init__(self, config: DiscordConfig, house: House, now_ms: Callable[[], int]) -> None:
        self._config = config
        self._house = house
        self._rest = Rest()
        self._answers = Answers(self._rest)
        self.chat = DiscordChat(self._rest, self._answers, now_ms)
        self._client: discord.Client | None = None
        self._unsynced: dict[int, None] = {}
        self._synced: set[int] = set()
        self._complaints: dict[int, str] = {}
        self._has_news = asyncio.Event()
        self._is_linked = False
        self.syncs = 0

    def write_down(self, recorder: Recorder) -> None:
        """Record what is sent from now on."""
        self._rest.record = recorder

    def doors(self) -> tuple[Door, ...]:
        """None: everything comes over the gateway."""
        return ()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Discord"]:
        """Connected, or trying to be, while the context is open."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._stay_up()), group.create_task(self._sync())]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()

    async def _stay_up(self) -> None:
        loop, wait_s = asyncio.get_running_loop(), FIRST_WAIT_S
        while True:
            began = loop.time()
            end = await self._live()
            self._is_linked = False
            self._tell(end.sentence)
            if end.is_for_good:
                return
            if loop.time() - began > STEADY_S:
                wait_s = FIRST_WAIT_S
            await asyncio.sleep(max(wait_s, end.wait_s))
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _live(self) -> _End:
        """One client's life, in which discord.py itself reconnects what can be; how it ended."""
        try:
            await self._connect(build_discord_client(self._config, self))
        except discord.LoginFailure:
            return _End(say.token_refused(), is_for_good=True)
        except discord.PrivilegedIntentsRequired:
            return _End(say.intents_refused(), is_for_good=True)
        except discord.ConnectionClosed as error:
            sentence = say.token_refused() if error.code == 4004 else say.closed_by_discord(error.code)
            return _End(sentence, is_for_good=True)
        except (*CALL_FAILED, discord.GatewayNotFound) as error:
            return _End(say.reconnecting(str(meant(error))), wait_s=_told_to_wait(error))
        except Exception as error:  # noqa: BLE001 - whatever the library stumbles over costs this chat, never the product
            logger.warning("discord failed", extra={"action": "discord_failed"}, exc_info=error)
            return _End(say.reconnecting(type(error).__name__))
        return _End(say.reconnecting(say.connection_lost()))

    async def _connect(self, client: discord.Client) -> None:
        self._client = client
        try:
            await client.login(self._config.token)
            self._rest.use(client)
            self.chat.me = client.user.id if client.user is not None else 0
            await client.connect()
        finally:
            self._rest.use(None)
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await client.close()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Acknowledge at once, then hand over; what another process acknowledged, or came too late, is nobody's any more."""
        if not self._answers.take(interaction):
            return
        handle = str(interaction.id)
        if interaction.type is discord.InteractionType.autocomplete:
            await self._answers.suggest(handle, self._suggestions(interaction))
            return
        invocation = invocation_of(interaction)
        if invocation is None:
            with suppress(ChatDown, ChatGone):
                notice = Notice(say.only_in_a_server(), is_refusal=True)
                await self._answers.answer(handle, message_payload(notice))
        elif _may_bring_up_a_form(interaction):
            self._house.take(invocation)
            await self._answers.defer_later(handle)
        elif await self._answers.defer(handle):
            self._house.take(invocation)
        else:
            self._tell_all_is_well()

    async def on_message(self, message: discord.Message, me: int) -> None:
        """Hand over what was said to the bot by its name."""
        invocation = mention_of(message, me)
        if invocation is not None:
            self._house.take(invocation)

    async def on_guild(self, guild: int) -> None:
        """See to it that the command is registered there."""
        self._unsynced[guild] = None
        self._has_news.set()

    def on_guild_gone(self, guild: int) -> None:
        """Whatever was registered there may be gone with it."""
        self._synced.discard(guild)
        self._unsynced.pop(guild, None)
        self._complaints.pop(guild, None)

    def on_link(self, *, is_up: bool) -> None:
        """Say whether the gateway is there."""
        self._is_linked = is_up
        if is_up:
            self._tell_all_is_well()
        else:
            self._tell(say.reconnecting(say.connection_lost()))

    def trace(self) -> aiohttp.TraceConfig:
        """The hook that makes waits visible."""
        return self._rest.trace()

    async def _sync(self) -> None:
        """Register the command where it is not the one we want, one server after the other."""
        wait_s = FIRST_WAIT_S
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            while self._unsynced:
                guild = next(iter(self._unsynced))
                try:
                    await self._sync_one(guild)
                    wait_s = FIRST_WAIT_S
                except ChatDown as error:
                    await asyncio.sleep(max(wait_s, error.retry_after_s))
                    wait_s = min(LONGEST_WAIT_S, wait_s * 2)
                    continue
                except ChatGone:
                    self._complaints[guild] = say.commands_missing(str(guild))
                self._unsynced.pop(guild, None)
                self._tell_all_is_well()

    async def _sync_one(self, guild: int) -> None:
        if guild in self._synced or self._client is None:
            return
        app, wanted = self._client.application_id or 0, command_tree()
        try:
            found = understood(COMMANDS, await self._rest.call(commands_of("GET", app, guild)))
            if not is_same(found, wanted):
                self.syncs += 1
                await self._rest.call(commands_of("PUT", app, guild), wanted)
        except CALL_FAILED as error:
            raise meant(error) from None
        self._complaints.pop(guild, None)
        self._synced.add(guild)

    def _suggestions(self, interaction: discord.Interaction) -> list[dict[str, object]]:
        found = invocation_of(interaction)
        told = typed_into(told_by(interaction).get("options") or ())
        if found is None or told is None or not self._house.may_see(found.actor, found.place):
            return []
        return suggestions(self._house.board(), *told)

    def _tell_all_is_well(self) -> None:
        """How it is, unless it is down."""
        client = self._client
        if not self._is_linked or client is None or client.user is None:
            return
        counts = self._answers.counts
        told = [
            say.connected(client.user.name, len(client.guilds)),
            *self._complaints.values(),
            say.late(counts[UNKNOWN_INTERACTION], counts[ALREADY_ANSWERED]),
        ]
        self._set(Health(is_up=True, detail="; ".join(text for text in told if text)))

    def _tell(self, sentence: str) -> None:
        """Discord is down, and why."""
        self._set(Health(is_up=False, detail=sentence))

    def _set(self, health: Health) -> None:
        if health != self.chat.state:
            self.chat.state = health
            logger.info("discord", extra={"action": "discord_health", "up": health.is_up, "why": health.detail})
            self._house.tell(health)


def commands_of(method: str, app: int, guild: int) -> Route:
    """Where a server's commands are."""
    path = "/applications/{application_id}/guilds/{guild_id}/commands"
    return Route(method, path, application_id=app, guild_id=guild)


def _may_bring_up_a_form(interaction: discord.Interaction) -> bool:
    name = told_by(interaction).get("custom_id", "")
    return interaction.type is discord.InteractionType.component and str(name).startswith("orch:ask:")


def _told_to_wait(error: Exception) -> float:
    found = meant(error)
    return found.retry_after_s if isinstance(found, ChatDown) else 0.0
