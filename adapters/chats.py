"""The bot on the chats that are configured: at present the console's own. Must hold no rule of conversation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from adapters.schedule.apscheduler_alarms import ApschedulerAlarms
from adapters.settings import secrets_of
from adapters.web.chat import NAME, PLACE, WebChat
from adapters.web.desk import Prepare, Talk, Wanted
from adapters.wiring import Session, read_log
from bot.bot import Bot, Manners
from bot.desk import Desk, EngineSeen, Launch, StartOrder
from bot.pace import PaceRules
from bot.people import People
from bot.port import Invocation
from engine.clock import SystemClock
from engine.core.ids import RunId
from engine.ports import Log
from engine.redaction import Redactor
from engine.service import CannotStart

CONSOLE_PER_S = 10.0
"""Nobody limits how fast we speak to our own page; the thread is to be read, all the same."""


class Voice(msgspec.Struct, frozen=True):
    """What the bot needs beside its chats. `open_log` opens the state branch for reading."""

    engine: EngineSeen
    launch: Launch
    open_log: Callable[[], Log]
    redact: Callable[[str], str]
    people: People


def voice_of(session: Session, prepare: Prepare, people: People) -> Voice:
    """The voice of an open session."""

    async def launch(order: StartOrder) -> RunId:
        if order.model and order.model != session.model:
            raise CannotStart(f"this engine thinks with {session.model}; start it again: orch up --model {order.model}")
        wanted = Wanted(
            order.objective, order.by, order.dedupe, order.base or None, order.budget_usd, order.budget_tokens,
            order.max_workers,
        )  # fmt: skip
        return await session.engine.start(await prepare(wanted))

    root, redact = session.repository.path, Redactor(secrets_of(session.settings)).text
    return Voice(session.engine, launch, lambda: read_log(root), redact, people)


@asynccontextmanager
async def talking(voice: Voice) -> AsyncIterator[Talk]:
    """The conversation, for as long as the context is open; every run is told of in the console.

    Raises: LedgerStopped, BrokenLog, in an ExceptionGroup.
    """
    clock = SystemClock()
    chat = WebChat(lambda: voice.engine.board, clock.now_ms)
    desk = Desk(
        engine=voice.engine, launch=voice.launch, open_log=voice.open_log, people=voice.people, ports={NAME: chat},
        clock=clock, redact=voice.redact,
    )  # fmt: skip
    manners = Manners(pace=PaceRules(channel_per_s=CONSOLE_PER_S), homes=(PLACE,))
    with ApschedulerAlarms() as scheduler:
        async with asyncio.TaskGroup() as group, Bot(desk, scheduler, manners).running() as bot:
            deeds: set[asyncio.Task[None]] = set()

            def take(invocation: Invocation) -> None:
                task = group.create_task(bot.handle(invocation))
                deeds.add(task)
                task.add_done_callback(deeds.discard)

            try:
                yield Talk(chat, take)
            finally:
                for deed in tuple(deeds):
                    deed.cancel()
