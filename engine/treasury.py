"""Hands out a run's budget, grant by grant: the board says what is free, the ledger writes down what is granted and what became of it.

Grants are few (one for several calls), so that the state branch tells of money without telling of each call. Must not call models.
"""

from typing import Final, Protocol

import msgspec

from engine.core import commands as c
from engine.core import money
from engine.core.blackboard import Blackboard
from engine.core.entities import Run, Spend, Task
from engine.core.ids import RunId, TaskId
from engine.ledger import Ledger

CALLS_AHEAD: Final = 8
"""A grant is for so many calls of the kind that asked for it, as far as that leaves something for the others."""

_TRIES: Final = 20
_ROUNDING_USD: Final = 1e-6
"""What rounding to nano-dollars call by call, and not turn by turn, may make of an attempt."""


class Need(msgspec.Struct, frozen=True):
    """`tokens` and `usd` are the whole grant it needs, counted from the grant's start; `call_*` the worst case of the next call."""

    tokens: int
    usd: float
    call_tokens: int
    call_usd: float


class Short(msgspec.Struct, frozen=True):
    """There is not enough; `of_task` when it is the task's own cap that says so."""

    of_task: bool


class Treasury(Protocol):
    """Where grants come from."""

    def run(self, run: RunId) -> Run:
        """The run as it is now."""
        ...

    async def draw(self, task: TaskId, attempt: int, need: Need) -> Spend | Short:
        """What the attempt may now spend in all since its grant began, durable; at least what it needs, or Short."""
        ...

    async def give_back(self, task: TaskId, attempt: int, used: Spend) -> None:
        """Keep no more than what is used."""
        ...

    async def settle(self, task: TaskId, attempt: int, used: Spend) -> None:
        """The attempt makes no more calls and has used so much since its grant began."""
        ...


class LedgerTreasury:
    """Grants from the blackboard's budgets."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def run(self, run: RunId) -> Run:
        """The run as it is now."""
        return self._ledger.board.runs[run]

    async def draw(self, task: TaskId, attempt: int, need: Need) -> Spend | Short:
        """The grant, as generous as what is free allows.

        Raises: LedgerStopped.
        """
        for _ in range(_TRIES):
            wanted = _fitting(self._ledger.board, task, attempt, need)
            if isinstance(wanted, Short):
                return wanted
            command = c.GrantSpend(task, attempt, wanted.tokens, wanted.cost_usd)
            if not isinstance(await self._ledger.submit(command), c.Refused):
                return wanted
        # Others were quicker each time, or the attempt is no longer the current one.
        return Short(of_task=False)

    async def give_back(self, task: TaskId, attempt: int, used: Spend) -> None:
        """A grant of just what is used.

        Raises: LedgerStopped.
        """
        await self._ledger.submit(c.GrantSpend(task, attempt, used.tokens, used.cost_usd))

    async def settle(self, task: TaskId, attempt: int, used: Spend) -> None:
        """The grant's end; what no turn tells of (calls that were cut off) is counted beside them.

        Raises: LedgerStopped.
        """
        board = self._ledger.board
        grant = money.grant_of(board.runs[board.tasks[task].run], task, attempt)
        if grant is not None:
            whole = msgspec.structs.replace(grant, tokens=used.tokens, cost_usd=used.cost_usd)
            unlogged = money.granted_left(board.tasks[task], whole)
            if not unlogged.tokens and unlogged.cost_usd < _ROUNDING_USD:
                unlogged = Spend()
            await self._ledger.submit(c.SettleSpend(task, attempt, unlogged))


async def settle_lost_grants(ledger: Ledger) -> None:
    """After a crash nobody knows what the open grants paid for: what is left of them counts as spent, for a provider may charge it."""
    for run in tuple(ledger.board.runs.values()):
        for grant in run.grants:
            left = money.granted_left(ledger.board.tasks[grant.task], grant)
            await ledger.submit(c.SettleSpend(grant.task, grant.attempt, left))


def _fitting(board: Blackboard, name: TaskId, attempt: int, need: Need) -> Spend | Short:
    task = board.tasks[name]
    run = board.runs[task.run]
    own = money.grant_of(run, name, attempt)
    logged = _logged(task, attempt, own.base if own is not None else None)
    of_run, of_task = money.room_of_run(board, run.id, own), money.room_of_task(board, task, own)
    least = (max(0, need.tokens - logged.tokens), max(0.0, need.usd - logged.cost_usd))
    if not of_task.holds(*least):
        return Short(of_task=True)
    if not of_run.holds(*least):
        return Short(of_task=False)
    share = 2 * max(1, board.count(run.id, "active", "awaiting_qa"))
    tokens = _generous(least[0], CALLS_AHEAD * need.call_tokens, share, of_run.tokens, of_task.tokens)
    usd = _generous(least[1], CALLS_AHEAD * need.call_usd, share, of_run.usd, of_task.usd)
    return Spend(tokens=int(tokens) + logged.tokens, cost_usd=usd + logged.cost_usd)


def _logged(task: Task, attempt: int, base: Spend | None) -> Spend:
    """What turns tell of since the grant began; nothing before it."""
    spend = task.attempts[attempt - 1].spend
    start = spend if base is None else base
    return Spend(tokens=spend.tokens - start.tokens, cost_usd=spend.cost_usd - start.cost_usd)


def _generous(least: float, wished: float, share: int, of_run: float | None, of_task: float | None) -> float:
    """As much as is wished, but no more than a fair share of what is free, unless even the least is more."""
    limits = [wished]
    if of_run is not None:
        limits.append(of_run / share)
    if of_task is not None:
        limits.append(of_task)
    return max(least, round(min(limits), 9))
