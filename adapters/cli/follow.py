"""Follows runs until they are over or only a person can help; what the live and the plain screen have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER

Order = Callable[[c.PeopleCommand], Awaitable[Sequence[e.Record] | c.Refused]]
"""Carries a person's order out; the engine's, bound to who sits at the terminal."""


class Watchable(Protocol):
    """What is followed: an engine."""

    @property
    def board(self) -> Blackboard:
        """What is durable now."""
        ...

    def watch(self, watcher: Callable[[Sequence[e.Record], Blackboard], None]) -> Callable[[], None]:
        """Call `watcher` after each durable group; the result ends the watching."""
        ...


async def until_settled(engine: Watchable, runs: Sequence[RunId], *, asks: bool) -> None:
    """Return when each run is over; or, unless somebody can be asked (`asks`), when all that is left waits for a person."""
    settled = asyncio.Event()

    def look(_: Sequence[e.Record], board: Blackboard) -> None:
        if all(is_settled(board, run, asks=asks) for run in runs):
            settled.set()

    stop = engine.watch(look)
    try:
        look((), engine.board)
        await settled.wait()
    finally:
        stop()


def is_settled(board: Blackboard, run: RunId, *, asks: bool) -> bool:
    """Whether nothing more happens in the run by itself."""
    state = board.runs[run].state
    return state in RUN_OVER or (not asks and state == "waiting_human")


def exit_code(board: Blackboard, runs: Sequence[RunId]) -> int:
    """0 when all are completed, 1 when one failed or was cancelled, 3 when one waits for a person."""
    states = {board.runs[run].state for run in runs}
    if states & {"failed", "cancelled"}:
        return 1
    return 0 if states <= {"completed"} else 3
