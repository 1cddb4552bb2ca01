"""The usual steps of a story on a `CoreDriver`: start, plan, work, review, land, answer; must not hide a refusal."""

import hashlib
from collections.abc import Iterable

from engine.core import commands as c
from engine.core.entities import (
    Choice,
    Criterion,
    CriterionVerdict,
    Dependents,
    Escalation,
    FailureKind,
    FileRef,
    GateProof,
    GateSpec,
    Receipt,
    RoleName,
    RunConfig,
    Spec,
    Spend,
    Verdict,
)
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.plan import PlannedTask, handed, held_to
from tests.fakes.core_driver import CoreDriver

CONFIG = RunConfig(model="openai/pilot")
ALICE = "slack:T1:U7"
BOB = "cli:bob"
GATE = GateSpec(name="tests", run="python -m pytest -q", timeout_s=600.0)
GREEN = GateProof(name="tests", run="python -m pytest -q", exit_code=0, passed=12, duration_s=1.5)
RED = GateProof(name="tests", run="python -m pytest -q", exit_code=1, passed=11, failed=1, duration_s=1.5)
CHECK = Criterion("the cents are right", check="python -m pytest -q tests/test_money.py")


def oid(name: str) -> str:
    """Forty hex digits for a name: a commit, a tree or a blob that no repository has."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


def file(path: str, size: int = 1_200) -> FileRef:
    """A file beside the entities."""
    return FileRef(path, oid(path), size)


def planned(
    key: str, *depends_on: str, role: RoleName = "coder", title: str = "", criteria: tuple[Criterion, ...] = (CHECK,)
) -> PlannedTask:
    """A task of a plan, with a check, titled by its key."""
    return PlannedTask(
        key=key, title=title or f"Build {key}", role=role, description=f"What {key} is for.", criteria=criteria,
        depends_on=depends_on,
    )  # fmt: skip


def domain(title: str) -> PlannedTask:
    """A planner's task, as the director's result holds it."""
    return PlannedTask(key=title, title=f"Plan {title}", role="planner", description=f"All about {title}.")


def start_run(
    driver: CoreDriver, objective: str = "Make the failing tests pass", config: RunConfig = CONFIG, dedupe: str = ""
) -> RunId:
    """A run of Alice's; the director's task is ready."""
    order = c.StartRun(objective, "main", oid("base"), config, ALICE, (GATE,), dedupe)
    return driver.must(order, ALICE)[0].event.run


def begin(driver: CoreDriver, name: str) -> int:
    """The number of the attempt that the task's role begins."""
    task = driver.task(name)
    driver.must(c.StartAttempt(TaskId(name), oid("base")), task.role)
    return len(task.attempts) + 1


def log(driver: CoreDriver, name: str, turns: int = 3, cost_usd: float = 0.25) -> None:
    """A batch of conversation of the current attempt."""
    attempt = current(driver, name)
    path = f"runs/R1/logs/{name}/a{attempt}/1.jsonl"
    order = c.LogTurns(TaskId(name), attempt, file(path), turns, Spend(tokens=900, cost_usd=cost_usd))
    driver.must(order, driver.task(name).role)


def current(driver: CoreDriver, name: str) -> int:
    """The number of the task's latest attempt."""
    attempt = driver.task(name).attempt
    assert attempt is not None, f"{name} has no attempt"
    return attempt.number


def direct(driver: CoreDriver, *domains: str, task: str = "T1") -> None:
    """The director's result is taken over: a spec, and a planner for each domain."""
    attempt = begin(driver, task)
    spec = Spec(summary="Cents are rounded half up", assumptions=("Python 3.11",), expected_outputs=("money.py",))
    driver.must(
        c.AcceptSpec(TaskId(task), attempt, spec, tuple(domain(name) for name in domains), result="{}"), "director"
    )


def join(driver: CoreDriver, name: str, *links: c.Link, rejected: tuple[c.Rejection, ...] = ()) -> None:
    """The integrator's result is taken over."""
    driver.must(c.AcceptIntegration(TaskId(name), begin(driver, name), links, rejected, result="{}"), "integrator")


def plan(driver: CoreDriver, name: str, tasks: Iterable[PlannedTask]) -> None:
    """The planner's result is taken over."""
    attempt = begin(driver, name)
    driver.must(c.AcceptPlan(TaskId(name), attempt, tuple(tasks), result="{}"), "planner")


def planned_run(*tasks: PlannedTask, config: RunConfig = CONFIG) -> CoreDriver:
    """A run whose director (T1) and only planner (T2) are through; the tasks are T3 and on."""
    driver = CoreDriver()
    start_run(driver, config=config)
    direct(driver, "money")
    plan(driver, "T2", tasks)
    return driver


def submit(driver: CoreDriver, name: str, summary: str = "rounds half up") -> int:
    """A new attempt of the task, submitted; its number."""
    attempt = begin(driver, name)
    diff = file(f"runs/R1/logs/{name}/a{attempt}/diff.patch")
    order = c.SubmitWork(TaskId(name), attempt, oid(f"{name}/a{attempt}"), summary, (diff,))
    driver.must(order, driver.task(name).role)
    return attempt


def approve(driver: CoreDriver, name: str, summary: str = "rounds half up") -> int:
    """A new attempt of the task, submitted and approved; its number."""
    attempt = submit(driver, name, summary)
    verdict = Verdict(
        passed=True, criteria=(CriterionVerdict(1, passed=True, evidence="exit code 0"),), feedback="fine"
    )
    driver.must(c.ApproveWork(TaskId(name), attempt, verdict), "strategist")
    return attempt


def receipt(driver: CoreDriver, name: str) -> Receipt:
    """The receipt for the approved work of the task."""
    attempt = current(driver, name)
    work = oid(f"{name}/a{attempt}")
    held = held_to(driver.task(name), handed(driver.board, driver.task(name)))
    checks = tuple(
        GateProof(name=f"check {number}", run=criterion.check, exit_code=0, passed=3, duration_s=0.5)
        for number, criterion in enumerate(held, 1)
        if criterion.check
    )
    return Receipt(oid(f"merge {name}"), work, oid("tip"), oid(f"tree {name}"), "main", checks, (GREEN,))


def land(driver: CoreDriver, name: str, summary: str = "rounds half up") -> None:
    """A new attempt of the task goes all the way to the target branch."""
    attempt = approve(driver, name, summary)
    proof = receipt(driver, name)
    driver.must(c.PrepareLanding(TaskId(name), attempt, proof))
    driver.must(c.RecordLanding(TaskId(name), attempt, proof))


def fail(
    driver: CoreDriver,
    name: str,
    failure: FailureKind = "tests_red",
    detail: str = "1 failed",
    *,
    is_final: bool = False,
) -> None:
    """The current attempt of the task fails; the wait of an infrastructure failure is over at once."""
    driver.must(c.FailAttempt(TaskId(name), current(driver, name), failure, detail, is_final=is_final))


def fail_until_asked(driver: CoreDriver, name: str) -> DecisionId:
    """The task fails until a person is asked; the question."""
    while driver.task(name).state == "ready":
        begin(driver, name)
        fail(driver, name)
    decision = driver.task(name).decision
    assert decision is not None, f"{name} is {driver.task(name).state} without a question"
    return decision


def answer(
    driver: CoreDriver, decision: str, choice: Choice, changes: str = "", dependents: Dependents | None = None
) -> c.AnswerDecision:
    """Alice's answer to the question as it stands, not yet given."""
    asked = driver.decision(decision)
    return c.AnswerDecision(
        asked.id, choice, ALICE, "2026-01-01T08:00:00Z", changes, dependents=dependents, generation=asked.generation
    )


def finish(driver: CoreDriver, gate: GateProof = GREEN, run: str = "R1") -> None:
    """The gates are run on the tip, all tasks being over."""
    driver.must(c.FinishRun(RunId(run), oid("tip"), (gate,), "one test is red" if gate.exit_code else ""))


def note(driver: CoreDriver, name: str, summary: str, *paths: str) -> None:
    """An insight of the current attempt."""
    driver.must(c.PostInsight(TaskId(name), current(driver, name), summary, paths=paths), driver.task(name).role)


def find(driver: CoreDriver, name: str, summary: str = "half up, by law") -> None:
    """A new attempt of a research task brings its findings."""
    attempt = begin(driver, name)
    driver.must(c.AcceptFindings(TaskId(name), attempt, summary, f"{summary} (sure; README.md)"), "researcher")


def escalate(driver: CoreDriver, name: str, kind: Escalation, detail: str = "which rounding?") -> None:
    """The current attempt of the task asks for help."""
    driver.must(c.FailAttempt(TaskId(name), current(driver, name), "escalated", detail, escalation=kind))
