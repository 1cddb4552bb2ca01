"""How much of its budget a run has bound, and how much is free. Pure; counts in nano-dollars, so that no sum of floats creeps over a cap."""

import math

import msgspec

from engine.core.blackboard import Blackboard
from engine.core.entities import Grant, Run, Spend, Task
from engine.core.ids import RunId, TaskId

_NANO = 1_000_000_000


class Room(msgspec.Struct, frozen=True):
    """What is free: tokens and US dollars, None where nothing limits them."""

    tokens: int | None
    usd: float | None

    def holds(self, tokens: int, usd: float) -> bool:
        """Whether so much fits."""
        return (self.tokens is None or tokens <= self.tokens) and (self.usd is None or nano(usd) <= nano(self.usd))


def nano(usd: float) -> int:
    """Nano-dollars, rounded to the next: sums of what was recorded are exact."""
    return round(usd * _NANO)


def granted_left(task: Task, grant: Grant) -> Spend:
    """What of the grant is not in a turn yet: it may be spent already, or may be spent at any moment."""
    logged = task.attempts[grant.attempt - 1].spend
    tokens = grant.tokens - (logged.tokens - grant.base.tokens)
    usd = nano(grant.cost_usd) - (nano(logged.cost_usd) - nano(grant.base.cost_usd))
    return Spend(tokens=max(0, tokens), cost_usd=max(0, usd) / _NANO)


def grant_of(run: Run, task: TaskId, attempt: int) -> Grant | None:
    """The attempt's open grant."""
    return next((grant for grant in run.grants if (grant.task, grant.attempt) == (task, attempt)), None)


def bound(board: Blackboard, run_id: RunId, but: Grant | None = None) -> Spend:
    """What the run has spent, and what its open grants may yet spend; without one grant where it is given."""
    run = board.runs[run_id]
    total = run.spend
    for grant in run.grants:
        if grant != but:
            total += granted_left(board.tasks[grant.task], grant)
    return total


def room_of_run(board: Blackboard, run_id: RunId, but: Grant | None = None) -> Room:
    """What the run's caps leave free beside everything that is bound."""
    config = board.runs[run_id].config
    return _room(bound(board, run_id, but), config.budget_tokens, config.budget_usd)


def room_of_task(board: Blackboard, task: Task, but: Grant | None = None) -> Room:
    """What the caps of a single task leave free, since a person last sent it back to work."""
    run = board.runs[task.run]
    total = Spend()
    for attempt in task.attempts:
        total += attempt.spend
    for grant in run.grants:
        if grant.task == task.id and grant != but:
            total += granted_left(task, grant)
    before = task.spent_before
    since = Spend(tokens=total.tokens - before.tokens, cost_usd=total.cost_usd - before.cost_usd)
    return _room(since, run.config.task_budget_tokens, run.config.task_budget_usd)


def higher(cap: float, share: float) -> float:
    """The cap and a share of it, to whole cents."""
    return math.ceil(cap * (1 + share) * 100) / 100


def _room(total: Spend, cap_tokens: int | None, cap_usd: float | None) -> Room:
    return Room(
        None if cap_tokens is None else cap_tokens - total.tokens,
        None if cap_usd is None else (math.floor(cap_usd * _NANO) - nano(total.cost_usd)) / _NANO,
    )
