"""What people may ask beyond the first steps: retry, restart, replan, one more task, a higher cap. Pure.

A retry of work under way is a question that is asked and answered in one breath, so that whoever watches for interruptions
and answers needs no second kind of either.
"""

from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.decide_answers import higher_cap
from engine.core.deciding import (
    TASK_OPTIONS,
    Events,
    abandon_all,
    next_task_id,
    plan_anew,
    refuse_ended_run,
    refuse_ended_task,
    tried_again,
)
from engine.core.entities import Answer, Choice, Task, TaskState
from engine.core.ids import DecisionId, TaskId

GIVEN_UP: Final[frozenset[TaskState]] = frozenset({"planned", "ready", "waiting_human"})


def decide_steering(board: Blackboard, command: c.SteeringCommand) -> Events | c.Refused:
    """The events that carry the order out, or why it is refused."""
    match command:
        case c.RetryTask():
            return _retry(board, command)
        case c.RestartRun():
            return _restart(board, command)
        case c.ReplanRun():
            return _replan(board, command)
        case c.AddTask():
            return _add(board, command)
        case c.RaiseBudget():
            refusal = refuse_ended_run(board, command.run)
            return refusal or higher_cap(board, command.run, command.budget_usd, command.budget_tokens)


def _retry(board: Blackboard, command: c.RetryTask) -> Events | c.Refused:
    if (refusal := refuse_ended_task(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    if task.state == "planned" or (task.state == "ready" and not task.attempts):
        return c.Refused(f"{task.id} is {task.state} and was not tried yet, so it can't be tried again")
    guidance = command.guidance.strip()[: limits.MAX_TEXT_CHARS]
    return _again(board, task, board.counters.decision + 1, Answer(_choice(guidance), command.by, command.at, guidance))


def _choice(guidance: str) -> Choice:
    return "retry_with_changes" if guidance else "retry"


def _again(board: Blackboard, task: Task, number: int, answer: Answer) -> Events:
    """The task's question is answered; one that has none is asked and answered, as question `number`."""
    asked: Events = []
    name = task.decision
    if name is None:
        name = DecisionId(f"D{number}")
        question = f"{task.id} ({task.title}) is to be tried again"
        asked.append(
            e.HumanAsked(task.run, decision=name, topic="task", task=task.id, question=question, options=TASK_OPTIONS)
        )
    return [
        *asked,
        e.DecisionAnswered(task.run, decision=name, answer=answer),
        tried_again(board, task, name, answer.changes),
    ]


def _restart(board: Blackboard, command: c.RestartRun) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
        return refusal
    begun = [task for task in board.run_tasks(command.run) if _is_begun(task)]
    tasks = [task for task in begun if task.decision is None or not command.spares_asked]
    if not tasks:
        if asked := [task.decision for task in begun if task.decision is not None]:
            return c.Refused(f"{', '.join(asked)} must be answered first; nothing else of {command.run} is held up")
        return c.Refused(f"nothing of {command.run} is under way or held up, so there is nothing to begin again")
    found: Events = []
    number = board.counters.decision
    for task in tasks:
        number += task.decision is None
        found += _again(board, task, number, Answer("retry", command.by, command.at))
    return found


def _is_begun(task: Task) -> bool:
    """Whether it is under way, asked about, or waits for its next try."""
    return task.state in {"active", "waiting_human"} or (task.state == "ready" and bool(task.tries or task.not_before))


def _replan(board: Blackboard, command: c.ReplanRun) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
        return refusal
    run = board.runs[command.run]
    if run.spec is None:
        return c.Refused(f"{run.id} has no plan yet; its director is at work. Retry that task with changes instead")
    lost = [task for task in board.run_tasks(run.id) if task.state in GIVEN_UP]
    text = "A person asked for a new plan of what was not under way."
    if command.changes.strip():
        text += f"\n\nIn their words:\n{command.changes.strip()}"
    if lost:
        listed = "\n".join(f"- {task.id}: {task.title}\n  {task.description}" for task in lost)
        text += f"\n\nGiven up, to be planned anew where it is still needed:\n{listed}"
    gone = abandon_all(board, [task.id for task in lost], "it is planned anew")
    return [*gone, plan_anew(board, run.id, f"Plan {run.id} anew", text)]


def _add(board: Blackboard, command: c.AddTask) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
        return refusal
    retries = board.runs[command.run].config.max_retries if command.max_retries is None else command.max_retries
    if not 0 <= retries <= limits.MAX_RETRIES:
        return c.Refused(f"a task may have 0 to {limits.MAX_RETRIES} retries, found {retries}")
    text = command.description.strip()
    title = text.splitlines()[0] if text else ""
    task = plan.PlannedTask(
        key="the new task", title=title, role=command.role, description=text, criteria=command.criteria,
        depends_on=command.depends_on, priority=command.priority,
    )  # fmt: skip
    existing = board.run_tasks(command.run)
    if len(existing) >= limits.MAX_TASKS_PER_RUN:
        return c.Refused(f"{command.run} has {len(existing)} tasks; more are not possible")
    if found := plan.faults(existing, [task]):
        return c.Refused("; ".join(found))
    return [
        e.TaskPlanned(
            command.run, task=next_task_id(board), title=title[: limits.MAX_TITLE_CHARS], role=command.role,
            description=text[: limits.MAX_TEXT_CHARS], criteria=command.criteria, depends_on=_unique(command.depends_on),
            priority=command.priority, max_retries=retries,
        )
    ]  # fmt: skip


def _unique(names: tuple[TaskId, ...]) -> tuple[TaskId, ...]:
    return tuple(dict.fromkeys(names))
