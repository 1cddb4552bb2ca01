"""The facts of a run, one struct a kind; must not hold rules. On the wire for ever: never rename or remove, add with a default.

`Record` is an event with its place in the log. The JSON of the event is the commit's `Orch-Event` trailer. What chats, the crew's
own words, landings and money bring is in chat_events.py, crew_events.py, landing_events.py and spend_events.py; all of it is named here.
"""

from typing import Final, Literal

import msgspec

from engine.core.chat_events import ChatBound as ChatBound
from engine.core.chat_events import ChatUnbound as ChatUnbound
from engine.core.chat_events import PostIntended as PostIntended
from engine.core.chat_events import PostSettled as PostSettled
from engine.core.chat_events import ThreadOpened as ThreadOpened
from engine.core.crew_events import AttemptWatched as AttemptWatched
from engine.core.crew_events import DesignDecided as DesignDecided
from engine.core.crew_events import InsightPosted as InsightPosted
from engine.core.crew_events import PlanApproved as PlanApproved
from engine.core.crew_events import WorkSuspended as WorkSuspended
from engine.core.entities import (
    Answer,
    Choice,
    Criterion,
    DecisionKind,
    Escalation,
    FailureKind,
    FileRef,
    GateProof,
    GateSpec,
    LadderStep,
    RoleName,
    RunConfig,
    RunState,
    Spec,
    Spend,
    Verdict,
)
from engine.core.event import Event as Event
from engine.core.ids import DecisionId, TaskId
from engine.core.landing_events import LandingOvertaken as LandingOvertaken
from engine.core.landing_events import LandingPrepared as LandingPrepared
from engine.core.landing_events import LandingResumed as LandingResumed
from engine.core.landing_events import WorkCarried as WorkCarried
from engine.core.landing_events import WorkMerged as WorkMerged
from engine.core.spend_events import RunMadeThrifty as RunMadeThrifty
from engine.core.spend_events import RunParked as RunParked
from engine.core.spend_events import RunUnparked as RunUnparked
from engine.core.spend_events import SpendGranted as SpendGranted
from engine.core.spend_events import SpendSettled as SpendSettled


class RunStarted(Event, frozen=True):
    """Somebody asked for an objective; the run begins in `planning`."""

    objective: str
    branch: str
    base: str
    config: RunConfig
    by: str
    gates: tuple[GateSpec, ...] = ()
    dedupe: str = ""


class SpecWritten(Event, frozen=True):
    """The director wrote down what the objective means."""

    spec: Spec
    task: TaskId


class RunMoved(Event, frozen=True):
    """The run's state followed its tasks."""

    to: RunState
    reason: str = ""


class RunPaused(Event, frozen=True):
    """A person stopped new starts."""

    reason: str = ""


class RunResumed(Event, frozen=True):
    """New starts are allowed again."""

    to: RunState


class BudgetRaised(Event, frozen=True):
    """A person allowed more."""

    budget_usd: float | None = None
    budget_tokens: int | None = None


class RunCompleted(Event, frozen=True):
    """Work landed and every gate is green on the target branch."""

    commit: str
    gates: tuple[GateProof, ...] = ()


class RunFailed(Event, frozen=True):
    """The run ended without what it was for."""

    reason: str


class RunCancelled(Event, frozen=True):
    """A person ended the run."""

    reason: str = ""


class RunSealed(Event, frozen=True):
    """The run was over for long: its files become one in the archive, and its conversations stay in the history alone."""


class EventSetAside(Event, frozen=True):
    """Two engines worked apart, and this event of one can't follow those of the other. It changes nothing, and is kept here.

    `event` is its line, `commit` where it stood, `problem` why it could not be taken over.
    """

    commit: str
    event: str
    problem: str


class TaskPlanned(Event, frozen=True):
    """A task exists from now on."""

    task: TaskId
    title: str
    role: RoleName
    description: str = ""
    criteria: tuple[Criterion, ...] = ()
    depends_on: tuple[TaskId, ...] = ()
    priority: int = 5
    max_retries: int = 4
    planned_by: TaskId | None = None
    needs: tuple[str, ...] = ()
    foundation: bool = False


class TaskReadied(Event, frozen=True):
    """Everything the task waited for is complete."""

    task: TaskId


class DependenciesChanged(Event, frozen=True):
    """The task waits for other tasks than before; a ready one may have to wait again."""

    task: TaskId
    depends_on: tuple[TaskId, ...] = ()
    reason: str = ""


class AttemptStarted(Event, frozen=True):
    """A worker began, from the commit `base`."""

    task: TaskId
    attempt: int
    base: str


class TurnsLogged(Event, frozen=True):
    """A batch of the worker's conversation was written, and what those turns cost. No state changes."""

    task: TaskId
    attempt: int
    file: FileRef
    turns: int
    spend: Spend = Spend()


class WorkSubmitted(Event, frozen=True):
    """The engine committed the worker's tree (or holds its result), which now waits for review."""

    task: TaskId
    attempt: int
    commit: str = ""
    summary: str = ""
    result: str = ""
    evidence: tuple[FileRef, ...] = ()
    disputed: tuple[str, ...] = ()


class WorkApproved(Event, frozen=True):
    """The review found every criterion met; the work waits in the merge train."""

    task: TaskId
    attempt: int
    verdict: Verdict | None = None
    evidence: tuple[FileRef, ...] = ()


class AttemptFailed(Event, frozen=True):
    """The attempt is over without success. `is_final` says that trying again the same way can't help."""

    task: TaskId
    attempt: int
    failure: FailureKind
    detail: str
    fingerprint: str = ""
    is_final: bool = False
    verdict: Verdict | None = None
    evidence: tuple[FileRef, ...] = ()
    escalation: Escalation | Literal[""] = ""


class ReviewDeferred(Event, frozen=True):
    """The review could not be held (model, machine); the submitted work waits and nothing is said about it. `deferrals` is how often
    that befell it; 0 where the run is parked, and in events of old, which counted with the task's infrastructure failures.
    """

    task: TaskId
    attempt: int
    failure: FailureKind
    detail: str
    not_before: str = ""
    is_parked: bool = False
    deferrals: int = 0


class ReviewResumed(Event, frozen=True):
    """A person has the submitted work reviewed again; its deferrals are counted anew, and the task's own budget begins anew if that
    is `fresh_budget`.
    """

    task: TaskId
    decision: DecisionId
    fresh_budget: bool = False


class RetryScheduled(Event, frozen=True):
    """The task gets another attempt. `costs_a_retry` is false after an infrastructure failure; where the run is parked, it counts for
    nothing.
    """

    task: TaskId
    attempt: int
    costs_a_retry: bool = True
    not_before: str = ""
    reason: str = ""
    is_parked: bool = False
    step: LadderStep = "brief"


class ResultAccepted(Event, frozen=True):
    """A result that is no commit (a spec, a plan) was validated and taken over."""

    task: TaskId
    attempt: int
    added: tuple[TaskId, ...] = ()


class HumanAsked(Event, frozen=True):
    """A question waits for a person; a task that it is about waits too."""

    decision: DecisionId
    topic: DecisionKind
    question: str
    options: tuple[Choice, ...]
    task: TaskId | None = None
    evidence: str = ""


class DecisionAnswered(Event, frozen=True):
    """The first valid answer; it decides."""

    decision: DecisionId
    answer: Answer


class DecisionWithdrawn(Event, frozen=True):
    """The question no longer matters."""

    decision: DecisionId
    reason: str


class DecisionReminded(Event, frozen=True):
    """Nobody answered for long, and people are asked again. Time never chooses."""

    decision: DecisionId


class DecisionProposed(Event, frozen=True, tag="decision-seconded"):
    """The first of two voices that the choice needs; it decides nothing yet. Its kind on the wire is an older name."""

    decision: DecisionId
    answer: Answer


class HumanRetried(Event, frozen=True):
    """A person sent the task back to work, perhaps with guidance; its count of tries starts again, and its own budget too if that is
    `fresh_budget`.
    """

    task: TaskId
    decision: DecisionId
    guidance: str = ""
    fresh_budget: bool = False


class TaskAbandoned(Event, frozen=True):
    """Nobody will work on the task any more."""

    task: TaskId
    reason: str = ""


RunEvent = (
    RunStarted | SpecWritten | RunMoved | RunPaused | RunResumed | BudgetRaised | RunCompleted | RunFailed | RunCancelled
    | RunSealed | PlanApproved | EventSetAside
)  # fmt: skip
TaskEvent = (
    TaskReadied | DependenciesChanged | AttemptStarted | TurnsLogged | WorkSubmitted | WorkApproved | AttemptFailed
    | ReviewDeferred | RetryScheduled | LandingPrepared | WorkMerged | ResultAccepted | HumanRetried | LandingResumed
    | TaskAbandoned | WorkSuspended | WorkCarried | AttemptWatched | LandingOvertaken
    | ReviewResumed
)  # fmt: skip
DecisionEvent = HumanAsked | DecisionAnswered | DecisionWithdrawn | DecisionReminded | DecisionProposed
NoteEvent = InsightPosted | DesignDecided
SpendEvent = RunParked | RunUnparked | SpendGranted | SpendSettled | RunMadeThrifty
ChatEvent = ChatBound | ChatUnbound | ThreadOpened | PostIntended | PostSettled
AnyEvent = RunEvent | DecisionEvent | TaskPlanned | TaskEvent | NoteEvent | ChatEvent | SpendEvent


class Record(msgspec.Struct, frozen=True):
    """An event in its place: `seq` counts from 1 without a gap, `at` is UTC (`2026-11-22T21:15:29Z`), `actor` did it."""

    seq: int
    at: str
    actor: str
    event: AnyEvent


def named_files(event: AnyEvent) -> tuple[FileRef, ...]:
    """The files beside the entities that came with the event, or before it."""
    match event:
        case TurnsLogged():
            return (event.file,)
        case WorkSubmitted() | WorkApproved() | AttemptFailed() | WorkSuspended():
            return event.evidence
        case LandingPrepared() | WorkMerged() | WorkCarried():
            return event.receipt.evidence
        case _:
            return ()


class UnknownEvent(Exception):
    """A line of the log is no event this version knows: it was edited, or written by a newer version."""


_decoder: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)
_encoder: Final = msgspec.json.Encoder(order="sorted")


def encode(event: AnyEvent) -> str:
    """The event as one line of ASCII JSON, keys sorted."""
    text = _encoder.encode(event).decode("utf-8")
    return text if text.isascii() else "".join(c if c.isascii() else _escape(c) for c in text)


def decode(text: str) -> AnyEvent:
    """The event that `encode` wrote.

    Raises: UnknownEvent with the decoder's reason.
    """
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise UnknownEvent(f"{error}; the line begins {text[:80]!r}") from error


def _escape(char: str) -> str:
    # JSON escapes by UTF-16 code units (RFC 8259 section 7), so a character beyond the BMP becomes a surrogate pair.
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
