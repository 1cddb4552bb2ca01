"""What the blackboard holds: runs, tasks, decisions; must not hold rules (lifecycle, decide) or know how it is stored.

Every struct is frozen and leaves out fields that are at their default when it is written, so that a field added later
changes no byte of an old file: old commits verify for ever.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from engine.core.ids import DecisionId, RunId, TaskId

RunState = Literal["planning", "running", "paused", "waiting_human", "completed", "failed", "cancelled"]
TaskState = Literal[
    "planned", "ready", "active", "awaiting_qa", "approved", "complete", "failed", "waiting_human", "abandoned"
]
RoleName = Literal[
    "director",
    "planner",
    "coder",
    "tester",
    "strategist",
    "researcher",
    "test_architect",
    "writer",
    "merger",
    "integrator",
    "guardian",
]
PLANNING: Final[frozenset[RoleName]] = frozenset({"director", "planner", "integrator"})
"""Roles whose work makes the plan."""

COMMITTERS: Final[tuple[RoleName, ...]] = ("coder", "tester", "test_architect", "writer")
"""Roles whose work is a commit."""

FailureKind = Literal[
    "wrong_result",
    "tests_red",
    "qa_rejected",
    "conflict",
    "merged_red",
    "stuck",
    "timeout",
    "bad_spec",
    "escalated",
    "suspended",
    "quota",
    "model_error",
    "lost",
    "interrupted",
    "budget",
]
"""Why an attempt failed. From `quota` on it is infrastructure: it never costs a retry (phoenix.py). `bad_spec` is kept for old logs."""

Escalation = Literal[
    "needs_research", "needs_replanning", "spec_mismatch", "needs_clarification", "blocked_external", "scope_too_large"
]
"""What a worker asks for when it can't go on (decide_failures.py says what follows)."""

Rating = Literal["on_track", "drifting", "blocked", "stalled"]
Tone = Literal["gentle", "direct", "firm"]
Fault = Literal["work", "tests", "both"]
LadderStep = Literal["brief", "stronger_model", "replan", "human"]
"""What follows when an attempt fails in the same way again; each repetition is one step up."""

DecisionKind = Literal["task", "budget", "checkout", "run_red", "cancel", "plan", "acceptance", "apart", "review"]
Choice = Literal[
    "retry",
    "retry_with_changes",
    "abandon",
    "spawn",
    "raise_budget",
    "land_now",
    "replan",
    "stop",
    "keep",
    "finish_cheaply",
    "approve",
    "review_again",
]
Dependents = Literal["cascade", "drop", "replan"]
PostContent = Literal["decision", "digest", "picture", "summary"]


class FileRef(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A file beside the entities (a log batch, a diff, an output): its path on the state branch, git blob id, size."""

    path: str
    oid: str
    size: int


class Criterion(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One thing that must hold; `check` is a shell command that the engine runs: exit code 0 means it holds."""

    text: str
    check: str = ""


class GateSpec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A check of the whole tree. `junit` names the XML report the command writes, empty when there is none."""

    name: str
    run: str
    timeout_s: float = 600.0
    junit: str = ""


class GateProof(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a gate or a task's own check did on the merged tree: exit code, tests by outcome, seconds."""

    name: str
    run: str
    exit_code: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    duration_s: float = 0.0


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The proof behind `complete`: which merge commit landed, on what tip, with which tree, under which gates."""

    commit: str
    work: str
    tip: str
    tree: str
    branch: str
    checks: tuple[GateProof, ...] = ()
    gates: tuple[GateProof, ...] = ()
    evidence: tuple[FileRef, ...] = ()


class CriterionVerdict(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The strategist's word on one criterion (numbered from 1) and what it rests on."""

    number: int
    passed: bool
    evidence: str = ""


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The strategist's word on an attempt. `notes` came with a pass; `wrong_tests` are tests (`path: why`) that ask for the
    wrong thing; `fault` says what did not pass.
    """

    passed: bool
    criteria: tuple[CriterionVerdict, ...] = ()
    feedback: str = ""
    notes: tuple[str, ...] = ()
    wrong_tests: tuple[str, ...] = ()
    fault: Fault | Literal[""] = ""

    @property
    def word(self) -> str:
        """The verdict in a word or two: passed, passed with notes, rejected, and what is wrong besides the work."""
        if self.passed:
            return "passed with notes" if self.notes or self.wrong_tests else "passed"
        return {"tests": "the tests are wrong", "both": "the work and the tests are wrong"}.get(self.fault, "rejected")


class Spend(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What models were paid: tokens, and US dollars where the price is known."""

    tokens: int = 0
    cost_usd: float = 0.0
    unpriced_tokens: int = 0

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(
            tokens=self.tokens + other.tokens,
            cost_usd=round(self.cost_usd + other.cost_usd, 9),
            unpriced_tokens=self.unpriced_tokens + other.unpriced_tokens,
        )


class Nudge(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the guardian saw after a turn, and what it said to the worker (nothing, when all was well)."""

    turn: int
    rating: Rating
    trajectory: str = ""
    tone: Tone | Literal[""] = ""
    text: str = ""


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One try of a task, in its own worktree. `failure` is empty while it runs and when it succeeded; `deferrals` is how often in a
    row its review could not be held.
    """

    number: int
    base: str
    started_at: str
    ended_at: str = ""
    commit: str = ""
    summary: str = ""
    failure: FailureKind | Literal[""] = ""
    detail: str = ""
    fingerprint: str = ""
    verdict: Verdict | None = None
    evidence: tuple[FileRef, ...] = ()
    disputed: tuple[str, ...] = ()
    nudges: tuple[Nudge, ...] = ()
    turns: int = 0
    spend: Spend = Spend()
    deferrals: int = 0


class Task(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A piece of work. `needs` are dependencies on other domains, in words; a `foundation` is planned for others to build on.
    `tries` counts attempts that cost a retry since a person last answered; `generation` counts
    changes of state, so that an answer to an old question is recognised.
    """

    id: TaskId
    run: RunId
    title: str
    role: RoleName
    state: TaskState
    created_at: str
    updated_at: str
    description: str = ""
    criteria: tuple[Criterion, ...] = ()
    depends_on: tuple[TaskId, ...] = ()
    priority: int = 5
    max_retries: int = 4
    planned_by: TaskId | None = None
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    infra_failures: int = 0
    guidance: tuple[str, ...] = ()
    generation: int = 0
    decision: DecisionId | None = None
    not_before: str = ""
    result: str = ""
    receipt: Receipt | None = None
    finished_at: str = ""
    reason: str = ""
    carried_by: TaskId | None = None
    spent_before: Spend = Spend()
    needs: tuple[str, ...] = ()
    foundation: bool = False
    step: LadderStep = "brief"

    @property
    def is_shown_red(self) -> bool:
        """Whether its tests were shown red and wait for the code that turns them green; both land together."""
        return self.role == "test_architect" and self.state == "approved"

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt, None before the first."""
        return self.attempts[-1] if self.attempts else None


class Spec(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The director's written understanding of the objective: the ground truth of the run."""

    summary: str
    assumptions: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    expected_outputs: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


class RunConfig(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was settled when the run was asked for; later changes of files do not reach a run that is under way.

    With `plan_first` a person sees the plan before its tasks start. `joins_plans` has an integrator put the plans of several
    domains together; it is false in runs that began before there was one.
    `workers_of` says how many of the `max_workers` may be a role's, where not all of them.
    With `acceptance` the strategist judges the whole run at its end. `ladder` is empty where only retries are counted. A guardian
    looks at each attempt every `guardian_turns`, or `guardian_seconds`; 0 for never.
    `gates_from` says where the gates are from, to who reads run.json.
    """

    model: str
    max_workers: int = 5
    max_retries: int = 4
    budget_usd: float | None = None
    budget_tokens: int | None = None
    sandbox: str = "bubblewrap"
    gates_from: str = ""
    task_budget_usd: float | None = None
    task_budget_tokens: int | None = None
    plan_first: bool = False
    joins_plans: bool = False
    acceptance: bool = False
    ladder: tuple[LadderStep, ...] = ()
    stronger_model: str = ""
    guardian_turns: int = 0
    guardian_seconds: float = 0.0
    workers_of: Mapping[RoleName, int] = {}


class Grant(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an attempt may spend in all, out of its run's budget, beyond the `base` that it had spent before."""

    task: TaskId
    attempt: int
    tokens: int
    cost_usd: float = 0.0
    base: Spend = Spend()


class Run(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One objective, from the asking to the end. `paused` stays true until a person resumes, whatever the tasks do.

    No model is called before `parked_until`; a `thrifty` run finishes cheaply what is begun. `decision` is never set
    (questions name their run) and stays for the wire.
    """

    id: RunId
    objective: str
    state: RunState
    branch: str
    base: str
    config: RunConfig
    created_at: str
    updated_at: str
    created_by: str = ""
    gates: tuple[GateSpec, ...] = ()
    spec: Spec | None = None
    spend: Spend = Spend()
    landed: int = 0
    paused: bool = False
    finished_at: str = ""
    reason: str = ""
    decision: DecisionId | None = None
    final_gates: tuple[GateProof, ...] = ()
    final_commit: str = ""
    dedupe: str = ""
    sealed_at: str = ""
    parked_until: str = ""
    parked_why: str = ""
    grants: tuple[Grant, ...] = ()
    thrifty: bool = False
    plan_approved: bool = False


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a person chose and added. `changes` is guidance or a new description; the amounts are a raise that needs two
    people, of whom `second` agreed last.
    """

    choice: Choice
    by: str
    at: str
    changes: str = ""
    dependents: Dependents | Literal[""] = ""
    amount_usd: float = 0.0
    via: str = ""
    amount_tokens: int = 0
    second: str = ""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A question to people, bound to the task's generation it was asked at. Open while it is neither answered nor withdrawn.

    `proposal` is the first voice for a choice that needs two; `reminders` counts how often it was asked again.
    """

    id: DecisionId
    run: RunId
    kind: DecisionKind
    question: str
    options: tuple[Choice, ...]
    asked_at: str
    task: TaskId | None = None
    generation: int = 0
    evidence: str = ""
    answer: Answer | None = None
    withdrawn: str = ""
    proposal: Answer | None = None
    reminders: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a person."""
        return self.answer is None and not self.withdrawn
