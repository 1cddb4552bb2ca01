"""What we say about a task beside its state: why it waits, what its last attempt ended with, where it landed."""

from collections.abc import Sequence

from bot.replies.words import listed
from engine.core import phoenix
from engine.core.entities import Attempt, FailureKind, Nudge, Receipt
from engine.core.ids import DecisionId, TaskId


def waits_for(names: Sequence[TaskId]) -> str:
    """A planned task's blockers."""
    return f"waits for {listed(names)}"


def waits_for_abandoned(names: Sequence[TaskId], task: TaskId) -> str:
    """A planned task whose dependency will never be complete; names the exit."""
    return f"{listed(names)} was abandoned: `orch abandon {task}`"


def waits_until(not_before: str) -> str:
    """An infrastructure failure's backoff; `not_before` is the log's UTC time."""
    return f"waits until {not_before[11:19]} UTC"


def is_held(why: str) -> str:
    """A ready task of a run that starts nothing now."""
    return f"not started: {why}"


def asks(decision: DecisionId, why: str) -> str:
    """A task that waits for a person; `why` is its last failure in words, or empty."""
    return f"answer {decision}: {why}" if why else f"answer {decision}"


def last_failed(attempt: Attempt) -> str:
    """The failure that the next attempt has to do better than."""
    return f"attempt {attempt.number}: {failed(attempt.failure)}"


def failed(failure: FailureKind | str) -> str:
    """The failure in words; empty for none."""
    return phoenix.words(failure) if failure else ""  # type: ignore[arg-type]  # the empty string was ruled out


def landed(receipt: Receipt) -> str:
    """Where complete work is."""
    return f"landed as {receipt.commit[:8]}"


def lands() -> str:
    """The merged tree is proven, and the target is being moved."""
    return "landing now"


def watched(nudge: Nudge) -> str:
    """What the guardian saw of an attempt."""
    return f"{nudge.rating.replace('_', ' ')} at turn {nudge.turn}: {nudge.text or nudge.trajectory}"


def shown_red(takers: Sequence[TaskId]) -> str:
    """Tests that were shown red and wait for the code."""
    return f"shown red, lands with {listed(takers)}" if takers else "shown red"


def waits_to_land() -> str:
    """Approved, in the merge train."""
    return "in the merge train"


def is_reviewed() -> str:
    """Submitted, under review."""
    return "its checks run, then the review"


def is_guided(guidance: str) -> str:
    """A person's words, which the present set of tries follows."""
    return f"with changes: {guidance}"
