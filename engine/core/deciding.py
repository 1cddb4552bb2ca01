"""What the deciders share: why an order is refused, which names come next, and how work is given up or planned anew. Pure."""

from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.entities import Choice, Dependents, RoleName, Task, TaskState
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER, TASK

TASK_OPTIONS: Final[tuple[Choice, ...]] = ("retry", "retry_with_changes", "abandon", "spawn")
Events = list[e.AnyEvent]


def refuse_unless(task: Task, state: TaskState, *roles: RoleName) -> c.Refused | None:
    """Why the report does not fit the task's state or role, None when it does."""
    if roles and task.role not in roles:
        return c.Refused(f"{task.id} is a {task.role}'s task; that is for a {' or a '.join(roles)} to report")
    return None if task.state == state else c.Refused(f"{task.id} is {task.state}, not {state}")


def refuse_ended_run(board: Blackboard, run: RunId) -> c.Refused | None:
    """Why nothing can be ordered of the run, None when it is under way."""
    if run not in board.runs:
        return c.Refused(f"there is no run {run}; `orch list` shows the runs")
    if board.runs[run].state in RUN_OVER:
        return c.Refused(f"{run} is over: {board.runs[run].state}")
    return None


def refuse_ended_task(board: Blackboard, task: TaskId) -> c.Refused | None:
    """Why nothing can be ordered of the task, None when it is unfinished and not landing."""
    if task not in board.tasks:
        return c.Refused(f"there is no task {task}; `orch show` lists the tasks of a run")
    if not TASK[board.tasks[task].state]:
        return c.Refused(f"{task} is {board.tasks[task].state}; it can't be changed any more")
    if takers := plan.handed_to(board, board.tasks[task]):
        return c.Refused(
            f"{task} is shown red and handed over to {', '.join(takers)}; order that of {takers[0]} instead"
        )
    if is_landing(board.tasks[task]):
        return c.Refused(f"{task} is landing at this moment; `orch show` tells when it is complete")
    return None


def is_landing(task: Task) -> bool:
    """Whether the target branch is being moved at this moment; a landing is never cut in two."""
    return task.state == "approved" and task.receipt is not None


def next_task_id(board: Blackboard, offset: int = 0) -> TaskId:
    """The id of the task that is planned next, or `offset` tasks after it."""
    return TaskId(f"T{board.counters.task + 1 + offset}")


def next_decision_id(board: Blackboard) -> DecisionId:
    """The id of the question that is asked next."""
    return DecisionId(f"D{board.counters.decision + 1}")


def tried_again(board: Blackboard, task: Task, decision: DecisionId, guidance: str = "") -> e.HumanRetried:
    """A person sends the task back to work; what it may spend by itself begins anew."""
    fresh = has_own_budget(board, task)
    return e.HumanRetried(task.run, task=task.id, decision=decision, guidance=guidance, fresh_budget=fresh)


def has_own_budget(board: Blackboard, task: Task) -> bool:
    """Whether there is a cap on what the task may spend by itself."""
    config = board.runs[task.run].config
    return config.task_budget_usd is not None or config.task_budget_tokens is not None


def abandon(board: Blackboard, task: Task, then: Dependents | None, reason: str) -> Events | c.Refused:
    """The task is given up, and `then` says what becomes of those that wait for it."""
    waiting = plan.dependents(board, task.id)
    found: Events = [e.TaskAbandoned(task.run, task=task.id, reason=reason)]
    if not waiting:
        return found
    match then:
        case None:
            return c.Refused(
                f"these tasks wait for {task.id}: {', '.join(waiting)}. Say what becomes of them: cascade (abandon them "
                "too), drop (they no longer wait for it) or replan (a planner replaces them)"
            )
        case "drop":
            return found + [
                e.DependenciesChanged(
                    task.run, task=name, reason=f"{task.id} was abandoned",
                    depends_on=tuple(d for d in board.tasks[name].depends_on if d != task.id),
                )
                for name in board.dependents_of.get(task.id, ())
                if TASK[board.tasks[name].state]
            ]  # fmt: skip
        case "cascade":
            return found + abandon_all(board, waiting, f"it depends on {task.id}, which was abandoned")
        case "replan":
            found += abandon_all(board, waiting, f"it is planned anew, because {task.id} was abandoned")
            lost = "\n".join(
                f"- {name}: {board.tasks[name].title}\n  {board.tasks[name].description}"
                for name in (task.id, *waiting)
            )
            text = f"{task.id} was abandoned ({reason}). Plan anew what is still needed of:\n{lost}"
            return [*found, plan_anew(board, task.run, f"Plan anew around {task.id}", text)]


def abandon_all(board: Blackboard, names: list[TaskId], reason: str) -> Events:
    """The tasks are given up, and their questions withdrawn."""
    found: Events = []
    for name in names:
        task = board.tasks[name]
        if task.decision is not None:
            found.append(e.DecisionWithdrawn(task.run, decision=task.decision, reason=reason))
        found.append(e.TaskAbandoned(task.run, task=name, reason=reason))
    return found


def end_all(board: Blackboard, run: RunId, reason: str, but: DecisionId | None = None) -> Events:
    """Every question but one is withdrawn, and every unfinished task abandoned that is not landing."""
    asked = [d.id for d in board.open_decisions.values() if d.run == run and d.id != but]
    unfinished = [task.id for task in board.run_tasks(run) if TASK[task.state] and not is_landing(task)]
    found: Events = [e.DecisionWithdrawn(run, decision=name, reason=reason) for name in asked]
    return found + [e.TaskAbandoned(run, task=name, reason=reason) for name in unfinished]


def spec_task(board: Blackboard, run: RunId, objective: str, max_retries: int) -> e.TaskPlanned:
    """The director's task, with which a run begins."""
    return e.TaskPlanned(
        run, task=next_task_id(board), title="Write the spec and split the work", role="director",
        description=objective, priority=9, max_retries=max_retries,
    )  # fmt: skip


def plan_anew(board: Blackboard, run: RunId, title: str, text: str) -> e.TaskPlanned:
    """A planner's task."""
    retries = board.runs[run].config.max_retries
    return e.TaskPlanned(
        run, task=next_task_id(board), title=title[: limits.MAX_TITLE_CHARS], role="planner",
        description=text[: limits.MAX_TEXT_CHARS], priority=9, max_retries=retries,
    )  # fmt: skip
