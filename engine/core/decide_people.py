"""What people may ask, and what it means: start, pause, cancel, interrupt, abandon, link. Pure."""

from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.entities import Answer, Choice, Dependents, RoleName, Run, Task, TaskState
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER, TASK

TASK_OPTIONS: Final[tuple[Choice, ...]] = ("retry", "retry_with_changes", "abandon", "spawn")
Events = list[e.AnyEvent]


def decide_people(board: Blackboard, command: c.BasicCommand) -> Events | c.Refused:
    """The events that carry a person's order out, or why it is refused."""
    match command:
        case c.StartRun():
            return _start(board, command)
        case c.PauseRun():
            return _pause(board, command)
        case c.ResumeRun():
            return _resume(board, command)
        case c.CancelRun():
            return _cancel(board, command)
        case c.InterruptTask():
            return _interrupt(board, command)
        case c.AbandonTask():
            return _abandon_order(board, command)
        case c.ChangeDependencies():
            return _relink(board, command)


def need(task: Task, state: TaskState, *roles: RoleName) -> c.Refused | None:
    """Why the report does not fit the task's state or role, None when it does."""
    if roles and task.role not in roles:
        return c.Refused(f"{task.id} is a {task.role}'s task; that is for a {' or a '.join(roles)} to report")
    return None if task.state == state else c.Refused(f"{task.id} is {task.state}, not {state}")


def tried_again(board: Blackboard, task: Task, decision: DecisionId, guidance: str = "") -> e.HumanRetried:
    """A person sends the task back to work; what it may spend by itself begins anew."""
    fresh = has_own_budget(board, task)
    return e.HumanRetried(task.run, task=task.id, decision=decision, guidance=guidance, fresh_budget=fresh)


def has_own_budget(board: Blackboard, task: Task) -> bool:
    """Whether there is a cap on what the task may spend by itself."""
    config = board.runs[task.run].config
    return config.task_budget_usd is not None or config.task_budget_tokens is not None


def next_task_id(board: Blackboard, offset: int = 0) -> TaskId:
    """The id of the task that is planned next, or `offset` tasks after it."""
    return TaskId(f"T{board.counters.task + 1 + offset}")


def next_decision_id(board: Blackboard) -> DecisionId:
    """The id of the question that is asked next."""
    return DecisionId(f"D{board.counters.decision + 1}")


def refuse_objective(text: str) -> c.Refused | None:
    """Why no run can have this objective."""
    length = len(text.strip())
    if not length:
        return c.Refused('the objective is empty; say what is to be done, as in "make the failing tests pass"')
    if length > limits.MAX_OBJECTIVE_CHARS:
        return c.Refused(
            f"the objective has {length} characters; {limits.MAX_OBJECTIVE_CHARS} are possible: "
            "put the details into a file of the repository and name it"
        )
    return None


def _start(board: Blackboard, command: c.StartRun) -> Events | c.Refused:
    objective = command.objective.strip()
    if (refusal := refuse_objective(objective)) is not None:
        return refusal
    if command.dedupe:
        twin = next((run.id for run in board.runs.values() if run.dedupe == command.dedupe), None)
        if twin:
            return c.Refused(f"this was already started as {twin}")
    run = RunId(f"R{board.counters.run + 1}")
    return [
        e.RunStarted(
            run, objective=objective, branch=command.branch, base=command.base, config=command.config, by=command.by,
            gates=command.gates, dedupe=command.dedupe,
        ),
        e.TaskPlanned(
            run, task=next_task_id(board), title="Write the spec and split the work", role="director",
            description=objective, priority=9, max_retries=command.config.max_retries,
        ),
    ]  # fmt: skip


def _pause(board: Blackboard, command: c.PauseRun) -> Events | c.Refused:
    if (refusal := refuse_over_run(board, command.run)) is not None:
        return refusal
    if board.runs[command.run].paused:
        return c.Refused(f"{command.run} is paused already; `resume` starts it again")
    return [e.RunPaused(command.run, reason=command.reason)]


def _resume(board: Blackboard, command: c.ResumeRun) -> Events | c.Refused:
    if (refusal := refuse_over_run(board, command.run)) is not None:
        return refusal
    if not board.runs[command.run].paused:
        if board.runs[command.run].parked_until:
            return [e.RunUnparked(command.run)]
        return c.Refused(f"{command.run} is not paused, it is {board.runs[command.run].state}")
    return [e.RunResumed(command.run, to="running")]


def _cancel(board: Blackboard, command: c.CancelRun) -> Events | c.Refused:
    if (refusal := refuse_over_run(board, command.run)) is not None:
        return refusal
    if command.needs_second:
        return _propose_cancel(board, board.runs[command.run], command)
    gone = end_all(board, command.run, "the run is cancelled")
    return [*gone, e.RunCancelled(command.run, reason=command.reason)]


def _propose_cancel(board: Blackboard, run: Run, command: c.CancelRun) -> Events | c.Refused:
    asked = next((d.id for d in board.open_decisions.values() if d.run == run.id and d.kind == "cancel"), None)
    if asked is not None:
        return c.Refused(f"{asked} asks already whether {run.id} is to be cancelled: a second person answers it")
    name, why = next_decision_id(board), f": {command.reason}" if command.reason else ""
    proposal = Answer(choice="stop", by=command.by, at=command.at)
    return [
        e.HumanAsked(
            run.id, decision=name, topic="cancel", options=("stop", "keep"),
            question=f"{command.by} wants to cancel {run.id}{why}. It takes a second person to agree",
        ),
        e.DecisionProposed(run.id, decision=name, answer=proposal),
    ]  # fmt: skip


def end_all(board: Blackboard, run: RunId, reason: str, but: DecisionId | None = None) -> Events:
    """Every question but one is withdrawn, and every unfinished task abandoned that is not landing."""
    asked = [d.id for d in board.open_decisions.values() if d.run == run and d.id != but]
    unfinished = [task.id for task in board.run_tasks(run) if TASK[task.state] and not is_landing(task)]
    found: Events = [e.DecisionWithdrawn(run, decision=name, reason=reason) for name in asked]
    return found + [e.TaskAbandoned(run, task=name, reason=reason) for name in unfinished]


def refuse_over_run(board: Blackboard, run: RunId) -> c.Refused | None:
    """Why nothing can be ordered of the run, None when it is under way."""
    if run not in board.runs:
        return c.Refused(f"there is no run {run}; `orch list` shows the runs")
    if board.runs[run].state in RUN_OVER:
        return c.Refused(f"{run} is over: {board.runs[run].state}")
    return None


def refuse_over_task(board: Blackboard, task: TaskId) -> c.Refused | None:
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


def _interrupt(board: Blackboard, command: c.InterruptTask) -> Events | c.Refused:
    if (refusal := refuse_over_task(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    if task.state == "waiting_human":
        return c.Refused(f"{task.id} waits for a person already: answer {task.decision}")
    why = f": {command.reason}" if command.reason else ""
    return [
        e.HumanAsked(
            task.run, decision=next_decision_id(board), topic="task", task=task.id, options=TASK_OPTIONS,
            question=f"{task.id} ({task.title}) was interrupted{why}. What now?",
        )
    ]  # fmt: skip


def _abandon_order(board: Blackboard, command: c.AbandonTask) -> Events | c.Refused:
    if (refusal := refuse_over_task(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    found: Events = []
    if task.decision is not None:
        found.append(e.DecisionWithdrawn(task.run, decision=task.decision, reason="the task is abandoned"))
    gone = abandon(board, task, command.dependents, command.reason or "a person gave it up")
    return gone if isinstance(gone, c.Refused) else found + gone


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


def plan_anew(board: Blackboard, run: RunId, title: str, text: str) -> e.TaskPlanned:
    """A planner's task."""
    retries = board.runs[run].config.max_retries
    return e.TaskPlanned(
        run, task=next_task_id(board), title=title[: limits.MAX_TITLE_CHARS], role="planner",
        description=text[: limits.MAX_TEXT_CHARS], priority=9, max_retries=retries,
    )  # fmt: skip


def _relink(board: Blackboard, command: c.ChangeDependencies) -> Events | c.Refused:  # noqa: C901 - one refusal a line
    if (refusal := refuse_over_task(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    for name in (*command.add, *command.remove):
        if name not in board.tasks or board.tasks[name].run != task.run:
            return c.Refused(f"there is no task {name} in {task.run}")
    if task.state not in {"planned", "ready", "waiting_human", "failed"}:
        return c.Refused(f"{task.id} is {task.state}: interrupt it before its dependencies change")
    for name in command.add:
        if board.tasks[name].state == "abandoned":
            return c.Refused(f"{name} is abandoned; {task.id} would wait for ever")
    after = tuple(dict.fromkeys(d for d in (*task.depends_on, *command.add) if d not in command.remove))
    if after == task.depends_on:
        return c.Refused(f"{task.id} depends on {', '.join(after) or 'nothing'} already")
    if (cycle := plan.cycle_closed_by(board, task.id, after)) is not None:
        return c.Refused(f"that would close a cycle: {' -> '.join(cycle)}")
    return [e.DependenciesChanged(task.run, task=task.id, depends_on=after, reason="a person changed them")]
