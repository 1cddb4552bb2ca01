"""What the events about money and quotas make of a run. Must not decide anything."""

import msgspec

from engine.core import events as e
from engine.core.entities import Grant, Run, Task
from engine.core.lifecycle import BrokenHistory


def folded_spend(run: Run, task: Task | None, event: e.SpendEvent) -> Run:
    """The run after the event; `task` is the one that the event names.

    Raises: BrokenHistory for a grant of an attempt that is not there.
    """
    match event:
        case e.RunParked():
            return msgspec.structs.replace(run, parked_until=event.until, parked_why=event.reason)
        case e.RunUnparked():
            return msgspec.structs.replace(run, parked_until="", parked_why="")
        case e.SpendGranted():
            return _granted(run, task, event)
        case e.SpendSettled():
            left = tuple(g for g in run.grants if (g.task, g.attempt) != (event.task, event.attempt))
            return msgspec.structs.replace(run, grants=left, spend=run.spend + event.unlogged)
        case e.RunMadeThrifty():
            config = msgspec.structs.replace(run.config, budget_usd=event.budget_usd, budget_tokens=event.budget_tokens)
            return msgspec.structs.replace(run, config=config, thrifty=True)


def _granted(run: Run, task: Task | None, event: e.SpendGranted) -> Run:
    if task is None or not 0 < event.attempt <= len(task.attempts):
        raise BrokenHistory(f"{event.task} has no attempt {event.attempt} that could be granted anything")
    before = next((g for g in run.grants if (g.task, g.attempt) == (event.task, event.attempt)), None)
    base = before.base if before is not None else task.attempts[event.attempt - 1].spend
    grant = Grant(event.task, event.attempt, event.tokens, event.cost_usd, base)
    others = tuple(g for g in run.grants if g is not before)
    return msgspec.structs.replace(run, grants=(*others, grant))
