"""Several plans become one: links between domains, tasks that are left out, a foundation under the rest. Pure.

Only what has not begun is changed: the tasks that wait for this integration.
"""

from collections.abc import Mapping

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.deciding import Events, next_task_id, refuse_unless
from engine.core.entities import PLANNING, Task
from engine.core.ids import TaskId

Waits = dict[TaskId, tuple[TaskId, ...]]


def decide_integration(board: Blackboard, task: Task, report: c.AcceptIntegration) -> Events | c.Refused:
    """The events that make one plan of several, or why the result can't be taken over."""
    if (refusal := refuse_unless(task, "active", "integrator")) is not None:
        return refusal
    if found := integration_faults(board.run_tasks(task.run), task.id, report):
        return c.Refused("the plans can't be put together so: " + "; ".join(found))
    held = held_by(board.run_tasks(task.run), task.id)
    gone = {each.task: each for each in report.rejected}
    after = _without(_linked(held, report.links), gone)
    after = _on_foundation(board, task, after)
    changed: Events = [
        e.DependenciesChanged(task.run, task=name, depends_on=waits, reason=f"{task.id} put the plans together")
        for name, waits in after.items()
        if waits != held[name].depends_on
    ]
    left_out: Events = [e.TaskAbandoned(task.run, task=name, reason=_why(each)) for name, each in gone.items()]
    again = _planned_again(board, task, report.rejected)
    summary = f"{len(report.links)} links, {len(gone)} tasks left out"
    return [
        e.WorkSubmitted(task.run, task=task.id, attempt=report.attempt, summary=summary, result=report.result),
        e.WorkApproved(task.run, task=task.id, attempt=report.attempt),
        *changed,
        *left_out,
        *again,
        e.ResultAccepted(
            task.run, task=task.id, attempt=report.attempt, added=tuple(event.task for event in again)
        ),
    ]  # fmt: skip


def held_by(tasks: list[Task], integration: TaskId) -> dict[TaskId, Task]:
    """The planned tasks that wait for the integration."""
    return {task.id: task for task in tasks if integration in task.depends_on and task.state == "planned"}


def integration_faults(tasks: list[Task], integration: TaskId, report: c.AcceptIntegration) -> list[str]:
    """Every reason why the result can't be taken over, each a sentence for its author."""
    held, known = held_by(tasks, integration), {task.id: task for task in tasks}
    gone = {each.task for each in report.rejected}
    found = [f"{name} is no task of these plans" for name in sorted(gone - set(held))]
    found += [f"{each.task} is no task of these plans" for each in report.links if each.task not in held]
    found += [f"{each.after} is no task of this run" for each in report.links if each.after not in known]
    found += [
        f"{each.after} is abandoned"
        for each in report.links
        if each.after in known and known[each.after].state == "abandoned"
    ]
    found += [
        f"{each.after} makes plans, and is no work to wait for"
        for each in report.links
        if each.after in known and known[each.after].role in PLANNING
    ]
    found += [
        f"{each.task} and {each.after}: one of them is left out"
        for each in report.links
        if gone & {each.task, each.after}
    ]
    for each in report.rejected:
        if each.instead is not None and (each.instead not in held or each.instead in gone):
            found.append(f"{each.instead} is to do the work of {each.task}, but is no task that stays")
        if not each.reason.strip():
            found.append(f"say why {each.task} is left out")
    if held and gone >= set(held):
        found.append("no task is left")
    if found:
        return found
    after = _without(_linked(held, report.links), {each.task: each for each in report.rejected})
    return [f"the dependencies form a cycle: {' -> '.join(cycle)}" for cycle in plan.cycles(_edges(known, after))]


def _edges(known: Mapping[TaskId, Task], after: Waits) -> dict[str, tuple[str, ...]]:
    return {str(name): tuple(map(str, after.get(name, task.depends_on))) for name, task in known.items()}


def _linked(held: Mapping[TaskId, Task], links: tuple[c.Link, ...]) -> Waits:
    found = {name: task.depends_on for name, task in held.items()}
    for link in links:
        if link.task in found:
            found[link.task] = tuple(dict.fromkeys((*found[link.task], link.after)))
    return found


def _without(after: Waits, gone: Mapping[TaskId, c.Rejection]) -> Waits:
    """Those who waited for a task that is left out wait for the one that does its work, or for what it waited for."""
    found: Waits = {}
    for name, waits in after.items():
        if name not in gone:
            found[name] = tuple(dict.fromkeys(_replaced(waits, after, gone, frozenset({name}))))
    return found


def _replaced(
    waits: tuple[TaskId, ...], after: Waits, gone: Mapping[TaskId, c.Rejection], seen: frozenset[TaskId]
) -> list[TaskId]:
    found: list[TaskId] = []
    for name in waits:
        if name in seen:
            continue
        if name not in gone:
            found.append(name)
        elif (instead := gone[name].instead) is not None:
            found += [instead] if instead not in seen else []
        else:
            found += _replaced(after.get(name, ()), after, gone, seen | {name})
    return found


def _on_foundation(board: Blackboard, integration: Task, after: Waits) -> Waits:
    """The first tasks of the other domains wait for the last ones of the foundation, unless that closes a cycle."""
    planners = {name for name in integration.depends_on if board.tasks[name].foundation}
    of = {name: board.tasks[name].planned_by for name in after}
    base = [name for name in after if of[name] in planners]
    leaves = [name for name in base if not any(name in after[other] for other in base)]
    known = {task.id: task for task in board.run_tasks(integration.run)}
    for name in [name for name in after if of[name] not in planners and not set(after[name]) - {integration.id}]:
        linked = after | {name: (*after[name], *leaves)}
        if not plan.cycles(_edges(known, linked)):
            after = linked
    return after


def _why(rejection: c.Rejection) -> str:
    return f"{rejection.reason} ({rejection.instead} does it)" if rejection.instead else rejection.reason


def _planned_again(board: Blackboard, task: Task, rejected: tuple[c.Rejection, ...]) -> list[e.TaskPlanned]:
    again = [each for each in rejected if each.is_planned_again]
    if not again:
        return []
    lines = "\n".join(
        f"- {each.task}: {board.tasks[each.task].title}\n  {board.tasks[each.task].description}\n  rejected because: {each.reason}"
        for each in again
    )
    text = f"These tasks were left out when the plans were put together. Plan anew what is still needed of them, and heed the reasons:\n{lines}"
    return [
        e.TaskPlanned(
            task.run, task=next_task_id(board), title="Plan anew what was rejected", role="planner", priority=9,
            description=text[: limits.MAX_TEXT_CHARS], planned_by=task.id,
            max_retries=board.runs[task.run].config.max_retries,
        )
    ]  # fmt: skip
