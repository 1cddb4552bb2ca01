"""Phoenix: what follows a failed attempt. Pure: a failure and its history go in, one step comes out.

The count restarts after a person's answer: new guidance deserves a full set of tries. Infrastructure failures have their
own cap and never cost a retry, since they say nothing about the work.
"""

import hashlib
import itertools
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from engine.core import limits
from engine.core.entities import Attempt, Escalation, FailureKind, LadderStep, RunConfig, Task

INFRASTRUCTURE: Final[frozenset[FailureKind]] = frozenset({"quota", "model_error", "lost", "interrupted", "budget"})


class Retry(msgspec.Struct, frozen=True):
    """Try again; `costs_a_retry` is false after an infrastructure failure."""

    reason: str
    costs_a_retry: bool = True
    step: LadderStep = "brief"


class Replan(msgspec.Struct, frozen=True):
    """Let a planner plan the task anew, smaller or otherwise; `reason` is why."""

    reason: str


class Ask(msgspec.Struct, frozen=True):
    """A person has to decide; `question` is what to ask."""

    question: str


def next_step(
    task: Task, failure: FailureKind, detail: str, *, is_final: bool = False, ladder: Sequence[LadderStep] = ()
) -> Retry | Replan | Ask:
    """What to do about the task, whose attempt is failing for this reason.

    One attempt and `max_retries` retries, then a person. A failure that no further attempt can mend (`is_final`) and an
    escalation by the worker itself go to a person at once. `ladder` are the steps for a failure that comes again in the same way.
    """
    name = f"{task.id} ({task.title})"
    if failure == "escalated":
        return Ask(f"{name}: the {task.role} asks for help: {detail}")
    if is_final:
        return Ask(f"{name} can't go on: {detail}")
    if failure in INFRASTRUCTURE:
        if task.infra_failures < limits.MAX_INFRA_FAILURES:
            return Retry(f"another attempt, which costs no retry, because {words(failure)}", costs_a_retry=False)
        return Ask(
            f"{name} was held up {task.infra_failures + 1} times in a row, last because {words(failure)}. What now?"
        )
    if (higher := _climb(task, failure, detail, ladder)) is not None:
        return higher
    if task.tries < task.max_retries:
        return Retry(f"retry {task.tries + 1} of {task.max_retries}, because {words(failure)}")
    return Ask(
        f"{name} failed {task.tries + 1} time{'s' if task.tries else ''}, last because {words(failure)}. What now?"
    )


def _climb(task: Task, failure: FailureKind, detail: str, ladder: Sequence[LadderStep]) -> Retry | Replan | Ask | None:
    """What the ladder says about a failure that has come before in the same way; None where that is a brief."""
    times = repetitions(task, failure, detail)
    step = ladder[min(times, len(ladder)) - 1] if ladder and times > 1 else "brief"
    match step:
        case "human":
            return Ask(f"{task.id} ({task.title}) failed {times} times in the same way: {words(failure)}. What now?")
        case "replan":
            return Replan(f"it failed {times} times in the same way ({words(failure)}): {detail}")
        case "stronger_model" if task.tries < task.max_retries:
            reason = f"retry {task.tries + 1} of {task.max_retries} with a stronger model, because it failed twice in the same way"
            return Retry(reason, step="stronger_model")
        case "stronger_model" | "brief":
            return None


def conflicted(attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt whose work is good and only conflicts with what landed meanwhile. However often the merger fails, it stays good."""
    return next((each for each in reversed(attempts) if each.failure == "conflict" and each.commit), None)


def checkpoint(attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt that was put off with work in hand, if nothing has come of the task since: the next one goes on from it."""
    last = next((each for each in reversed(attempts) if each.failure and each.failure not in INFRASTRUCTURE), None)
    return last if last is not None and last.failure == "suspended" and last.commit else None


def backoff_s(infra_failures: int) -> float:
    """Seconds to wait after so many infrastructure failures in a row (0 for the first): doubling, capped."""
    return min(limits.INFRA_BACKOFF_S * 2.0 ** min(infra_failures, 32), limits.MAX_INFRA_BACKOFF_S)


def fingerprint(failure: FailureKind, detail: str) -> str:
    """Twelve hex digits that are the same for failures alike: numbers, addresses and times are left out."""
    plain = re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "#", detail.casefold())
    return hashlib.sha256(f"{failure}\n{' '.join(plain.split())}".encode("utf-8", "replace")).hexdigest()[:12]


def repetitions(task: Task, failure: FailureKind, detail: str) -> int:
    """How many times in a row, with this failure, the task failed in the same way since a person last answered."""
    mark = fingerprint(failure, detail)
    same = next((attempt.fingerprint for attempt in reversed(task.attempts) if attempt.fingerprint), "") == mark
    return min(repeats(task) + 1, task.tries + 1) if same else 1


def steps(run: RunConfig, *, may_replan: bool) -> tuple[LadderStep, ...]:
    """The ladder's steps that are there: a stronger model only where one is named, a new plan only where one may be made."""
    missing = {"stronger_model"} if not run.stronger_model else set()
    missing |= set() if may_replan else {"replan"}
    return tuple(step for step in run.ladder if step not in missing)


def repeats(task: Task) -> int:
    """How many attempts in a row, counted from the latest backwards, failed with the same fingerprint.

    Attempts without one (infrastructure) are passed over: they say nothing about the work.
    """
    marks = [attempt.fingerprint for attempt in reversed(task.attempts) if attempt.fingerprint]
    return sum(1 for _ in itertools.takewhile(lambda mark: mark == marks[0], marks))


WORDS: Final[dict[FailureKind, str]] = {
    "wrong_result": "the result was not usable",
    "tests_red": "its checks were red",
    "qa_rejected": "the review rejected it",
    "conflict": "it conflicts with what landed meanwhile",
    "merged_red": "the merged tree was red",
    "stuck": "the worker was stuck",
    "timeout": "it ran out of time",
    "bad_spec": "the task can't be done as it is written",
    "escalated": "the worker asked for help",
    "suspended": "it waits for other tasks",
    "quota": "the model's quota is used up",
    "model_error": "the model did not answer",
    "lost": "the attempt was cut off",
    "interrupted": "it was interrupted",
    "budget": "the budget is used up",
}


ESCALATIONS: Final[dict[Escalation, str]] = {
    "needs_research": "it needs an answer that has to be looked up",
    "needs_replanning": "it has to be planned differently",
    "spec_mismatch": "the specification does not fit the repository",
    "needs_clarification": "it needs a person's word",
    "blocked_external": "it waits for something outside the repository",
    "scope_too_large": "it is too large for one task",
}


def words(failure: FailureKind) -> str:
    """The failure as the end of a sentence: `because …`."""
    return WORDS[failure]
