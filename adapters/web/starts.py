"""Runs that are being started: their gates are measured first, which can take minutes. Must not decide what a run is."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final, Literal

import msgspec
from aiohttp import web

from adapters.web.desk import Desk
from adapters.web.problems import refused
from adapters.web.views import RunRow, run_row
from bot.desk import StartOrder
from engine.core.ids import RunId
from engine.ledger import LedgerStopped
from engine.service import CannotStart, RunRequest

PATIENCE_S: Final = 15.0
"""How long an answer is held back for the run itself; a browser's own patience is 30 s."""
MAX_KEPT: Final = 100

CANNOT: Final = (CannotStart, LedgerStopped)


class Start(msgspec.Struct, frozen=True):
    """A start under way or done: `measuring` the gates, `started` (then `run` is there), or `refused` for the `reason`."""

    start: str
    state: Literal["measuring", "started", "refused"]
    run: RunRow | None
    reason: str


class Starts:
    """Starts runs; each goes on to its end, whether or not somebody waits for the answer."""

    def __init__(self, desk: Desk, patience_s: float) -> None:
        self._desk = desk
        self._patience_s = patience_s
        self._group = asyncio.TaskGroup()
        self._going: set[asyncio.Task[None]] = set()
        self._known: OrderedDict[str, Start] = OrderedDict()
        self._count = 0

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """Starts may begin until the application ends; then those under way are given up, and nothing was written of them."""
        async with self._group:
            yield
            for task in self._going:
                task.cancel()

    def find(self, name: str) -> Start | None:
        """The start of that name, None when it is unknown or long ago."""
        return self._known.get(name)

    async def begin(self, order: StartOrder) -> Start:
        """The start, as far as it came within the patience. With a `dedupe` that a run has, that run.

        Raises: Problem when it can't be.
        """
        self._count += 1
        name = f"S{self._count}"
        if twin := self._twin(order.dedupe):
            return Start(name, "started", twin, "")
        try:
            request = await self._desk.prepare(order)
        except CANNOT as error:
            raise refused(str(error)) from None
        self._keep(Start(name, "measuring", None, ""))
        task = self._group.create_task(self._go(name, request))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        await asyncio.wait([task], timeout=self._patience_s)
        found = self._known[name]
        if found.state == "refused":
            raise refused(found.reason)
        return found

    async def _go(self, name: str, request: RunRequest) -> None:
        try:
            run = await self._desk.engine.start(request)
        except CANNOT as error:
            self._keep(Start(name, "refused", None, str(error)))
        else:
            self._keep(Start(name, "started", self._row(run), ""))

    def _twin(self, dedupe: str) -> RunRow | None:
        board = self._desk.engine.board
        found = next((run for run in board.runs.values() if dedupe and run.dedupe == dedupe), None)
        return None if found is None else run_row(board, found)

    def _row(self, run: RunId) -> RunRow:
        return run_row(self._desk.engine.board, self._desk.engine.board.runs[run])

    def _keep(self, start: Start) -> None:
        self._known[start.start] = start
        if len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)
