"""What the conversation works with: an engine that takes orders, a way to start runs, the log, the people, the chats.

The engine is seen through this protocol alone, so that a test's engine on a log in memory does as well.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from bot.conversations import Unwritten, nothing_unwritten
from bot.people import People
from bot.port import ChatPort
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Run
from engine.core.ids import RunId
from engine.ledger import Watcher
from engine.ports import Clock, Log


class EngineSeen(Protocol):
    """The engine as the bot needs it; engine.service.Engine is one."""

    @property
    def board(self) -> Blackboard:
        """What is durable now."""
        ...

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher(records, board)` after each durable group; the result ends the watching."""
        ...

    async def flush(self) -> None:
        """Return when all that was recorded so far can be seen with git alone."""
        ...

    async def order(self, command: c.PeopleCommand | c.ChatCommand, by: str) -> Sequence[e.Record] | c.Refused:
        """Carry the order out, or say why not.

        Raises: LedgerStopped.
        """
        ...


class StartOrder(msgspec.Struct, frozen=True):
    """A run as a person asks for it; what is empty or None is left to the settings."""

    objective: str
    by: str
    dedupe: str
    base: str = ""
    model: str = ""
    budget_usd: float | None = None
    budget_tokens: int | None = None
    max_workers: int | None = None
    plan_first: bool | None = None


def as_it_was(run: Run, by: str, dedupe: str) -> StartOrder:
    """The run once more, with all that held for it, but on the model that the engine thinks with now."""
    config = run.config
    return StartOrder(
        run.objective, by, dedupe, run.branch, "", config.budget_usd, config.budget_tokens, config.max_workers,
        config.plan_first,
    )  # fmt: skip


Launch = Callable[[StartOrder], Awaitable[RunId]]
"""Starts a run and returns its id. Raises: CannotStart with a sentence for the person."""


class Desk(msgspec.Struct, frozen=True):
    """Everything a handler may use. `open_log` opens the state branch for reading; whoever calls it closes it."""

    engine: EngineSeen
    launch: Launch
    open_log: Callable[[], Log]
    people: People
    ports: Mapping[str, ChatPort]
    clock: Clock
    redact: Callable[[str], str]
    unwritten: Unwritten = nothing_unwritten
