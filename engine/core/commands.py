"""Orders to the core: what people and workers ask for. Each is answered by events, or by a refusal with its reason.

Nothing here is stored: what was decided is in the events. `not_before` and other times come from the caller's clock.
"""

import msgspec

from engine.core.crew_commands import AcceptFindings as AcceptFindings
from engine.core.crew_commands import AcceptIntegration as AcceptIntegration
from engine.core.crew_commands import AcceptVerdict as AcceptVerdict
from engine.core.crew_commands import Link as Link
from engine.core.crew_commands import LogDesign as LogDesign
from engine.core.crew_commands import PostInsight as PostInsight
from engine.core.crew_commands import Rejection as Rejection
from engine.core.crew_commands import SuspendWork as SuspendWork
from engine.core.crew_commands import WatchAttempt as WatchAttempt
from engine.core.entities import (
    Choice,
    Criterion,
    Dependents,
    Escalation,
    FailureKind,
    FileRef,
    GateProof,
    GateSpec,
    PostContent,
    Receipt,
    RoleName,
    RunConfig,
    Spec,
    Spend,
    Verdict,
)
from engine.core.ids import BindingId, DecisionId, PostId, RunId, TaskId
from engine.core.plan import PlannedTask
from engine.core.spend_commands import GrantSpend as GrantSpend
from engine.core.spend_commands import ParkRun as ParkRun
from engine.core.spend_commands import SettleSpend as SettleSpend
from engine.core.spend_commands import SpendCommand as SpendCommand
from engine.core.spend_commands import UnparkRun as UnparkRun


class Refused(msgspec.Struct, frozen=True):
    """The order does not fit the state; `reason` says why and what to do. Nothing happened."""

    reason: str


class StartRun(msgspec.Struct, frozen=True):
    """Begin a run on `branch`, whose tip is `base`. The same `dedupe` key never starts a second run."""

    objective: str
    branch: str
    base: str
    config: RunConfig
    by: str
    gates: tuple[GateSpec, ...] = ()
    dedupe: str = ""


class PauseRun(msgspec.Struct, frozen=True):
    """Start nothing new; running attempts finish."""

    run: RunId
    reason: str = ""


class ResumeRun(msgspec.Struct, frozen=True):
    """Start again."""

    run: RunId


class CancelRun(msgspec.Struct, frozen=True):
    """End the run; every unfinished task is abandoned. With `needs_second`, `by` proposes it and another person decides."""

    run: RunId
    reason: str = ""
    needs_second: bool = False
    by: str = ""
    at: str = ""


class AnswerDecision(msgspec.Struct, frozen=True):
    """A person's answer, made out to the question as it stood at `generation` (None: whatever stands now).

    `changes` is the guidance of `retry_with_changes`, the description of `spawn`; the first line titles a spawned task.
    With `needs_second` it takes the same answer of two people.
    """

    decision: DecisionId
    choice: Choice
    by: str
    at: str
    changes: str = ""
    criteria: tuple[Criterion, ...] = ()
    dependents: Dependents | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    generation: int | None = None
    via: str = ""
    needs_second: bool = False


class InterruptTask(msgspec.Struct, frozen=True):
    """Stop the task where it is and ask a person."""

    task: TaskId
    reason: str = ""


class AbandonTask(msgspec.Struct, frozen=True):
    """Give the task up; `dependents` says what becomes of those that wait for it."""

    task: TaskId
    reason: str = ""
    dependents: Dependents | None = None


class ChangeDependencies(msgspec.Struct, frozen=True):
    """Let the task wait for more tasks, or for fewer."""

    task: TaskId
    add: tuple[TaskId, ...] = ()
    remove: tuple[TaskId, ...] = ()


class RetryTask(msgspec.Struct, frozen=True):
    """Try the task again, with a full set of tries and perhaps with guidance, whatever it is doing or waiting for."""

    task: TaskId
    by: str
    at: str
    guidance: str = ""


class RestartRun(msgspec.Struct, frozen=True):
    """Begin again what is under way, held up or (unless `spares_asked`) asked about; what is submitted or landed stays."""

    run: RunId
    by: str
    at: str
    spares_asked: bool = False


class ReplanRun(msgspec.Struct, frozen=True):
    """Give up what is not under way, and let a planner plan it anew with these words."""

    run: RunId
    changes: str = ""


class AddTask(msgspec.Struct, frozen=True):
    """One more task; the first line of `description` is its title, and `max_retries` None is the run's number."""

    run: RunId
    description: str
    role: RoleName = "coder"
    criteria: tuple[Criterion, ...] = ()
    depends_on: tuple[TaskId, ...] = ()
    priority: int = 5
    max_retries: int | None = None


class RaiseBudget(msgspec.Struct, frozen=True):
    """Set a higher cap before the present one is reached, or a first one."""

    run: RunId
    budget_usd: float | None = None
    budget_tokens: int | None = None


class BindChat(msgspec.Struct, frozen=True):
    """Tell of the run in this channel, and let it be steered from there."""

    run: RunId
    adapter: str
    workspace: str
    channel: str


class UnbindChat(msgspec.Struct, frozen=True):
    """Leave the channel."""

    binding: BindingId
    reason: str


class OpenThread(msgspec.Struct, frozen=True):
    """The card was posted, and its thread is open."""

    binding: BindingId
    thread: str


class IntendPost(msgspec.Struct, frozen=True):
    """Something is to be said in a binding's thread; the same `key` is never said twice there."""

    binding: BindingId
    content: PostContent
    key: str
    about: DecisionId | None = None
    lines: tuple[str, ...] = ()
    until_seq: int = 0


class SettlePost(msgspec.Struct, frozen=True):
    """The chat has taken it, or never will."""

    post: PostId
    message: str = ""
    dead: str = ""


class RemindDecision(msgspec.Struct, frozen=True):
    """Ask an unanswered question again."""

    decision: DecisionId


class StartAttempt(msgspec.Struct, frozen=True):
    """A worker takes the task, from the commit `base`."""

    task: TaskId
    base: str


class LogTurns(msgspec.Struct, frozen=True):
    """A batch of conversation is to be recorded."""

    task: TaskId
    attempt: int
    file: FileRef
    turns: int
    spend: Spend


class SubmitWork(msgspec.Struct, frozen=True):
    """The worker says it is done; the engine has committed its tree."""

    task: TaskId
    attempt: int
    commit: str
    summary: str
    evidence: tuple[FileRef, ...] = ()
    disputed: tuple[str, ...] = ()


class AcceptSpec(msgspec.Struct, frozen=True):
    """The director's result: the spec, and one planner task a domain."""

    task: TaskId
    attempt: int
    spec: Spec
    domains: tuple[PlannedTask, ...]
    result: str = ""


class AcceptPlan(msgspec.Struct, frozen=True):
    """A planner's result: tasks to add."""

    task: TaskId
    attempt: int
    tasks: tuple[PlannedTask, ...]
    result: str = ""


class ApproveWork(msgspec.Struct, frozen=True):
    """The review passed the attempt."""

    task: TaskId
    attempt: int
    verdict: Verdict | None
    evidence: tuple[FileRef, ...] = ()


class DeferReview(msgspec.Struct, frozen=True):
    """The review could not be held now; hold it again after `not_before`."""

    task: TaskId
    attempt: int
    failure: FailureKind
    detail: str
    not_before: str = ""
    is_final: bool = False


class FailAttempt(msgspec.Struct, frozen=True):
    """The attempt failed; Phoenix decides what follows. `not_before` holds for an infrastructure failure."""

    task: TaskId
    attempt: int
    failure: FailureKind
    detail: str
    is_final: bool = False
    not_before: str = ""
    verdict: Verdict | None = None
    evidence: tuple[FileRef, ...] = ()
    escalation: Escalation | None = None


class PrepareLanding(msgspec.Struct, frozen=True):
    """The merged tree is proven; the target moves next."""

    task: TaskId
    attempt: int
    receipt: Receipt


class TakeReceiptBack(msgspec.Struct, frozen=True):
    """Somebody else moved the target first; the merge has to be proven anew."""

    task: TaskId
    attempt: int


class RecordLanding(msgspec.Struct, frozen=True):
    """The work is on the target branch."""

    task: TaskId
    attempt: int
    receipt: Receipt


class AskAboutCheckout(msgspec.Struct, frozen=True):
    """Approved work can't land because files in somebody's checkout are in the way."""

    task: TaskId
    attempt: int
    detail: str


class AskAboutBudget(msgspec.Struct, frozen=True):
    """The run's cap is reached; `with_thrift` offers to finish cheaply, where something is begun."""

    run: RunId
    detail: str
    with_thrift: bool = False


class FinishRun(msgspec.Struct, frozen=True):
    """Every task is over; this is what the gates say of the tip."""

    run: RunId
    commit: str
    gates: tuple[GateProof, ...]
    detail: str = ""


class SealRun(msgspec.Struct, frozen=True):
    """Put the files of a run that is over into the archive."""

    run: RunId


class SettleRun(msgspec.Struct, frozen=True):
    """Draw what follows of itself where it is missing, because somebody moved the branch back into the middle of a group."""

    run: RunId


class SetAside(msgspec.Struct, frozen=True):
    """An event of another engine that can't be taken over: its line, its commit, why, and for people when who did what."""

    event: str
    commit: str
    problem: str
    said: str = ""


class SetEventsAside(msgspec.Struct, frozen=True):
    """Two histories were put together, and these events of the run could not follow: keep them, and ask a person."""

    run: RunId
    events: tuple[SetAside, ...]


BasicCommand = StartRun | PauseRun | ResumeRun | CancelRun | InterruptTask | AbandonTask | ChangeDependencies
SteeringCommand = RetryTask | RestartRun | ReplanRun | AddTask | RaiseBudget
PeopleCommand = BasicCommand | AnswerDecision | SteeringCommand
ChatCommand = BindChat | UnbindChat | OpenThread | IntendPost | SettlePost | RemindDecision
Report = (
    LogTurns | SubmitWork | AcceptSpec | AcceptPlan | ApproveWork | DeferReview | FailAttempt | AcceptFindings
    | AcceptIntegration | AcceptVerdict | WatchAttempt | SuspendWork | PostInsight | LogDesign | PrepareLanding
    | TakeReceiptBack | RecordLanding | AskAboutCheckout
)  # fmt: skip
"""What is said of a task's current attempt."""

WorkCommand = Report | StartAttempt | AskAboutBudget | FinishRun | SealRun | SetEventsAside
Command = PeopleCommand | ChatCommand | WorkCommand | SpendCommand | SettleRun
