"""Pushes the state branch behind the running engine: after each durable group, several at once when they come fast.

Nobody waits for it. What fails is tried again ever more rarely, and told once; an engine works without its remote.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol

from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.finishing import to_the_end
from engine.ledger import Ledger
from engine.sync import HistoriesDiffer, SyncFailed

logger = logging.getLogger(__name__)

EVERY_S: Final = 5.0
"""Between two pushes, at least: a push costs a connection, and what came meanwhile goes with the next."""
RARELY_S: Final = 600.0
LAST_WITHIN_S: Final = 5.0
"""What the end of the engine waits for its last events to be pushed, at most."""


class Mirror(Protocol):
    """Another place for the state branch."""

    def push(self, within_s: float = ...) -> None:
        """Bring it up to where we are; blocks for seconds.

        Raises: SyncFailed, HistoriesDiffer.
        """
        ...

    def hurry(self) -> None:
        """Let the push that is under way fail at once."""
        ...


class Pusher:
    """Keeps a mirror up to date, until cancelled."""

    def __init__(self, ledger: Ledger, mirror: Mirror) -> None:
        self._ledger = ledger
        self._mirror = mirror
        self._due = asyncio.Event()
        self._told = ""

    async def run(self) -> None:
        """Push what is there, and then after each durable group."""
        unwatch = self._ledger.watch(self._see)
        self._due.set()
        wait_s = EVERY_S
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                wait_s = EVERY_S if await to_the_end(self._push(), self._mirror.hurry) else min(2 * wait_s, RARELY_S)
                await asyncio.sleep(wait_s)
        finally:
            unwatch()

    async def finish(self) -> None:
        """Push once more if something came since; not for long."""
        if self._due.is_set():
            await to_the_end(self._push(LAST_WITHIN_S))

    async def _push(self, *within_s: float) -> bool:
        problem = ""
        try:
            await self._ledger.flush()
            await asyncio.to_thread(self._mirror.push, *within_s)
        except (SyncFailed, HistoriesDiffer) as error:
            problem = str(error)
            self._due.set()
        if problem and problem != self._told:
            logger.warning("the state branch is not pushed", extra={"action": "push_failed", "reason": problem})
        self._told = problem
        return not problem

    def _see(self, _: Sequence[e.Record], __: Blackboard) -> None:
        self._due.set()
