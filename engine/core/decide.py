"""From an order to facts: `decide` answers a command, `settle` draws what follows by itself. Pure.

The rules live in decide_people.py, decide_answers.py and decide_steering.py (what people may ask), decide_chat.py (what is told where),
decide_spend.py (money and quotas) and decide_work.py (what workers report); what they share is in deciding.py.
"""

from collections.abc import Iterable

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.decide_answers import decide_answer
from engine.core.decide_chat import decide_chat
from engine.core.decide_people import decide_people
from engine.core.decide_spend import decide_spend
from engine.core.decide_steering import decide_steering
from engine.core.decide_work import NOTHING_LANDED, decide_work, is_drained, run_question
from engine.core.deciding import Events, next_decision_id, spec_task
from engine.core.entities import Run, RunState, Task
from engine.core.ids import RunId, TaskId
from engine.core.lifecycle import RUN_OVER, TASK


def decide(board: Blackboard, command: c.Command) -> Events | c.Refused:
    """The events that carry the order out, or why it is refused. The events always fold."""
    if isinstance(command, c.BasicCommand):
        return decide_people(board, command)
    if isinstance(command, c.AnswerDecision):
        return decide_answer(board, command)
    if isinstance(command, c.SteeringCommand):
        return decide_steering(board, command)
    if isinstance(command, c.ChatCommand):
        return decide_chat(board, command)
    if isinstance(command, c.SpendCommand):
        return decide_spend(board, command)
    if isinstance(command, c.SettleRun):
        return _settle_all(board, command.run)
    return decide_work(board, command)


def _settle_all(board: Blackboard, name: RunId) -> Events:
    """What follows of itself from the whole run; nothing, unless a group was cut in two."""
    run, tasks = board.runs[name], board.run_tasks(name)
    if run.state in RUN_OVER:
        return []
    if not tasks:
        return [spec_task(board, name, run.objective, run.config.max_retries)]
    reason = "what was to follow its failure was cut off the state branch"
    retries: Events = [
        e.RetryScheduled(name, task=task.id, attempt=task.attempts[-1].number, costs_a_retry=False, reason=reason)
        for task in tasks
        if task.state == "failed"
    ]
    return retries or settle(board, name, [task.id for task in tasks])


def settle(board: Blackboard, run_id: RunId, touched: Iterable[TaskId]) -> Events:
    """What follows of itself from changes to these tasks; call again with what it touched until nothing follows.

    Tasks whose dependencies are complete become ready, and the run's state follows its tasks.
    """
    found: Events = []
    run = board.runs[run_id]
    if run.state in RUN_OVER:
        return []
    candidates: dict[TaskId, None] = {}
    for name in touched:
        candidates[name] = None
        if plan.is_met(board, name):
            candidates.update(dict.fromkeys(board.dependents_of.get(name, ())))
    for name in candidates:
        task = board.tasks[name]
        if task.state == "planned" and plan.is_ready(board, task):
            found.append(e.TaskReadied(run_id, name))
    return found or _left_red(board, run_id) or _show_plan(board, run) or _run_follows(board, run)


def _show_plan(board: Blackboard, run: Run) -> Events:
    """The plan is put before a person, where the run is to begin with their word; then nothing starts until the answer."""
    planning = [board.tasks[name] for name in board.planning_tasks_of.get(run.id, ())]
    if not run.config.plan_first or run.plan_approved or run_question(board, run.id) is not None:
        return []
    if run.spec is None or any(task.state not in {"complete", "abandoned"} for task in planning):
        return []
    waiting = [task for task in board.run_tasks(run.id) if TASK[task.state]]
    if not waiting:
        return []
    lines = [f"{task.id} ({task.role}{_after(task)}): {task.title}" for task in waiting[: limits.MAX_TASKS_SHOWN]]
    more = [f"and {left} more"] if (left := len(waiting) - limits.MAX_TASKS_SHOWN) > 0 else []
    question = f"The plan of {run.id} has {len(waiting)} task{'s' if len(waiting) != 1 else ''}. Shall it begin?"
    return [
        e.HumanAsked(
            run.id, decision=next_decision_id(board), topic="plan", question=question, options=("approve", "replan", "stop"),
            evidence="\n".join([*lines, *more]),
        )
    ]  # fmt: skip


def _after(task: Task) -> str:
    return f", after {', '.join(task.depends_on)}" if task.depends_on else ""


def _left_red(board: Blackboard, run: RunId) -> Events:
    """Tests shown red whose code nobody will write any more are given up with it."""
    red = (board.tasks[name] for name in board.shown_red)
    gone = [task.id for task in red if task.run == run and not plan.handed_to(board, task)]
    reason = "nobody writes the code that its tests are for"
    return [e.TaskAbandoned(run, task=name, reason=reason) for name in gone]


def _run_follows(board: Blackboard, run: Run) -> Events:
    if is_drained(board, run.id) and run.landed == 0:
        return [e.RunFailed(run.id, reason=NOTHING_LANDED)]
    to = phase(board, run)
    return [e.RunMoved(run.id, to=to)] if to != run.state else []


def phase(board: Blackboard, run: Run) -> RunState:
    """The state the run should be in, by its tasks and open questions."""
    if run.paused:
        return "paused"
    asked = any(decision.run == run.id for decision in board.open_decisions.values())
    held = run_question(board, run.id) is not None
    red = sum(board.tasks[name].run == run.id for name in board.shown_red)
    moving = board.count(run.id, "active", "awaiting_qa", "approved", "failed") - red
    if asked and not moving and (held or not board.count(run.id, "ready")):
        return "waiting_human"
    planning = any(
        board.tasks[task].state not in {"complete", "abandoned"} for task in board.planning_tasks_of.get(run.id, ())
    )
    return "planning" if planning else "running"
