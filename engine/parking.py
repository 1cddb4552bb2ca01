"""Runs that rest because a model's quota is used up: parked once, for all their tasks, and woken when the time has come.

What is parked is on the state branch, so that a start in the meantime calls no model either. Must not hold rules.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from engine.clock import from_iso, iso_after
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER
from engine.ledger import Ledger
from engine.model.lanes import QUOTA_WAIT_S
from engine.model.types import believable_s
from engine.ports import Clock


class Parking:
    """Parks runs, and wakes each at its time. `woken` is called with a run whose models may be called again."""

    def __init__(self, ledger: Ledger, clock: Clock, woken: Callable[[RunId], None]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._woken = woken
        self._alarms: dict[RunId, asyncio.TimerHandle] = {}
        self._due: asyncio.Queue[RunId] = asyncio.Queue()

    async def run(self) -> None:
        """Wake what is due, until cancelled."""
        try:
            self._take_up(self._ledger.board)
            while True:
                await self._ledger.submit(c.UnparkRun(await self._due.get()))
        finally:
            for alarm in self._alarms.values():
                alarm.cancel()

    async def park(self, run: RunId, why: str, wait_s: float | None) -> None:
        """Let the run rest for as long as the provider said, or for a while; one that rests already goes on resting."""
        # A quota that is used up is not there again at once, whatever was said: the run would wake and rest without end.
        until = iso_after(self._clock.now_ms(), believable_s(wait_s) or QUOTA_WAIT_S)
        await self._ledger.submit(c.ParkRun(run, until, await self._ledger.fit(why)))

    def see(self, record: e.Record, board: Blackboard) -> None:
        """Set the alarm of what was parked, and tell of what woke up."""
        match record.event:
            case e.RunParked(run=run):
                self._set_alarm(run, board)
            case e.RunUnparked(run=run):
                self._stop_alarm(run)
                self._woken(run)
            case e.RunCancelled(run=run) | e.RunFailed(run=run) | e.RunCompleted(run=run):
                self._stop_alarm(run)
            case _:
                pass

    def _take_up(self, board: Blackboard) -> None:
        for run in board.runs.values():
            if run.parked_until and run.state not in RUN_OVER and run.id not in self._alarms:
                self._set_alarm(run.id, board)

    def _set_alarm(self, run: RunId, board: Blackboard) -> None:
        self._stop_alarm(run)
        delay_s = max(0.0, (from_iso(board.runs[run].parked_until) - self._clock.now_ms()) / 1000)
        self._alarms[run] = asyncio.get_running_loop().call_later(delay_s, partial(self._due.put_nowait, run))

    def _stop_alarm(self, run: RunId) -> None:
        if (alarm := self._alarms.pop(run, None)) is not None:
            alarm.cancel()
