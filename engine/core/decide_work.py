"""What workers and the engine report, and what it means: attempts, plans, reviews, landings, the end of a run. Pure.

A report about an attempt that is no longer the current one is refused: its worker was cut off in the meantime.
"""

from collections.abc import Sequence
from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, phoenix, plan
from engine.core.blackboard import Blackboard
from engine.core.decide_people import TASK_OPTIONS, Events, next_decision_id, next_task_id
from engine.core.entities import Decision, FailureKind, Receipt, RoleName, Task, TaskState
from engine.core.ids import RunId, TaskId
from engine.core.lifecycle import RUN_OVER

FAILABLE: Final[frozenset[TaskState]] = frozenset({"active", "awaiting_qa", "approved"})
NOTHING_LANDED: Final = "every task is over and nothing landed"


def decide_work(board: Blackboard, command: c.WorkCommand) -> Events | c.Refused:
    """The events that a worker's report amounts to, or why it is refused."""
    match command:
        case c.StartAttempt():
            return _start_attempt(board, command)
        case c.AskAboutBudget():
            return _ask_budget(board, command)
        case c.FinishRun():
            return _finish(board, command)
        case c.SealRun():
            return _seal(board, command)
        case _ as report:
            task = _current(board, report)
            return task if isinstance(task, c.Refused) else _report(board, task, report)


def run_question(board: Blackboard, run: RunId) -> Decision | None:
    """The open question about the run itself, not about one of its tasks; None when there is none."""
    about = (d for d in board.open_decisions.values() if d.run == run and d.task is None)
    return next(about, None)


def is_drained(board: Blackboard, run_id: RunId) -> bool:
    """Whether every task of the run is over and no question is open, so that its end can be judged.

    Never so while it is paused: the last gates are a start too.
    """
    run = board.runs[run_id]
    if run.state in RUN_OVER or run.paused:
        return False
    tasks = len(board.tasks_of.get(run_id, ()))
    over = board.count(run_id, "complete", "abandoned")
    return tasks > 0 and over == tasks and not any(d.run == run_id for d in board.open_decisions.values())


Report = (
    c.LogTurns
    | c.SubmitWork
    | c.AcceptSpec
    | c.AcceptPlan
    | c.ApproveWork
    | c.DeferReview
    | c.FailAttempt
    | c.PrepareLanding
    | c.RecordLanding
    | c.AskAboutCheckout
)


def _current(board: Blackboard, report: Report) -> Task | c.Refused:
    task = board.tasks.get(report.task)
    if task is None:
        return c.Refused(f"there is no task {report.task}")
    if task.attempt is None or task.attempt.number != report.attempt:
        return c.Refused(f"attempt {report.attempt} of {task.id} is not the current one")
    return task


def _report(board: Blackboard, task: Task, report: Report) -> Events | c.Refused:  # noqa: C901, PLR0911 - a table, one row a kind
    match report:
        case c.LogTurns():
            return _log(task, report)
        case c.SubmitWork():
            return _submit(task, report)
        case c.AcceptSpec():
            return _accept_spec(board, task, report)
        case c.AcceptPlan():
            return _accept_plan(board, task, report)
        case c.ApproveWork():
            return _approve(task, report)
        case c.DeferReview():
            return _defer(board, task, report)
        case c.FailAttempt():
            return _fail(board, task, report)
        case c.PrepareLanding():
            return _prepare(board, task, report)
        case c.RecordLanding():
            return _unfit(task, report.receipt) or [
                e.WorkMerged(task.run, task=task.id, attempt=report.attempt, receipt=report.receipt)
            ]
        case c.AskAboutCheckout():
            return _need(task, "approved") or _ask_checkout(board, task, report)


def _ask_checkout(board: Blackboard, task: Task, report: c.AskAboutCheckout) -> Events:
    if board.runs[task.run].state in RUN_OVER:
        return [e.TaskAbandoned(task.run, task=task.id, reason="its run is over")]
    return [
        e.HumanAsked(
            task.run, decision=next_decision_id(board), topic="checkout", task=task.id, evidence=report.detail,
            question=f"{task.id} ({task.title}) is approved, but can't land",
            options=("land_now", "retry", "abandon"),
        )
    ]  # fmt: skip


def _need(task: Task, state: TaskState, *roles: RoleName) -> c.Refused | None:
    if roles and task.role not in roles:
        return c.Refused(f"{task.id} is a {task.role}'s task; that is for a {' or a '.join(roles)} to report")
    return None if task.state == state else c.Refused(f"{task.id} is {task.state}, not {state}")


def _start_attempt(board: Blackboard, command: c.StartAttempt) -> Events | c.Refused:
    task = board.tasks.get(command.task)
    if task is None:
        return c.Refused(f"there is no task {command.task}")
    if (refusal := _need(task, "ready")) is not None:
        return refusal
    run = board.runs[task.run]
    if run.paused or run.state in RUN_OVER:
        return c.Refused(f"{run.id} is {run.state}")
    if (held := run_question(board, run.id)) is not None:
        return c.Refused(f"{run.id} waits for a person: answer {held.id}")
    number = len(task.attempts) + 1
    return [e.AttemptStarted(task.run, task=task.id, attempt=number, base=command.base)]


def _log(task: Task, report: c.LogTurns) -> Events | c.Refused:
    return [
        e.TurnsLogged(
            task.run, task=task.id, attempt=report.attempt, file=report.file, turns=report.turns, spend=report.spend
        )
    ]


def _submit(task: Task, report: c.SubmitWork) -> Events | c.Refused:
    if (refusal := _need(task, "active", "coder", "tester")) is not None:
        return refusal
    if not report.commit:
        return c.Refused(f"{task.id} has no commit; work without one can't be submitted")
    return [
        e.WorkSubmitted(
            task.run, task=task.id, attempt=report.attempt, commit=report.commit, summary=report.summary,
            evidence=report.evidence,
        )
    ]  # fmt: skip


def _approve(task: Task, report: c.ApproveWork) -> Events | c.Refused:
    if (refusal := _need(task, "awaiting_qa")) is not None:
        return refusal
    if report.verdict is not None and not report.verdict.passed:
        return c.Refused(f"the verdict on {task.id} is no; report the attempt as failed")
    return [
        e.WorkApproved(
            task.run, task=task.id, attempt=report.attempt, verdict=report.verdict, evidence=report.evidence
        )
    ]  # fmt: skip


def _prepare(board: Blackboard, task: Task, report: c.PrepareLanding) -> Events | c.Refused:
    if (refusal := _unfit(task, report.receipt)) is not None:
        return refusal
    if board.runs[task.run].state in RUN_OVER:
        return c.Refused(f"{task.run} is over: nothing more lands; report the attempt as failed, to abandon {task.id}")
    return [e.LandingPrepared(task.run, task=task.id, attempt=report.attempt, receipt=report.receipt)]


def _unfit(task: Task, receipt: Receipt) -> c.Refused | None:
    if (refusal := _need(task, "approved")) is not None:
        return refusal
    approved = task.attempt.commit if task.attempt else ""
    if receipt.work != approved:
        return c.Refused(f"the receipt is for {receipt.work}, but {approved} was approved for {task.id}")
    red = [check.name for check in receipt.checks if check.exit_code != 0]
    if red:
        return c.Refused(f"{', '.join(red)} of {task.id} is red on the merged tree; report the attempt as failed")
    return None


def _accept_spec(board: Blackboard, task: Task, report: c.AcceptSpec) -> Events | c.Refused:
    if (refusal := _need(task, "active", "director")) is not None:
        return refusal
    if len(report.domains) > limits.MAX_DOMAINS:
        return c.Refused(f"{len(report.domains)} domains; {limits.MAX_DOMAINS} are possible")
    planned = _plan_events(board, task, report.domains)
    if isinstance(planned, c.Refused):
        return planned
    written = e.SpecWritten(task.run, spec=report.spec, task=task.id)
    submitted = _submitted(task, report.attempt, report.result, planned)
    return [*submitted, written, *planned, _taken(task, report.attempt, planned)]


def _accept_plan(board: Blackboard, task: Task, report: c.AcceptPlan) -> Events | c.Refused:
    if (refusal := _need(task, "active", "planner")) is not None:
        return refusal
    planned = _plan_events(board, task, report.tasks)
    if isinstance(planned, c.Refused):
        return planned
    submitted = _submitted(task, report.attempt, report.result, planned)
    return [*submitted, *planned, _taken(task, report.attempt, planned)]


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
    found = plan.faults(existing, planned)
    if len(existing) + len(planned) > limits.MAX_TASKS_PER_RUN:
        found.append(f"the run would have over {limits.MAX_TASKS_PER_RUN} tasks")
    if found:
        return c.Refused("the plan can't be taken over: " + "; ".join(found))
    names = {entry.key: next_task_id(board, offset) for offset, entry in enumerate(planned)}
    retries = board.runs[task.run].config.max_retries
    return [
        e.TaskPlanned(
            task.run, task=names[entry.key], title=entry.title.strip()[: limits.MAX_TITLE_CHARS], role=entry.role,
            description=entry.description[: limits.MAX_TEXT_CHARS], criteria=entry.criteria, priority=entry.priority,
            depends_on=tuple(dict.fromkeys(names.get(d, TaskId(d)) for d in entry.depends_on)), max_retries=retries,
            planned_by=task.id,
        )
        for entry in planned
    ]  # fmt: skip


def _defer(board: Blackboard, task: Task, report: c.DeferReview) -> Events | c.Refused:
    if (refusal := _need(task, "awaiting_qa")) is not None:
        return refusal
    if report.is_final or task.infra_failures >= limits.MAX_INFRA_FAILURES:
        return [_ask(board, task, f"{task.id} ({task.title}) can't be reviewed: {report.detail}", report.detail)]
    return [
        e.ReviewDeferred(
            task.run, task=task.id, attempt=report.attempt, failure=report.failure, detail=report.detail,
            not_before=report.not_before,
        )
    ]  # fmt: skip


def _fail(board: Blackboard, task: Task, report: c.FailAttempt) -> Events | c.Refused:
    if task.state not in FAILABLE:
        return c.Refused(f"{task.id} is {task.state}; only work under way can fail")
    failed = e.AttemptFailed(
        task.run, task=task.id, attempt=report.attempt, failure=report.failure, detail=report.detail,
        fingerprint=_fingerprint(report.failure, report.detail), is_final=report.is_final, verdict=report.verdict,
        evidence=report.evidence,
    )  # fmt: skip
    if board.runs[task.run].state in RUN_OVER:
        return [failed, e.TaskAbandoned(task.run, task=task.id, reason="its run is over")]
    match phoenix.next_step(task, report.failure, report.detail, is_final=report.is_final):
        case phoenix.Retry(reason, costs):
            retry = e.RetryScheduled(
                task.run, task=task.id, attempt=report.attempt, costs_a_retry=costs, reason=reason,
                not_before=report.not_before,
            )  # fmt: skip
            return [failed, retry]
        case phoenix.Ask(question):
            return [failed, _ask(board, task, question, report.detail)]


def _fingerprint(failure: FailureKind, detail: str) -> str:
    return "" if failure in phoenix.INFRASTRUCTURE else phoenix.fingerprint(failure, detail)


def _ask(board: Blackboard, task: Task, question: str, evidence: str) -> e.HumanAsked:
    return e.HumanAsked(
        task.run, decision=next_decision_id(board), topic="task", task=task.id, question=question,
        options=TASK_OPTIONS, evidence=evidence,
    )  # fmt: skip


def _ask_budget(board: Blackboard, command: c.AskAboutBudget) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None or run.state in RUN_OVER:
        return c.Refused(f"{command.run} is not under way")
    if any(d.run == run.id and d.kind == "budget" for d in board.open_decisions.values()):
        return c.Refused(f"{run.id} waits for an answer about its budget already")
    return [
        e.HumanAsked(
            run.id, decision=next_decision_id(board), topic="budget", options=("raise_budget", "stop"),
            question=f"{run.id} has reached its budget. Raise it, or stop the run?", evidence=command.detail,
        )
    ]  # fmt: skip


def _finish(board: Blackboard, command: c.FinishRun) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None or run.state in RUN_OVER:
        return c.Refused(f"{command.run} is not under way")
    if not is_drained(board, run.id):
        return c.Refused(f"{run.id} is not at its end: it is {run.state}, or has tasks or questions that are open")
    if board.count(run.id, "complete", "abandoned") < len(board.tasks_of[run.id]):
        return c.Refused(f"{run.id} still has unfinished tasks")
    if run.landed == 0:
        return [e.RunFailed(run.id, reason=NOTHING_LANDED)]
    red = [gate.name for gate in command.gates if gate.exit_code != 0]
    if not red:
        return [e.RunCompleted(run.id, commit=command.commit, gates=command.gates)]
    return [
        e.HumanAsked(
            run.id, decision=next_decision_id(board), topic="run_red", options=("replan", "stop"),
            question=f"All tasks of {run.id} are over, but {', '.join(red)} is red on {run.branch}. Plan more work?",
            evidence=command.detail,
        )
    ]  # fmt: skip


def _seal(board: Blackboard, command: c.SealRun) -> Events | c.Refused:
    run = board.runs.get(command.run)
    if run is None:
        return c.Refused(f"there is no run {command.run}")
    if run.state not in RUN_OVER or run.sealed_at:
        return c.Refused(f"{run.id} is {'sealed already' if run.sealed_at else f'{run.state}, not over'}")
    if any(board.chat.posts[name].run == run.id for name in board.chat.unsettled):
        return c.Refused(f"something about {run.id} is still to be posted")
    return [e.RunSealed(run.id)]
