"""What people may ask, and what it means: start, pause, cancel, interrupt, abandon, link. Pure."""

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.deciding import (
    TASK_OPTIONS,
    Events,
    abandon,
    end_all,
    next_decision_id,
    refuse_ended_run,
    refuse_ended_task,
    spec_task,
)
from engine.core.entities import Answer, Run
from engine.core.ids import RunId


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
        spec_task(board, run, objective, command.config.max_retries),
    ]  # fmt: skip


def _pause(board: Blackboard, command: c.PauseRun) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
        return refusal
    if board.runs[command.run].paused:
        return c.Refused(f"{command.run} is paused already; `resume` starts it again")
    return [e.RunPaused(command.run, reason=command.reason)]


def _resume(board: Blackboard, command: c.ResumeRun) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
        return refusal
    if not board.runs[command.run].paused:
        if board.runs[command.run].parked_until:
            return [e.RunUnparked(command.run)]
        return c.Refused(f"{command.run} is not paused, it is {board.runs[command.run].state}")
    return [e.RunResumed(command.run, to="running")]


def _cancel(board: Blackboard, command: c.CancelRun) -> Events | c.Refused:
    if (refusal := refuse_ended_run(board, command.run)) is not None:
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


def _interrupt(board: Blackboard, command: c.InterruptTask) -> Events | c.Refused:
    if (refusal := refuse_ended_task(board, command.task)) is not None:
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
    if (refusal := refuse_ended_task(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    found: Events = []
    if task.decision is not None:
        found.append(e.DecisionWithdrawn(task.run, decision=task.decision, reason="the task is abandoned"))
    gone = abandon(board, task, command.dependents, command.reason or "a person gave it up")
    return gone if isinstance(gone, c.Refused) else found + gone


def _relink(board: Blackboard, command: c.ChangeDependencies) -> Events | c.Refused:  # noqa: C901 - one refusal a line
    if (refusal := refuse_ended_task(board, command.task)) is not None:
        return refusal
    task = board.tasks[command.task]
    for name in (*command.add, *command.remove):
        if name not in board.tasks or board.tasks[name].run != task.run:
            return c.Refused(f"there is no task {name} in {task.run}; `orch show {task.run}` lists its tasks")
    if task.state not in {"planned", "ready", "waiting_human", "failed"}:
        return c.Refused(f"{task.id} is {task.state}: interrupt it before its dependencies change")
    for name in command.add:
        if board.tasks[name].state == "abandoned":
            return c.Refused(f"{name} is abandoned; {task.id} would wait for ever")
    after = tuple(dict.fromkeys(d for d in (*task.depends_on, *command.add) if d not in command.remove))
    if after == task.depends_on:
        return c.Refused(f"{task.id} depends on {', '.join(after) or 'nothing'} already")
    if (cycle := plan.cycle_closed_by(board, task.id, after)) is not None:
        remedy = f"`unlink {cycle[1]} {cycle[2]}` first" if len(cycle) > 2 else "name another task to wait for"
        return c.Refused(f"that would close a cycle: {' -> '.join(cycle)}; {remedy}")
    return [e.DependenciesChanged(task.run, task=task.id, depends_on=after, reason="a person changed them")]
