"""The bot: conversation, notifier and outbox on one engine and any number of chats. Must not know a platform."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import random

import msgspec

from bot.conversation import Conversation
from bot.desk import Desk
from bot.notifier import Notifier, NotifierParts
from bot.outbox import Outbox
from bot.pace import Pacer, PaceRules
from bot.port import Invocation, Place
from bot.reminders import INTERVALS_S, Reminders, Scheduler


class Manners(msgspec.Struct, frozen=True):
    """How it speaks: at what pace, when it reminds, and `homes`, the places that are told of every run."""

    pace: PaceRules = PaceRules()
    remind_after_s: Sequence[float] = INTERVALS_S
    homes: tuple[Place, ...] = ()


class Bot:
    """`handle` is what an adapter calls, after it has acknowledged."""

    def __init__(
        self,
        desk: Desk,
        scheduler: Scheduler,
        manners: Manners = Manners(),
        jitter: Callable[[], float] = random,
    ) -> None:
        self.conversation = Conversation(desk)
        self._outbox = Outbox(desk.engine, desk.ports, Pacer(manners.pace, jitter))
        reminders = Reminders(scheduler, desk.clock, manners.remind_after_s)
        parts = NotifierParts(desk.engine, self._outbox, reminders, desk.clock, desk.open_log, manners.homes)
        self._notifier = Notifier(parts)

    async def handle(self, invocation: Invocation) -> None:
        """Do what a person asked and answer it.

        Raises: LedgerStopped.
        """
        await self.conversation.handle(invocation)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bot"]:
        """The bot speaks while the context is open. What was not said by then is said after the next start.

        Raises: LedgerStopped, BrokenLog, in an ExceptionGroup.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._outbox.run()), group.create_task(self._notifier.run())]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
