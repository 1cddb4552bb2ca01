"""What a person's answer to a question means: retry, abandon, spawn, review, land, raise, replan, stop; alone or with a second. Pure."""

import math

import msgspec

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, plan
from engine.core.blackboard import Blackboard
from engine.core.decide_spend import make_thrifty
from engine.core.deciding import (
    Events,
    abandon,
    abandon_all,
    end_all,
    has_own_budget,
    next_task_id,
    plan_anew,
    tried_again,
)
from engine.core.entities import Answer, Decision, Task
from engine.core.ids import RunId
from engine.core.lifecycle import TASK


def decide_answer(board: Blackboard, command: c.AnswerDecision) -> Events | c.Refused:
    """The events that the answer amounts to, or why it is refused: the first valid one wins."""
    decision = board.decisions.get(command.decision)
    if decision is None:
        return c.Refused(f"there is no question {command.decision}; `orch status` shows what is open")
    if (refusal := _refuse(decision, command)) is not None:
        return refusal
    effect = _effect(board, decision, command)
    if isinstance(effect, c.Refused):
        return effect
    answer = Answer(
        choice=command.choice, by=command.by, at=command.at, changes=command.changes, via=command.via,
        dependents=command.dependents or "",
    )  # fmt: skip
    if command.needs_second or _is_cancelling(decision, command):
        agreed = _agreed(decision, answer, command)
        if not isinstance(agreed, Answer):
            return agreed
        answer = agreed
    return [e.DecisionAnswered(decision.run, decision=decision.id, answer=answer), *effect]


def _refuse(decision: Decision, command: c.AnswerDecision) -> c.Refused | None:
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
    return None


def _is_cancelling(decision: Decision, command: c.AnswerDecision) -> bool:
    """Whether the answer ends a run whose end was proposed, since it takes two: who proposed it can't agree with themselves."""
    return decision.kind == "cancel" and command.choice == "stop"


def _agreed(decision: Decision, answer: Answer, command: c.AnswerDecision) -> Answer | Events | c.Refused:
    """The answer of two people; while there is one voice for it, that voice."""
    voice = msgspec.structs.replace(
        answer, amount_usd=command.budget_usd or 0.0, amount_tokens=command.budget_tokens or 0
    )
    first = decision.proposal
    if first is None or not _same(first, voice):
        return [e.DecisionProposed(decision.run, decision=decision.id, answer=voice)]
    if first.by == voice.by:
        return c.Refused(f"{first.by} has said so already; it takes a second person to agree")
    return msgspec.structs.replace(first, second=voice.by)


def _same(one: Answer, other: Answer) -> bool:
    """Whether two people want the same; their words about it may differ only in who says them."""
    mine = (one.choice, one.changes, one.dependents, one.amount_usd, one.amount_tokens)
    return mine == (other.choice, other.changes, other.dependents, other.amount_usd, other.amount_tokens)


def _effect(board: Blackboard, decision: Decision, command: c.AnswerDecision) -> Events | c.Refused:  # noqa: C901, PLR0911 - a table, one row a choice
    task = board.tasks[decision.task] if decision.task else None
    if task is None:
        return _effect_on_run(board, decision, command)
    match command.choice:
        case "retry":
            return [tried_again(board, task, decision.id)]
        case "retry_with_changes":
            if not command.changes.strip():
                return c.Refused("say what to change: retry with changes needs a text")
            guidance = command.changes.strip()[: limits.MAX_TEXT_CHARS]
            return [tried_again(board, task, decision.id, guidance)]
        case "abandon":
            return abandon(board, task, command.dependents, f"{command.by} gave it up")
        case "spawn":
            return _spawn(board, task, command)
        case "land_now":
            return _land_now(board, task, decision)
        case "review_again":
            return _review_again(board, task, decision)
        case "raise_budget" | "replan" | "stop" | "keep" | "finish_cheaply" | "approve":
            return c.Refused(
                f"{command.choice.replace('_', ' ')} is an answer about a run, and this is about {task.id}"
            )


def _land_now(board: Blackboard, task: Task, decision: Decision) -> Events | c.Refused:
    if not plan.is_ready(board, task):
        return c.Refused(f"{task.id} now waits for other tasks; retry it, and it lands after them")
    return [e.LandingResumed(task.run, task=task.id, decision=decision.id)]


def _review_again(board: Blackboard, task: Task, decision: Decision) -> Events | c.Refused:
    if not plan.is_ready(board, task):
        return c.Refused(f"{task.id} now waits for other tasks; retry it, and it is done after them")
    fresh = has_own_budget(board, task)
    return [e.ReviewResumed(task.run, task=task.id, decision=decision.id, fresh_budget=fresh)]


def _effect_on_run(board: Blackboard, decision: Decision, command: c.AnswerDecision) -> Events | c.Refused:  # noqa: C901, PLR0911 - a table, one row a choice
    run = board.runs[decision.run]
    match command.choice:
        case "raise_budget":
            return higher_cap(board, decision.run, command.budget_usd, command.budget_tokens)
        case "finish_cheaply":
            return make_thrifty(board, decision.run, command.budget_usd, command.budget_tokens)
        case "keep":
            return []
        case "approve":
            return [e.PlanApproved(run.id)] if decision.kind == "plan" else []
        case "replan" if decision.kind == "plan":
            return _another_plan(board, run.id, command.changes)
        case "replan":
            what = "the last review says no" if decision.kind == "acceptance" else f"gates are red on {run.branch}"
            text = f"All planned work is over, but {what}:\n{decision.evidence}\n\n{command.changes}"
            return [plan_anew(board, run.id, f"Plan the repair of {run.branch}", text.strip())]
        case "stop":
            reason = f"{command.by} stopped it: {decision.question}"
            if decision.kind == "cancel":
                gone = end_all(board, run.id, "the run is cancelled", but=decision.id)
                return [*gone, e.RunCancelled(run.id, reason=_two_people(decision, command))]
            gone = end_all(board, run.id, "the run was stopped", but=decision.id)
            return [*gone, e.RunFailed(run.id, reason=reason)]
        case "retry" | "retry_with_changes" | "abandon" | "spawn" | "land_now" | "review_again":
            return c.Refused(
                f"{command.choice.replace('_', ' ')} is an answer about a task, and this is about {run.id}"
            )


def _another_plan(board: Blackboard, run: RunId, changes: str) -> Events:
    """The plan that was shown is given up, and made anew with the person's words."""
    lost = [task for task in board.run_tasks(run) if TASK[task.state]]
    listed = "\n".join(f"- {task.id} ({task.role}): {task.title}\n  {task.description}" for task in lost)
    text = f"A person saw this plan and wants another one:\n{listed}"
    if changes.strip():
        text += f"\n\nIn their words:\n{changes.strip()}"
    gone = abandon_all(board, [task.id for task in lost], "it is planned anew")
    return [*gone, plan_anew(board, run, f"Plan {run} anew", text)]


def _two_people(decision: Decision, command: c.AnswerDecision) -> str:
    return f"{decision.proposal.by} and {command.by} agreed" if decision.proposal else f"{command.by} decided it"


def higher_cap(
    board: Blackboard, run_id: RunId, budget_usd: float | None, budget_tokens: int | None
) -> Events | c.Refused:
    """The raise, or why the amounts are none."""
    config = board.runs[run_id].config
    if budget_usd is None and budget_tokens is None:
        return c.Refused("say how much: a new cap in USD or in tokens")
    for new, old, unit in (
        (budget_usd, config.budget_usd, "USD"),
        (budget_tokens, config.budget_tokens, "tokens"),
    ):
        if new is not None and not (old or 0) < new < math.inf:
            return c.Refused(f"the cap is {old or 0:g} {unit} now; name a higher one")
    return [
        e.BudgetRaised(
            run_id,
            budget_usd=budget_usd if budget_usd is not None else config.budget_usd,
            budget_tokens=budget_tokens if budget_tokens is not None else config.budget_tokens,
        )
    ]


def _spawn(board: Blackboard, task: Task, command: c.AnswerDecision) -> Events | c.Refused:
    lines = command.changes.strip().splitlines()
    if not lines:
        return c.Refused("describe the new task: its first line becomes the title")
    new, criteria = next_task_id(board), command.criteria or task.criteria
    planned = plan.PlannedTask(
        "the new task", lines[0], task.role, criteria=criteria, depends_on=task.depends_on, priority=task.priority
    )
    if faults := plan.faults_of_one([each for each in board.run_tasks(task.run) if each.id != task.id], planned):
        return c.Refused("; ".join(faults))
    found: Events = [
        e.TaskPlanned(
            task.run, task=new, title=planned.title[: limits.MAX_TITLE_CHARS], role=task.role, priority=task.priority,
            description=command.changes.strip()[: limits.MAX_TEXT_CHARS], criteria=criteria,
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
