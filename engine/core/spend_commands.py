"""Orders about money and quotas, given by the engine itself. Nothing here is stored."""

import msgspec

from engine.core.entities import Spend
from engine.core.ids import RunId, TaskId


class ParkRun(msgspec.Struct, frozen=True):
    """The quota is used up until then."""

    run: RunId
    until: str
    reason: str


class UnparkRun(msgspec.Struct, frozen=True):
    """The time has come."""

    run: RunId


class GrantSpend(msgspec.Struct, frozen=True):
    """Let the attempt spend so much in all."""

    task: TaskId
    attempt: int
    tokens: int
    cost_usd: float = 0.0


class SettleSpend(msgspec.Struct, frozen=True):
    """The attempt makes no more calls; `unlogged` is what was spent beside its turns."""

    task: TaskId
    attempt: int
    unlogged: Spend = Spend()


SpendCommand = ParkRun | UnparkRun | GrantSpend | SettleSpend
