"""The facts of approved work on its way to the target branch; must not hold rules. On the wire for ever."""

from engine.core.entities import Receipt
from engine.core.event import Event
from engine.core.ids import DecisionId, TaskId


class LandingPrepared(Event, frozen=True):
    """The merged tree is proven and the target is about to move: after a crash, the receipt tells whether it did."""

    task: TaskId
    attempt: int
    receipt: Receipt


class LandingOvertaken(Event, frozen=True):
    """Somebody else moved the target first: the receipt is taken back, and the merge is proven anew."""

    task: TaskId
    attempt: int


class WorkMerged(Event, frozen=True):
    """The work is on the target branch; the receipt proves it."""

    task: TaskId
    attempt: int
    receipt: Receipt


class WorkCarried(Event, frozen=True):
    """Tests that were shown red are on the target branch and green: they landed in the work of the task `by`."""

    task: TaskId
    attempt: int
    by: TaskId
    receipt: Receipt


class LandingResumed(Event, frozen=True):
    """A person cleared the way; the approved work goes back to the merge train."""

    task: TaskId
    decision: DecisionId
