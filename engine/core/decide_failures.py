"""What follows a failure: another try, a person's question, or what the worker asked for when it escalated. Pure.

An escalation always has a consequence: a research task that the worker's own waits for, a plan in its place, or a question.
"""

from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits, phoenix, plan
from engine.core.blackboard import Blackboard
from engine.core.decide_plans import suspensions
from engine.core.decide_verdicts import mend_first
from engine.core.deciding import TASK_OPTIONS, Events, next_decision_id, next_task_id, refuse_unless
from engine.core.entities import COMMITTERS, Escalation, FailureKind, Task, TaskState
from engine.core.lifecycle import RUN_OVER, TASK

ESCALATION_ASKS: Final[dict[Escalation, str]] = {
    "spec_mismatch": "says that the specification does not fit the repository",
    "blocked_external": "waits for something outside the repository",
}
FAILABLE: Final[frozenset[TaskState]] = frozenset({"active", "awaiting_qa", "approved"})


def decide_failure(board: Blackboard, task: Task, report: c.DeferReview | c.FailAttempt) -> Events | c.Refused:
    """What the failure means for the task."""
    match report:
        case c.DeferReview():
            return _defer(board, task, report)
        case c.FailAttempt():
            return _fail(board, task, report)


def _defer(board: Blackboard, task: Task, report: c.DeferReview) -> Events | c.Refused:
    if (refusal := refuse_unless(task, "awaiting_qa")) is not None:
        return refusal
    is_parked = _is_parked(board, task, report.failure)
    deferrals = task.attempts[-1].deferrals
    if report.is_final or (deferrals >= limits.MAX_INFRA_FAILURES and not is_parked):
        question = f"{task.id} ({task.title}) can't be reviewed: {report.detail}"
        return [
            e.HumanAsked(
                task.run, decision=next_decision_id(board), topic="review", task=task.id, question=question,
                options=("review_again", *TASK_OPTIONS), evidence=report.detail,
            )
        ]  # fmt: skip
    return [
        e.ReviewDeferred(
            task.run, task=task.id, attempt=report.attempt, failure=report.failure, detail=report.detail,
            not_before="" if is_parked else report.not_before, is_parked=is_parked,
            deferrals=0 if is_parked else deferrals + 1,
        )
    ]  # fmt: skip


def _is_parked(board: Blackboard, task: Task, failure: FailureKind) -> bool:
    """Whether the whole run waits for the quota, so that a task's own count and clock say nothing."""
    return failure == "quota" and bool(board.runs[task.run].parked_until)


def _fail(board: Blackboard, task: Task, report: c.FailAttempt) -> Events | c.Refused:
    if plan.handed_to(board, task):
        return c.Refused(f"{task.id} is handed over: its tests land with the code")
    if task.state not in FAILABLE:
        return c.Refused(f"{task.id} is {task.state}; only work under way can fail")
    failed = e.AttemptFailed(
        task.run, task=task.id, attempt=report.attempt, failure=report.failure, detail=report.detail,
        fingerprint=_fingerprint(report.failure, report.detail), is_final=report.is_final, verdict=report.verdict,
        evidence=report.evidence, escalation=report.escalation or "",
    )  # fmt: skip
    if board.runs[task.run].state in RUN_OVER:
        return [failed, e.TaskAbandoned(task.run, task=task.id, reason="its run is over")]
    if report.escalation is not None and (found := _escalated(board, task, report, failed)) is not None:
        return found
    if _is_parked(board, task, report.failure) and not report.is_final:
        return [failed, _when_awake(task, report.attempt)]
    return [failed, *_then(board, task, report)]


def _then(board: Blackboard, task: Task, report: c.FailAttempt) -> Events:
    """What follows the failure itself: another try, another plan, or a question."""
    may_replan = task.role in COMMITTERS and replans_before(board, task) < limits.MAX_REPLANS
    ladder = phoenix.steps(board.runs[task.run].config, may_replan=may_replan)
    match phoenix.next_step(task, report.failure, report.detail, is_final=report.is_final, ladder=ladder):
        case phoenix.Replan(reason):
            return plan_around(board, task, reason)
        case phoenix.Retry(reason, costs, step):
            mend = mend_first(board, task, report.verdict)
            only_tests = report.verdict is not None and report.verdict.fault == "tests" and mend is not None
            retry = e.RetryScheduled(
                task.run, task=task.id, attempt=report.attempt, costs_a_retry=costs and not only_tests, reason=reason,
                not_before=report.not_before, step=step,
            )  # fmt: skip
            return [retry, *_after_mending(task, mend)]
        case phoenix.Ask(question):
            return [_ask(board, task, _in_workers_words(task, report) or question, report.detail)]


def _in_workers_words(task: Task, report: c.FailAttempt) -> str:
    if report.escalation not in ESCALATION_ASKS:
        return ""
    return f"{task.id} ({task.title}): the {task.role} {ESCALATION_ASKS[report.escalation]}: {report.detail}"


def _when_awake(task: Task, attempt: int) -> e.RetryScheduled:
    reason = f"another attempt when {task.run} wakes, which costs nothing"
    return e.RetryScheduled(task.run, task=task.id, attempt=attempt, costs_a_retry=False, reason=reason, is_parked=True)


def _after_mending(task: Task, mend: e.TaskPlanned | None) -> Events:
    """The tests come first, and the task waits for them."""
    if mend is None:
        return []
    waits = e.DependenciesChanged(
        task.run, task=task.id, depends_on=(*task.depends_on, mend.task), reason=f"{mend.task} mends its tests first"
    )
    return [mend, waits]


def _fingerprint(failure: FailureKind, detail: str) -> str:
    return "" if failure in phoenix.INFRASTRUCTURE else phoenix.fingerprint(failure, detail)


def _ask(board: Blackboard, task: Task, question: str, evidence: str) -> e.HumanAsked:
    return e.HumanAsked(
        task.run, decision=next_decision_id(board), topic="task", task=task.id, question=question,
        options=TASK_OPTIONS, evidence=evidence,
    )  # fmt: skip


def _escalated(board: Blackboard, task: Task, report: c.FailAttempt, failed: e.AttemptFailed) -> Events | None:
    """What the worker asked for; None where that is a person's answer."""
    match report.escalation:
        case "needs_research":
            return _research(board, task, report)
        case "needs_replanning" | "scope_too_large":
            if task.role == "director" or replans_before(board, task) >= limits.MAX_REPLANS:
                return None
            why = f"{phoenix.ESCALATIONS[report.escalation]}: {report.detail}"
            return [failed, *plan_around(board, task, why)]
        case "spec_mismatch" | "needs_clarification" | "blocked_external" | None:
            return None


def _research(board: Blackboard, task: Task, report: c.FailAttempt) -> Events | None:
    if task.role == "researcher" or task.state != "active" or suspensions(task) >= limits.MAX_SUSPENSIONS:
        return None
    name = next_task_id(board)
    text = (
        f"{task.id} ({task.title}) can't go on without an answer. Find it, and say how sure it is.\n\n"
        f"What its {task.role} asks:\n{report.detail}"
    )
    return [
        e.TaskPlanned(
            task.run, task=name, title=f"Research for {task.id}, attempt {report.attempt}", role="researcher",
            description=text[: limits.MAX_TEXT_CHARS], priority=8, planned_by=task.id,
            max_retries=board.runs[task.run].config.max_retries,
        ),
        e.WorkSuspended(
            task.run, task=task.id, attempt=report.attempt, waits_for=(name,), evidence=report.evidence,
            detail=f"it waits for research: {report.detail}",
        ),
    ]  # fmt: skip


def plan_around(board: Blackboard, task: Task, why: str) -> Events:
    """A planner's task takes the place of this one; what waited for it waits for the planner, and so for its plan."""
    planner = next_task_id(board)
    text = (
        f"{task.id} could not be done as it was planned. Plan its work anew: smaller, or divided otherwise.\n\n"
        f"What was asked of it ({task.title}):\n{task.description}\n\nWhy it is planned anew:\n{why}"
    )
    found: Events = [
        e.TaskPlanned(
            task.run, task=planner, title=f"Plan {task.id} anew", role="planner", priority=9, planned_by=task.id,
            description=text[: limits.MAX_TEXT_CHARS], max_retries=board.runs[task.run].config.max_retries,
        )
    ]  # fmt: skip
    for name in board.dependents_of.get(task.id, ()):
        waiting = board.tasks[name]
        if TASK[waiting.state]:
            after = tuple(planner if each == task.id else each for each in waiting.depends_on)
            reason = f"{planner} plans {task.id} anew"
            found.append(e.DependenciesChanged(task.run, task=name, depends_on=after, reason=reason))
    return [*found, e.TaskAbandoned(task.run, task=task.id, reason=f"{planner} plans it anew")]


def replans_before(board: Blackboard, task: Task) -> int:
    """How many plans in a row grew out of a task that could not be done, down to this one."""
    count, name = 0, task.planned_by
    while name is not None:
        author = board.tasks[name]
        if author.role == "planner" and author.planned_by and board.tasks[author.planned_by].role != "director":
            count += 1
        name = author.planned_by
    return count
