"""The facts about money and quotas: what an attempt may spend and has spent, when a run rests; must not hold rules. On the wire for ever."""

from engine.core.entities import Spend
from engine.core.event import Event
from engine.core.ids import TaskId


class RunParked(Event, frozen=True):
    """The quota of the run's model is used up: no model is called before `until` (UTC). It wakes by itself."""

    until: str
    reason: str


class RunUnparked(Event, frozen=True):
    """Models may be called again: the time has come, or a person says so."""


class SpendGranted(Event, frozen=True):
    """The attempt may spend so much in all, out of the run's budget; a smaller grant than before gives the rest back."""

    task: TaskId
    attempt: int
    tokens: int
    cost_usd: float = 0.0


class SpendSettled(Event, frozen=True):
    """The grant is over, and what is left of it is the run's again. `unlogged` was spent on calls that no turn tells of."""

    task: TaskId
    attempt: int
    unlogged: Spend = Spend()


class RunMadeThrifty(Event, frozen=True):
    """A person wants it finished cheaply: a cheaper model, one attempt at a time, nothing new, within these caps."""

    budget_usd: float | None = None
    budget_tokens: int | None = None
