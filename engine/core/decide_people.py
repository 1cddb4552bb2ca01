"""What people may ask, and what it means: start, pause, cancel, answer, interrupt, abandon, link. Pure."""

import math
from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.entities import Answer, Choice, Decision, Dependents, RoleName, Task
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER, TASK

TASK_OPTIONS: Final[tuple[Choice, ...]] = ("retry", "retry_with_changes", "abandon", "spawn")
Events = list[e.AnyEvent]


def decide_people(board: Blackboard, command: c.PeopleCommand) -> Events | c.Refused:  # noqa: C901 - a table, one row a kind
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
        case c.AnswerDecision():
            return _answer(board, command)
        case c.InterruptTask():
            return _interrupt(board, command)
        case c.AbandonTask():
            return _abandon_order(board, command)
        case c.ChangeDependencies():
            return _relink(board, command)


def next_task_id(board: Blackboard, offset: int = 0) -> TaskId:
    """The id of the task that is planned next, or `offset` tasks after it."""
    return TaskId(f"T{board.counters.task + 1 + offset}")


def next_decision_id(board: Blackboard) -> DecisionId:
    """The id of the question that is asked next."""
    return DecisionId(f"D{board.counters.decision + 1}")


def _start(board: Blackboard, command: c.StartRun) -> Events | c.Refused:
    objective = command.objective.strip()
    if not objective:
        return c.Refused("the objective is empty; say what is to be achieved")
    if len(objective) > limits.MAX_OBJECTIVE_CHARS:
        return c.Refused(
            f"the objective has {len(objective)} characters; {limits.MAX_OBJECTIVE_CHARS} are possible: "
            "put the details into a file of the repository and name it"
        )
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
    if (refusal := _over(board, command.run)) is not None:
        return refusal
    if board.runs[command.run].paused:
        return c.Refused(f"{command.run} is paused already; `resume` starts it again")
    return [e.RunPaused(command.run, reason=command.reason)]


def _resume(board: Blackboard, command: c.ResumeRun) -> Events | c.Refused:
    if (refusal := _over(board, command.run)) is not None:
        return refusal
    if not board.runs[command.run].paused:
        return c.Refused(f"{command.run} is not paused, it is {board.runs[command.run].state}")
    return [e.RunResumed(command.run, to="running")]


def _cancel(board: Blackboard, command: c.CancelRun) -> Events | c.Refused:
    if (refusal := _over(board, command.run)) is not None:
        return refusal
    gone = _end_all(board, command.run, "the run is cancelled")
    return [*gone, e.RunCancelled(command.run, reason=command.reason)]


def _end_all(board: Blackboard, run: RunId, reason: str, but: DecisionId | None = None) -> Events:
    asked = [d.id for d in board.open_decisions.values() if d.run == run and d.id != but]
    unfinished = [task.id for task in board.run_tasks(run) if TASK[task.state] and not is_landing(task)]
    found: Events = [e.DecisionWithdrawn(run, decision=name, reason=reason) for name in asked]
    return found + [e.TaskAbandoned(run, task=name, reason=reason) for name in unfinished]


def _over(board: Blackboard, run: RunId) -> c.Refused | None:
    if run not in board.runs:
        return c.Refused(f"there is no run {run}; `orch list` shows the runs")
    if board.runs[run].state in RUN_OVER:
        return c.Refused(f"{run} is over: {board.runs[run].state}")
    return None


def _task_over(board: Blackboard, task: TaskId) -> c.Refused | None:
    if task not in board.tasks:
        return c.Refused(f"there is no task {task}; `orch show` lists the tasks of a run")
    if not TASK[board.tasks[task].state]:
        return c.Refused(f"{task} is {board.tasks[task].state}; it can't be changed any more")
    if is_landing(board.tasks[task]):
        return c.Refused(f"{task} is landing at this moment; `orch show` tells when it is complete")
    return None


def is_landing(task: Task) -> bool:
    """Whether the target branch is being moved at this moment; a landing is never cut in two."""
    return task.state == "approved" and task.receipt is not None


def _interrupt(board: Blackboard, command: c.InterruptTask) -> Events | c.Refused:
    if (refusal := _task_over(board, command.task)) is not None:
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
    if (refusal := _task_over(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    found: Events = []
    if task.decision is not None:
        found.append(e.DecisionWithdrawn(task.run, decision=task.decision, reason="the task is abandoned"))
    gone = _abandon(board, task, command.dependents, command.reason or "a person gave it up")
    return gone if isinstance(gone, c.Refused) else found + gone


def _abandon(board: Blackboard, task: Task, then: Dependents | None, reason: str) -> Events | c.Refused:
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
            return found + _abandon_all(board, waiting, f"it depends on {task.id}, which was abandoned")
        case "replan":
            found += _abandon_all(board, waiting, f"it is planned anew, because {task.id} was abandoned")
            lost = "\n".join(
                f"- {name}: {board.tasks[name].title}\n  {board.tasks[name].description}"
                for name in (task.id, *waiting)
            )
            text = f"{task.id} was abandoned ({reason}). Plan anew what is still needed of:\n{lost}"
            return [*found, _planner(board, task.run, f"Plan anew around {task.id}", text)]


def _abandon_all(board: Blackboard, names: list[TaskId], reason: str) -> Events:
    found: Events = []
    for name in names:
        task = board.tasks[name]
        if task.decision is not None:
            found.append(e.DecisionWithdrawn(task.run, decision=task.decision, reason=reason))
        found.append(e.TaskAbandoned(task.run, task=name, reason=reason))
    return found


def _planner(board: Blackboard, run: RunId, title: str, text: str) -> e.TaskPlanned:
    retries = board.runs[run].config.max_retries
    return e.TaskPlanned(
        run, task=next_task_id(board), title=title[: limits.MAX_TITLE_CHARS], role="planner",
        description=text[: limits.MAX_TEXT_CHARS], priority=9, max_retries=retries,
    )  # fmt: skip


def _relink(board: Blackboard, command: c.ChangeDependencies) -> Events | c.Refused:  # noqa: C901 - one refusal a line
    if (refusal := _task_over(board, command.task)) is not None:
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
    if (circle := plan.would_circle(board, task.id, after)) is not None:
        return c.Refused(f"that would go in a circle: {' -> '.join(circle)}")
    return [e.DependenciesChanged(task.run, task=task.id, depends_on=after, reason="a person changed them")]


def _answer(board: Blackboard, command: c.AnswerDecision) -> Events | c.Refused:
    decision = board.decisions.get(command.decision)
    if decision is None:
        return c.Refused(f"there is no question {command.decision}; `orch status` shows what is open")
    if decision.answer is not None:
        words = decision.answer.choice.replace("_", " ")
        return c.Refused(f"{decision.id} is decided: {words}, by {decision.answer.by} at {decision.answer.at}")
    if decision.withdrawn:
        return c.Refused(f"{decision.id} was withdrawn: {decision.withdrawn}")
    if command.generation is not None and command.generation != decision.generation:
        return c.Refused(f"{decision.id} was asked anew; look at it again")
    if command.choice not in decision.options:
        possible = ", ".join(option.replace("_", " ") for option in decision.options)
        return c.Refused(f"{decision.id} can't be answered by {command.choice.replace('_', ' ')}; possible: {possible}")
    effect = _effect(board, decision, command)
    if isinstance(effect, c.Refused):
        return effect
    answer = Answer(
        choice=command.choice, by=command.by, at=command.at, changes=command.changes, via=command.via,
        dependents=command.dependents or "",
    )  # fmt: skip
    return [e.DecisionAnswered(decision.run, decision=decision.id, answer=answer), *effect]


def _effect(board: Blackboard, decision: Decision, command: c.AnswerDecision) -> Events | c.Refused:  # noqa: C901 - a table, one row a choice
    task = board.tasks[decision.task] if decision.task else None
    if task is None:
        return _effect_on_run(board, decision, command)
    match command.choice:
        case "retry":
            return [e.HumanRetried(task.run, task=task.id, decision=decision.id)]
        case "retry_with_changes":
            if not command.changes.strip():
                return c.Refused("say what to change: retry with changes needs a text")
            guidance = command.changes.strip()[: limits.MAX_TEXT_CHARS]
            return [e.HumanRetried(task.run, task=task.id, decision=decision.id, guidance=guidance)]
        case "abandon":
            return _abandon(board, task, command.dependents, f"{command.by} gave it up")
        case "spawn":
            return _spawn(board, task, command)
        case "land_now":
            return _land_now(board, task, decision)
        case "raise_budget" | "replan" | "stop":
            return c.Refused(
                f"{command.choice.replace('_', ' ')} is an answer about a run, and this is about {task.id}"
            )


def _land_now(board: Blackboard, task: Task, decision: Decision) -> Events | c.Refused:
    if not plan.is_ready(board, task):
        return c.Refused(f"{task.id} now waits for other tasks; retry it, and it lands after them")
    return [e.LandingResumed(task.run, task=task.id, decision=decision.id)]


def _effect_on_run(board: Blackboard, decision: Decision, command: c.AnswerDecision) -> Events | c.Refused:
    run = board.runs[decision.run]
    match command.choice:
        case "raise_budget":
            return _raise(board, decision.run, command)
        case "replan":
            text = f"All planned work is over, but gates are red on {run.branch}:\n{decision.evidence}\n\n{command.changes}"
            return [_planner(board, run.id, f"Plan the repair of {run.branch}", text.strip())]
        case "stop":
            reason = f"{command.by} stopped it: {decision.question}"
            gone = _end_all(board, run.id, "the run was stopped", but=decision.id)
            return [*gone, e.RunFailed(run.id, reason=reason)]
        case "retry" | "retry_with_changes" | "abandon" | "spawn" | "land_now":
            return c.Refused(
                f"{command.choice.replace('_', ' ')} is an answer about a task, and this is about {run.id}"
            )


def _raise(board: Blackboard, run_id: RunId, command: c.AnswerDecision) -> Events | c.Refused:
    config = board.runs[run_id].config
    if command.budget_usd is None and command.budget_tokens is None:
        return c.Refused("say how much: a new cap in USD or in tokens")
    for new, old, unit in (
        (command.budget_usd, config.budget_usd, "USD"),
        (command.budget_tokens, config.budget_tokens, "tokens"),
    ):
        if new is not None and not (old or 0) < new < math.inf:
            return c.Refused(f"the cap is {old or 0:g} {unit} now; name a higher one")
    return [
        e.BudgetRaised(
            run_id,
            budget_usd=command.budget_usd if command.budget_usd is not None else config.budget_usd,
            budget_tokens=command.budget_tokens if command.budget_tokens is not None else config.budget_tokens,
        )
    ]


def _spawn(board: Blackboard, task: Task, command: c.AnswerDecision) -> Events | c.Refused:
    lines = command.changes.strip().splitlines()
    if not lines:
        return c.Refused("describe the new task: its first line becomes the title")
    new = next_task_id(board)
    role: RoleName = task.role
    found: Events = [
        e.TaskPlanned(
            task.run, task=new, title=lines[0][: limits.MAX_TITLE_CHARS], role=role, priority=task.priority,
            description=command.changes.strip()[: limits.MAX_TEXT_CHARS], criteria=command.criteria or task.criteria,
            depends_on=task.depends_on, max_retries=task.max_retries, planned_by=task.id,
        ),
        e.TaskAbandoned(task.run, task=task.id, reason=f"{new} replaces it"),
    ]  # fmt: skip
    for name in board.dependents_of.get(task.id, ()):
        waiting = board.tasks[name]
        if TASK[waiting.state]:
            after = tuple(new if d == task.id else d for d in waiting.depends_on)
            found.append(
                e.DependenciesChanged(task.run, task=name, depends_on=after, reason=f"{new} replaces {task.id}")
            )
    return found
