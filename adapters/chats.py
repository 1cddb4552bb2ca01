"""The bot on the chats that are configured: the console's own, Slack and Discord where there are tokens. Holds no rule of conversation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from adapters.lag import watch_lag
from adapters.record import Recorder
from adapters.schedule.apscheduler_alarms import ApschedulerAlarms
from adapters.settings import DiscordSettings, SlackSettings, secrets_of
from adapters.web.chat import NAME, PLACE, WebChat
from adapters.web.desk import Prepare, Steered, Talk
from adapters.wiring import Session, read_log
from bot.bot import Bot, Manners
from bot.conversations import Unwritten, nothing_unwritten
from bot.desk import Desk, EngineSeen, Launch, StartOrder
from bot.pace import PaceRules
from bot.people import People
from bot.port import Actor, ChatPort, Health, Invocation, Place
from engine.clock import SystemClock
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.ports import Log
from engine.redaction import Redactor

if TYPE_CHECKING:
    from adapters.discord.connection import Discord
    from adapters.slack.connection import Slack

CONSOLE_PER_S = 10.0
"""Nobody limits how fast we speak to our own page; the thread is to be read, all the same."""


class Voice(msgspec.Struct, frozen=True):
    """What the bot needs beside its chats. `open_log` opens the state branch for reading."""

    engine: EngineSeen
    launch: Launch
    open_log: Callable[[], Log]
    redact: Callable[[str], str]
    people: People
    unwritten: Unwritten = nothing_unwritten


def voice_of(session: Session, prepare: Prepare, people: People) -> Voice:
    """The voice of an open session."""

    def open_log() -> Log:
        session.engine.publish()
        return read_log(root)

    root, redact = session.repository.path, Redactor(secrets_of(session.settings)).text
    return Voice(
        session.engine, launching(session.engine, prepare), open_log, redact, people, session.engine.unwritten.lines
    )


def launching(engine: Steered, prepare: Prepare) -> Launch:
    """What starts a run that is asked for in a chat."""

    async def launch(order: StartOrder) -> RunId:
        return await engine.start(await prepare(order))

    return launch


class Chats(msgspec.Struct, frozen=True):
    """The chats beside the console. `tell` hears the name of one that comes up or goes down, and how it is; `record` is the
    file in which is written down what they are sent.
    """

    discord: DiscordSettings | None = None
    slack: SlackSettings | None = None
    tell: Callable[[str, Health], None] = lambda _name, _health: None
    record: Path | None = None


class _House(msgspec.Struct, frozen=True):
    """What a chat hears of us."""

    name: str
    voice: Voice
    take: Callable[[Invocation], None]
    tells: Callable[[str, Health], None]

    def board(self) -> Blackboard:
        return self.voice.engine.board

    def may_see(self, actor: Actor, place: Place) -> bool:
        return self.voice.people.allows(place) and self.voice.people.may(actor, "viewer")

    def tell(self, health: Health) -> None:
        self.tells(self.name, health)


@asynccontextmanager
async def talking(voice: Voice, chats: Chats = Chats()) -> AsyncIterator[Talk]:
    """The conversation, for as long as the context is open; every run is told of in the console.

    A chat that can't be reached costs itself alone: `chats.tell` hears of it, and everything else goes on.

    Raises: LedgerStopped, BrokenLog, in an ExceptionGroup.
    """
    clock = SystemClock()
    web = WebChat(lambda: voice.engine.board, clock.now_ms)
    deeds: set[asyncio.Task[None]] = set()

    def take(invocation: Invocation) -> None:
        task = group.create_task(bot.handle(invocation))
        deeds.add(task)
        task.add_done_callback(deeds.discard)

    ports: dict[str, ChatPort] = {NAME: web}
    found = [each for each in (_discord(voice, chats, take, clock), _slack(voice, chats, take)) if each is not None]
    for each in found:
        ports[each.chat.name] = each.chat
        if chats.record is not None:
            each.write_down(Recorder(chats.record, voice.redact))
    desk = Desk(
        engine=voice.engine, launch=voice.launch, open_log=voice.open_log, people=voice.people, ports=ports,
        clock=clock, redact=voice.redact, unwritten=voice.unwritten,
    )  # fmt: skip
    manners = Manners(pace=PaceRules(own_per_s={NAME: CONSOLE_PER_S}), homes=(PLACE,))
    with ApschedulerAlarms() as scheduler:
        async with (
            asyncio.TaskGroup() as group,
            Bot(desk, scheduler, manners).running() as bot,
            AsyncExitStack() as stack,
        ):
            lag = group.create_task(watch_lag())
            stack.callback(lag.cancel)
            for each in found:
                await stack.enter_async_context(each.running())
            try:
                yield Talk(
                    web, take, lambda: {name: port.health() for name, port in ports.items()},
                    tuple(door for each in found for door in each.doors()),
                )  # fmt: skip
            finally:
                for deed in tuple(deeds):
                    deed.cancel()


def _discord(voice: Voice, chats: Chats, take: Callable[[Invocation], None], clock: SystemClock) -> "Discord | None":
    if chats.discord is None:
        return None
    # Imported here: whoever does without Discord does not pay for its library.
    from adapters.discord.client import DiscordConfig
    from adapters.discord.connection import Discord
    from adapters.discord.inbound import NAME as DISCORD

    settings = chats.discord
    config = DiscordConfig(settings.token.get_secret_value(), settings.api_base, settings.gateway_url)
    return Discord(config, _House(DISCORD, voice, take, chats.tell), clock.now_ms)


def _slack(voice: Voice, chats: Chats, take: Callable[[Invocation], None]) -> "Slack | None":
    if chats.slack is None:
        return None
    # Imported here: whoever does without Slack does not pay for its libraries.
    from adapters.slack.client import SlackConfig
    from adapters.slack.connection import Slack
    from adapters.slack.directory import NAME as SLACK

    bot, app, secret = (
        each.get_secret_value() for each in (chats.slack.bot_token, chats.slack.app_token, chats.slack.signing_secret)
    )
    config = SlackConfig(bot, app, secret, chats.slack.api_base_url, chats.slack.plan_blocks)
    return Slack(config, _House(SLACK, voice, take, chats.tell))
