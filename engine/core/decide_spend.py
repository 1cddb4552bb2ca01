"""Who may spend how much, and when a run rests because a quota is used up. Pure."""

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, money
from engine.core.blackboard import Blackboard
from engine.core.deciding import Events, abandon_all, refuse_ended_run
from engine.core.entities import COMMITTERS, Grant, Run, Task, TaskState
from engine.core.ids import RunId, TaskId
from engine.core.lifecycle import RUN_OVER, TASK

_NOT_BEGUN: frozenset[TaskState] = frozenset({"planned", "ready"})


def decide_spend(board: Blackboard, command: c.SpendCommand) -> Events | c.Refused:
    """The events that the order amounts to, or why it is refused."""
    match command:
        case c.ParkRun():
            return _park(board, command)
        case c.UnparkRun():
            return unpark(board, command.run)
        case c.GrantSpend():
            return _grant(board, command)
        case c.SettleSpend():
            return _settle(board, command)


def _park(board: Blackboard, command: c.ParkRun) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
        return refusal
    run = board.runs[command.run]
    if run.parked_until:
        # One notice: what else fails for the same reason says nothing new.
        return c.Refused(f"{run.id} is parked already, until {run.parked_until}")
    return [e.RunParked(run.id, until=command.until, reason=command.reason)]


def unpark(board: Blackboard, run_id: RunId) -> Events | c.Refused:
    """The end of the run's rest."""
    if (refusal := refuse_ended_run(board, run_id)) is not None:
        return refusal
    if not board.runs[run_id].parked_until:
        return c.Refused(f"{run_id} is not parked")
    return [e.RunUnparked(run_id)]


def _grant(board: Blackboard, command: c.GrantSpend) -> Events | c.Refused:
    task = board.tasks.get(command.task)
    if task is None or task.attempt is None or task.attempt.number != command.attempt:
        return c.Refused(f"attempt {command.attempt} of {command.task} is not the current one")
    if board.runs[task.run].state in RUN_OVER:
        return c.Refused(f"{task.run} is over")
    granted = e.SpendGranted(
        task.run, task=task.id, attempt=command.attempt, tokens=command.tokens, cost_usd=command.cost_usd
    )
    wanted = _wanted(board.runs[task.run], task, command)
    own = money.grant_of(board.runs[task.run], task.id, command.attempt)
    for room, whose in (
        (money.room_of_run(board, task.run, own), task.run),
        (money.room_of_task(board, task, own), task.id),
    ):
        if not room.holds(*wanted):
            return c.Refused(f"the budget of {whose} has no room for {wanted[0]} tokens and {wanted[1]:.4f} USD")
    return [granted]


def _wanted(run: Run, task: Task, command: c.GrantSpend) -> tuple[int, float]:
    """What the grant binds beyond what its turns tell of already."""
    before = money.grant_of(run, task.id, command.attempt)
    base = before.base if before is not None else task.attempts[command.attempt - 1].spend
    left = money.granted_left(task, Grant(task.id, command.attempt, command.tokens, command.cost_usd, base))
    return left.tokens, left.cost_usd


def _settle(board: Blackboard, command: c.SettleSpend) -> Events | c.Refused:
    task = board.tasks.get(command.task)
    if task is None or money.grant_of(board.runs[task.run], task.id, command.attempt) is None:
        return c.Refused(f"attempt {command.attempt} of {command.task} has no grant")
    return [e.SpendSettled(task.run, task=task.id, attempt=command.attempt, unlogged=command.unlogged)]


def can_be_thrifty(board: Blackboard, run_id: RunId) -> bool:
    """Whether something is begun that could be finished cheaply, and the run does not do so already."""
    begun = any(task.attempts and TASK[task.state] and task.role in COMMITTERS for task in board.run_tasks(run_id))
    return begun and not board.runs[run_id].thrifty


def make_thrifty(
    board: Blackboard, run_id: RunId, budget_usd: float | None, budget_tokens: int | None
) -> Events | c.Refused:
    """What is begun is finished, with a little more money and cheaply; what is not is given up."""
    if not can_be_thrifty(board, run_id):
        return c.Refused(
            f"nothing of {run_id} is begun that could be finished cheaply; raise the budget, or stop the run"
        )
    config = board.runs[run_id].config
    usd = budget_usd if budget_usd is not None else config.budget_usd and money.higher(config.budget_usd, limits.THRIFT)
    tokens = budget_tokens or (config.budget_tokens and int(config.budget_tokens * (1 + limits.THRIFT)))
    for new, old, unit in ((usd, config.budget_usd, "USD"), (tokens, config.budget_tokens, "tokens")):
        if old is not None and (new is None or new <= old):
            return c.Refused(f"the cap is {old:g} {unit} now; name a higher one")
    gone = [task.id for task in board.run_tasks(run_id) if task.state in _NOT_BEGUN and not task.attempts]
    found: Events = [e.RunMadeThrifty(run_id, budget_usd=usd, budget_tokens=tokens)]
    return [*found, *_let_go(board, run_id, gone), *abandon_all(board, gone, "the run is finished cheaply")]


def _let_go(board: Blackboard, run_id: RunId, gone: list[TaskId]) -> Events:
    """What is begun no longer waits for what is given up."""
    return [
        e.DependenciesChanged(
            run_id, task=task.id, depends_on=tuple(d for d in task.depends_on if d not in gone),
            reason="the run is finished cheaply",
        )
        for task in board.run_tasks(run_id)
        if task.id not in gone and TASK[task.state] and set(task.depends_on) & set(gone)
    ]  # fmt: skip
