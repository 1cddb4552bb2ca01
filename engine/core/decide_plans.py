"""What a role returns that is no commit: a spec, a plan, findings, a division of its own work; and what it means. Pure.

Whoever waits for a planner waits for what it plans, and whoever divides off subtasks waits for them.
"""

from collections.abc import Sequence

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.deciding import TASK_OPTIONS, Events, next_decision_id, next_task_id, refuse_unless
from engine.core.entities import COMMITTERS, Criterion, Task
from engine.core.ids import TaskId
from engine.core.lifecycle import TASK

Planned = c.AcceptSpec | c.AcceptPlan | c.AcceptFindings | c.SuspendWork


def decide_plan(board: Blackboard, task: Task, report: Planned) -> Events | c.Refused:
    """The events that take the result over, or why it is refused."""
    match report:
        case c.AcceptSpec():
            return _accept_spec(board, task, report)
        case c.AcceptPlan():
            return _accept_plan(board, task, report)
        case c.AcceptFindings():
            return _accept_findings(task, report)
        case c.SuspendWork():
            return _suspend(board, task, report)


def suspensions(task: Task) -> int:
    """How often the task was put off to wait for others."""
    return sum(attempt.failure == "suspended" for attempt in task.attempts)


def _accept_findings(task: Task, report: c.AcceptFindings) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "active", "researcher")) is not None:
        return refusal
    result = report.result.strip()[: limits.MAX_TEXT_CHARS]
    if not result:
        return c.Refused(f"{task.id} has found nothing to record; findings need a text")
    return [
        e.WorkSubmitted(
            task.run, task=task.id, attempt=report.attempt, summary=report.summary, result=result,
            evidence=report.evidence,
        ),
        e.WorkApproved(task.run, task=task.id, attempt=report.attempt),
        e.ResultAccepted(task.run, task=task.id, attempt=report.attempt),
    ]  # fmt: skip


def _suspend(board: Blackboard, task: Task, report: c.SuspendWork) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "active", *COMMITTERS)) is not None:
        return refusal
    if suspensions(task) >= limits.MAX_SUSPENSIONS:
        question = f"{task.id} ({task.title}) was divided {limits.MAX_SUSPENSIONS} times and is not done. What now?"
        return [
            e.HumanAsked(
                task.run, decision=next_decision_id(board), topic="task", task=task.id, question=question,
                options=TASK_OPTIONS, evidence=report.detail,
            )
        ]  # fmt: skip
    if len(report.tasks) > limits.MAX_SUBTASKS:
        return c.Refused(f"{len(report.tasks)} subtasks; {limits.MAX_SUBTASKS} are possible")
    planned = _plan_events(board, task, report.tasks)
    if isinstance(planned, c.Refused):
        return planned
    return [
        *planned,
        e.WorkSuspended(
            task.run, task=task.id, attempt=report.attempt, waits_for=tuple(event.task for event in planned),
            detail=report.detail, evidence=report.evidence, commit=report.commit,
        ),
    ]  # fmt: skip


def _passed_on(board: Blackboard, task: Task, planned: Sequence[e.TaskPlanned]) -> list[e.DependenciesChanged]:
    """Those that wait for the planner wait for its tasks, too."""
    new = tuple(event.task for event in planned)
    return [
        e.DependenciesChanged(
            task.run, task=name, depends_on=tuple(dict.fromkeys((*board.tasks[name].depends_on, *new))),
            reason=f"{task.id} planned what it waits for",
        )
        for name in board.dependents_of.get(task.id, ())
        if TASK[board.tasks[name].state] and board.tasks[name].role != "integrator"
    ]  # fmt: skip


def _held_with(board: Blackboard, task: Task) -> set[TaskId]:
    """What waits for the planner only because the same integration holds it: the plans of the other domains."""
    name = _held_by(board, task)
    return set() if name is None else {name, *plan.dependents(board, name)}


def _cycles(board: Blackboard, task: Task, planned: Sequence[plan.PlannedTask]) -> list[str]:
    """Tasks that would wait for what waits for them: the author's dependents, and an author that waits for its subtasks."""
    waiting = {str(name) for name in plan.dependents(board, task.id) if name not in _held_with(board, task)}
    if task.role != "planner":
        waiting.add(task.id)
    return [
        f"task {entry.key!r} depends on {dependency}, which waits for this plan"
        for entry in planned
        for dependency in entry.depends_on
        if dependency in waiting
    ]


def _accept_spec(board: Blackboard, task: Task, report: c.AcceptSpec) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "active", "director")) is not None:
        return refusal
    if len(report.domains) > limits.MAX_DOMAINS:
        return c.Refused(f"{len(report.domains)} domains; {limits.MAX_DOMAINS} are possible")
    planned = _plan_events(board, task, report.domains)
    if isinstance(planned, c.Refused):
        return planned
    if len(planned) > 1 and board.runs[task.run].config.joins_plans:
        planned = [*planned, _integration(board, task, planned)]
    written = e.SpecWritten(task.run, spec=report.spec, task=task.id)
    submitted = _submitted(task, report.attempt, report.result, planned)
    return [*submitted, written, *planned, _taken(task, report.attempt, planned)]


def _integration(board: Blackboard, task: Task, planned: Sequence[e.TaskPlanned]) -> e.TaskPlanned:
    """The task that puts several plans together; what they plan waits for it."""
    return e.TaskPlanned(
        task.run, task=next_task_id(board, len(planned)), title="Put the plans together", role="integrator", priority=9,
        depends_on=tuple(event.task for event in planned), planned_by=task.id,
        description="Several domains were planned apart. Make one plan of them: nothing twice, nothing beyond the specification, "
        "and what needs another domain's work waits for it.",
        max_retries=board.runs[task.run].config.max_retries,
    )  # fmt: skip


def _held_by(board: Blackboard, planner: Task) -> TaskId | None:
    """The integration that the planner's tasks wait for; None when its plan stands alone."""
    after = (board.tasks[name] for name in board.dependents_of.get(planner.id, ()))
    return next((each.id for each in after if each.role == "integrator" and TASK[each.state]), None)


def _accept_plan(board: Blackboard, task: Task, report: c.AcceptPlan) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "active", "planner")) is not None:
        return refusal
    planned = _plan_events(board, task, report.tasks)
    if isinstance(planned, c.Refused):
        return planned
    submitted = _submitted(task, report.attempt, report.result, planned)
    return [*submitted, *planned, *_passed_on(board, task, planned), _taken(task, report.attempt, planned)]


def _submitted(task: Task, attempt: int, result: str, planned: Sequence[e.TaskPlanned]) -> Events:
    summary = f"planned {len(planned)} task{'s' if len(planned) != 1 else ''}"
    return [
        e.WorkSubmitted(task.run, task=task.id, attempt=attempt, summary=summary, result=result),
        e.WorkApproved(task.run, task=task.id, attempt=attempt),
    ]


def _taken(task: Task, attempt: int, planned: Sequence[e.TaskPlanned]) -> e.ResultAccepted:
    return e.ResultAccepted(task.run, task=task.id, attempt=attempt, added=tuple(event.task for event in planned))


def _plan_events(board: Blackboard, task: Task, planned: Sequence[plan.PlannedTask]) -> list[e.TaskPlanned] | c.Refused:
    existing = board.run_tasks(task.run)
    found = plan.faults(existing, planned) + _cycles(board, task, planned)
    if len(existing) + len(planned) > limits.MAX_TASKS_PER_RUN:
        found.append(f"the run would have over {limits.MAX_TASKS_PER_RUN} tasks")
    if found:
        return c.Refused("the plan can't be taken over: " + "; ".join(found))
    held = [name] if (name := _held_by(board, task)) is not None else []
    names = {entry.key: next_task_id(board, offset) for offset, entry in enumerate(planned)}
    retries = board.runs[task.run].config.max_retries
    return [
        e.TaskPlanned(
            task.run, task=names[entry.key], title=entry.title.strip()[: limits.MAX_TITLE_CHARS], role=entry.role,
            description=entry.description[: limits.MAX_TEXT_CHARS], criteria=_criteria(board, entry, planned), priority=entry.priority,
            depends_on=tuple(dict.fromkeys((*(names.get(d, TaskId(d)) for d in entry.depends_on), *held))),
            max_retries=retries, planned_by=task.id, needs=entry.needs, foundation=entry.foundation,
        )
        for entry in planned
    ]  # fmt: skip


def _criteria(board: Blackboard, entry: plan.PlannedTask, planned: Sequence[plan.PlannedTask]) -> tuple[Criterion, ...]:
    """Its own, and the checks of the tests that it is to turn green."""
    of_plan = {each.key: each for each in planned}
    before = [of_plan.get(name) or board.tasks[TaskId(name)] for name in entry.depends_on]
    return plan.held_to(entry, [each for each in before if each.role == "test_architect"])
