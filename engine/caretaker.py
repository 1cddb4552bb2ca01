"""Looks after the state branch while the engine runs: old runs go to the archive, packs are put together. Decides nothing else.

Nobody sees anything of it, unless git fails at it; then that is told, and tried again ever more rarely.

A run is sealed some days after its end. Until then the conversations of its attempts lie in the branch's files; afterwards they are
in the history, where `git log -p` finds them, and a clone pays for them only until the next epoch.
"""

import asyncio
import logging
from typing import Final, Protocol

from engine.clock import from_iso
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER
from engine.finishing import to_the_end
from engine.ledger import ENGINE, Ledger
from engine.ports import Clock, Log
from engine.store.errors import UpkeepFailed
from engine.store.upkeep import Tended

logger = logging.getLogger(__name__)

EVERY_S: Final = 60.0
RARELY_S: Final = 3600.0
"""The longest wait after failures."""
_DAY_MS: Final = 86_400_000


class Tendable(Protocol):
    """A log whose storage needs looking after."""

    def is_tending_due(self) -> bool:
        """Whether it is worth it."""
        ...

    def tend(self) -> Tended:
        """Do it; blocks for seconds.

        Raises: UpkeepFailed.
        """
        ...

    def stop_tending(self) -> None:
        """Let a `tend` in another thread end soon, by UpkeepFailed, and begin none any more."""
        ...


class TendableLog(Log, Tendable, Protocol):
    """The state branch in a repository."""


class Caretaker:
    """Looks around now and then, until cancelled."""

    def __init__(self, ledger: Ledger, log: Tendable, clock: Clock, keep_logs_days: float) -> None:
        self._ledger = ledger
        self._log = log
        self._clock = clock
        self._keep_logs_days = keep_logs_days

    async def run(self) -> None:
        """Look around every EVERY_S, and more rarely after failures.

        Raises: LedgerStopped.
        """
        wait_s = EVERY_S
        while True:
            wait_s = EVERY_S if await self.look() else min(2 * wait_s, RARELY_S)
            await asyncio.sleep(wait_s)

    async def look(self) -> bool:
        """Seal what is due, and tend the branch if that is due; False when git failed at it, which loses nothing.

        A cancellation ends the tending early, and is no failure.

        Raises: LedgerStopped.
        """
        for run in due_for_sealing(self._ledger.board, self._clock.now_ms(), self._keep_logs_days):
            await self._ledger.submit(c.SealRun(run), ENGINE)
        try:
            if await asyncio.to_thread(self._log.is_tending_due):
                await to_the_end(asyncio.to_thread(self._log.tend), hurry=self._log.stop_tending)
        except UpkeepFailed as error:
            if not _is_being_cancelled():
                logger.warning("upkeep failed", extra={"action": "upkeep_failed", "reason": str(error)})
            return False
        return True


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def due_for_sealing(board: Blackboard, now_ms: int, keep_logs_days: float) -> list[RunId]:
    """The runs that ended so many days ago and are not sealed yet, oldest first."""
    return [
        run.id
        for run in board.runs.values()
        if run.state in RUN_OVER
        and not run.sealed_at
        and run.finished_at
        and now_ms - from_iso(run.finished_at) >= keep_logs_days * _DAY_MS
    ]
