"""What the events make of a task: the fold of one task. Must not decide anything, nor know other tasks or the run."""

import msgspec

from engine.core import events as e
from engine.core.entities import Attempt, Spend, Task, TaskState
from engine.core.lifecycle import BrokenHistory, check_task


def planned(event: e.TaskPlanned, at: str) -> Task:
    """The task as it begins."""
    return Task(
        id=event.task, run=event.run, title=event.title, role=event.role, state="planned", created_at=at, updated_at=at,
        description=event.description, criteria=event.criteria, depends_on=event.depends_on, priority=event.priority,
        max_retries=event.max_retries, planned_by=event.planned_by, needs=event.needs,
        foundation=event.foundation,
    )  # fmt: skip


def folded(task: Task, at: str, event: e.TaskEvent) -> Task:  # noqa: C901, PLR0911 - a table, one row a kind
    """The task after the event.

    Raises: BrokenHistory for an attempt that is not the current one, IllegalTransition for a step the table does not have.
    """
    _check_attempt(task, event)
    match event:
        case e.TurnsLogged():
            return _attempt(task, at, turns=_last(task).turns + event.turns, spend=_last(task).spend + event.spend)
        case e.AttemptWatched():
            return _attempt(task, at, nudges=(*_last(task).nudges, event.nudge))
        case e.TaskReadied():
            return task_to(task, "ready", at)
        case e.DependenciesChanged():
            task = msgspec.structs.replace(task, depends_on=event.depends_on, updated_at=at)
            return task_to(task, "planned", at) if task.state == "ready" else task
        case e.AttemptStarted():
            begun = Attempt(number=event.attempt, base=event.base, started_at=at)
            return task_to(task, "active", at, attempts=(*task.attempts, begun), not_before="")
        case e.WorkSubmitted():
            done = _attempt(
                task, at, commit=event.commit, summary=event.summary, evidence=event.evidence, disputed=event.disputed
            )
            return task_to(done, "awaiting_qa", at, result=event.result)
        case e.LandingPrepared():
            return msgspec.structs.replace(task, receipt=event.receipt, updated_at=at)
        case e.LandingOvertaken():
            return msgspec.structs.replace(task, receipt=None, updated_at=at)
        case e.ReviewDeferred():
            if event.deferrals:
                put_off = _attempt(task, at, deferrals=event.deferrals)
                return msgspec.structs.replace(put_off, not_before=event.not_before)
            infra = task.infra_failures + (not event.is_parked)
            return msgspec.structs.replace(task, infra_failures=infra, not_before=event.not_before, updated_at=at)
        case _ as outcome:
            return _outcome(task, at, outcome)


AboutAttempt = (
    e.TurnsLogged | e.WorkSubmitted | e.WorkApproved | e.AttemptFailed | e.ReviewDeferred | e.RetryScheduled
    | e.LandingPrepared | e.WorkMerged | e.ResultAccepted | e.WorkSuspended | e.WorkCarried
    | e.AttemptWatched | e.LandingOvertaken
)  # fmt: skip
Outcome = (
    e.WorkApproved | e.AttemptFailed | e.RetryScheduled | e.WorkMerged | e.ResultAccepted | e.HumanRetried
    | e.LandingResumed | e.TaskAbandoned | e.WorkSuspended | e.WorkCarried | e.ReviewResumed
)  # fmt: skip


def _outcome(task: Task, at: str, event: Outcome) -> Task:  # noqa: C901, PLR0911 - a table, one row a kind
    match event:
        case e.WorkApproved():
            evidence = (*_last(task).evidence, *event.evidence)
            task = _attempt(task, at, verdict=event.verdict, evidence=evidence)
            return task_to(task, "approved", at, not_before="")
        case e.AttemptFailed():
            return task_to(_failed(task, at, event), "failed", at, receipt=None)
        case e.RetryScheduled():
            tries, infra = (
                (task.tries + 1, 0)
                if event.costs_a_retry
                else (task.tries, task.infra_failures + (not event.is_parked))
            )
            return task_to(
                task, "ready", at, tries=tries, infra_failures=infra, not_before=event.not_before,
                step=task.step if event.step == "brief" else event.step,
            )  # fmt: skip
        case e.WorkMerged():
            done = _attempt(task, at, ended_at=at)
            return task_to(done, "complete", at, receipt=event.receipt, finished_at=at, not_before="")
        case e.WorkCarried():
            done = _attempt(task, at, ended_at=at)
            return task_to(done, "complete", at, receipt=event.receipt, finished_at=at, carried_by=event.by)
        case e.ResultAccepted():
            return task_to(_attempt(task, at, ended_at=at), "complete", at, finished_at=at)
        case e.HumanRetried():
            guidance = (*task.guidance, event.guidance) if event.guidance else task.guidance
            task = cut_off(task, at, "a person asked for another attempt")
            task = _with_fresh_budget(task) if event.fresh_budget else task
            return task_to(
                task, "planned", at, tries=0, infra_failures=0, guidance=guidance, decision=None, not_before=""
            )
        case e.WorkSuspended():
            left = (*_last(task).evidence, *event.evidence)
            task = _attempt(
                task, at, ended_at=at, failure="suspended", detail=event.detail, evidence=left, commit=event.commit
            )
            after = tuple(dict.fromkeys((*task.depends_on, *event.waits_for)))
            return task_to(task, "planned", at, depends_on=after)
        case e.ReviewResumed():
            task = _attempt(_with_fresh_budget(task) if event.fresh_budget else task, at, deferrals=0)
            return task_to(task, "awaiting_qa", at, decision=None, not_before="")
        case e.LandingResumed():
            return task_to(task, "approved", at, decision=None)
        case e.TaskAbandoned():
            cut = cut_off(task, at, event.reason)
            return task_to(
                cut, "abandoned", at, decision=None, finished_at=at, not_before="", receipt=None, reason=event.reason
            )


def _with_fresh_budget(task: Task) -> Task:
    return msgspec.structs.replace(task, spent_before=sum((a.spend for a in task.attempts), Spend()))


def _failed(task: Task, at: str, event: e.AttemptFailed) -> Task:
    last = _last(task)
    return _attempt(
        task, at, ended_at=at, failure=event.failure, detail=event.detail, fingerprint=event.fingerprint,
        verdict=event.verdict or last.verdict, evidence=(*last.evidence, *event.evidence),
    )  # fmt: skip


def _check_attempt(task: Task, event: e.TaskEvent) -> None:
    if isinstance(event, e.AttemptStarted) and event.attempt != len(task.attempts) + 1:
        raise BrokenHistory(f"attempt {event.attempt} of {task.id} can't follow {len(task.attempts)}")
    if isinstance(event, AboutAttempt) and event.attempt != _last(task).number:
        raise BrokenHistory(f"{task.id} is in attempt {_last(task).number}, not {event.attempt}")


def cut_off(task: Task, at: str, why: str) -> Task:
    """The task whose attempt, if one is under way, ends here."""
    if task.attempt is None or task.attempt.ended_at:
        return task
    return _attempt(task, at, ended_at=at, failure="interrupted", detail=why)


def _last(task: Task) -> Attempt:
    if not task.attempts:
        raise BrokenHistory(f"{task.id} has no attempt yet")
    return task.attempts[-1]


def _attempt(task: Task, at: str, **changes: object) -> Task:
    last = msgspec.structs.replace(_last(task), **changes)
    return msgspec.structs.replace(task, attempts=(*task.attempts[:-1], last), updated_at=at)


def task_to(task: Task, to: TaskState, at: str, **changes: object) -> Task:
    """The task in another state.

    Raises: IllegalTransition.
    """
    check_task(task.id, task.state, to)
    return msgspec.structs.replace(task, state=to, updated_at=at, generation=task.generation + 1, **changes)
