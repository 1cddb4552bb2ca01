"""An attempt on real sites: what it leaves is data, also when the model, the clock or the tree fails it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from engine.agent.outcome import Limits
from engine.attempt import LocalWorker
from engine.budgets import ModelFacts, RunBudgets
from engine.cell.types import Cell
from engine.clock import SystemClock
from engine.core.entities import Attempt, Criterion, RoleName
from engine.evidence import evidence_files
from engine.model.budget import Price
from engine.model.types import ModelError, Reply, Request
from engine.options import Options
from engine.redaction import Redactor
from engine.site import Sites
from engine.tools.supply import Supply
from engine.tools.tool import Tool
from engine.work import Failed, Job, LogBatch, Submitted, WorkOutcome
from engine.workspace.repository import Repository
from tests.engine.jobs import NOW, job_at
from tests.engine.workspace.target import commit, git
from tests.fakes.model import ScriptedModel, Step, calls, says
from tests.fakes.role_model import done, replaces, writes
from tests.fakes.treasury import NoCaps

SECRET = "correct-horse-battery"
MEND = replaces("calc.py", "a - b", "a + b")


def work(sites: Sites, job: Job, steps: list[Step], **options: object) -> tuple[WorkOutcome, list[LogBatch]]:
    batches: list[LogBatch] = []

    async def journal(batch: LogBatch) -> None:
        batches.append(batch)

    worker = local_worker(sites, job, steps, Options(model="m", **options))  # type: ignore[arg-type]  # what a test says
    return asyncio.run(worker.work(job, journal)), batches


def local_worker(sites: Sites, job: Job, steps: list[Step], options: Options, supply: Supply = Supply()) -> LocalWorker:
    async def price_of(_: str) -> Price:
        return Price(0.0, 0.0)

    budgets = RunBudgets(ScriptedModel(steps), ModelFacts(price_of), NoCaps(job.run))
    return LocalWorker(
        sites, budgets, SystemClock(), options, read=lambda _: b"+kept", redactor=Redactor((SECRET,)), supply=supply
    )


async def no_journal(_: LogBatch) -> None: ...


def failed(outcome: WorkOutcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def test_work_is_a_commit_on_the_base_kept_by_a_branch_with_its_diff(calc: Repository, sites: Sites):
    base = calc.branch_tip("main")
    outcome, batches = work(sites, job_at(base), [MEND, done("add adds")])
    assert isinstance(outcome, Submitted)
    assert calc.parents(outcome.commit) == (base,)
    assert calc.branch_tip("orch/R1/T3/a1") == outcome.commit
    assert b"+    return a + b" in outcome.evidence.files["runs/R1/logs/T3/a1/diff.patch"]
    assert sum(batch.turns for batch in batches) == 3
    assert "Orch-Task: T3" in calc.message(outcome.commit)


def test_a_claim_without_a_change_is_no_work(calc: Repository, sites: Sites):
    outcome, _ = work(sites, job_at(calc.branch_tip("main")), [done("all is well")])
    assert failed(outcome).failure == "wrong_result"
    assert "all is well" in failed(outcome).detail


def test_what_an_attempt_wrote_before_it_ran_out_of_turns_is_told_and_kept_by_no_branch(calc: Repository, sites: Sites):
    outcome, _ = work(sites, job_at(calc.branch_tip("main")), [MEND], limits=Limits(max_turns=1))
    assert failed(outcome).failure == "stuck"
    assert b"+    return a + b" in failed(outcome).evidence.files["runs/R1/logs/T3/a1/diff.patch"]
    assert calc.branches("orch/") == {}


class SlowToEnd:
    """A source of no tools that, when the attempt is over, looks whether a process of it still runs."""

    marker = "sleep 61.375"

    def __init__(self) -> None:
        self.saw_it_run: list[bool] = []

    def look(self) -> None:
        words = b"\0".join(map(str.encode, self.marker.split()))
        self.saw_it_run.append(any(words in cmdline_of(process) for process in Path("/proc").glob("[0-9]*")))

    @asynccontextmanager
    async def tools_for(self, role: RoleName, cell: Cell) -> AsyncIterator[Sequence[Tool]]:
        del role, cell
        try:
            yield ()
        finally:
            self.look()


def cmdline_of(process: Path) -> bytes:
    with suppress(OSError):
        return (process / "cmdline").read_bytes()
    return b""


def test_processes_are_dead_before_the_tools_of_others_take_their_time_to_end(calc: Repository, sites: Sites):
    source = SlowToEnd()
    started = calls(("start_process", {"name": "server", "command": f"exec {source.marker}", "wait_s": 1}))

    async def told() -> None:
        def cancels(_: Request) -> Reply:
            source.look()
            attempt.cancel()
            return says("hm")

        job = job_at(calc.branch_tip("main"))
        worker = local_worker(sites, job, [started, cancels], Options(model="m"), Supply(sources=(source,)))
        async with asyncio.TaskGroup() as group:
            attempt = group.create_task(worker.work(job, no_journal))
        assert attempt.cancelled()

    asyncio.run(told())
    assert source.saw_it_run == [True, False]


def test_an_escalation_carries_the_reason(calc: Repository, sites: Sites):
    outcome, _ = work(sites, job_at(calc.branch_tip("main")), [calls(("escalate", {"reason": "which sum?"}))])
    assert (failed(outcome).failure, failed(outcome).detail) == ("escalated", "which sum?")


def test_an_agent_that_only_talks_is_stuck(calc: Repository, sites: Sites):
    assert failed(work(sites, job_at(calc.branch_tip("main")), [says("hm")] * 3)[0]).failure == "stuck"


def test_errors_of_the_model_are_infrastructure_and_hopeless_ones_are_final(calc: Repository, sites: Sites):
    job = job_at(calc.branch_tip("main"))
    quota = failed(work(sites, job, [ModelError("used up", "quota", retry_after_s=3600)])[0])
    assert (quota.failure, quota.is_final, quota.retry_after_s) == ("quota", False, 3600)
    key = failed(work(sites, job, [ModelError("wrong key", "auth")])[0])
    assert (key.failure, key.is_final) == ("model_error", True)


def test_turns_before_an_error_are_journaled(calc: Repository, sites: Sites):
    _, batches = work(sites, job_at(calc.branch_tip("main")), [MEND, ModelError("used up", "quota")])
    assert sum(batch.turns for batch in batches) == 2


def test_a_set_up_that_fails_asks_a_person_at_once(calc: Repository, sites: Sites):
    sites._options = Options(model="m", setup="exit 3")
    outcome = failed(work(sites, job_at(calc.branch_tip("main")), [])[0])
    assert (outcome.failure, outcome.is_final) == ("lost", True)


def test_the_brief_shows_earlier_attempts(calc: Repository, sites: Sites):
    base = calc.branch_tip("main")
    kept = evidence_files(job_at(base), {"diff.patch": "+kept"}, str).refs
    earlier = Attempt(1, base, NOW, failure="tests_red", detail="2 failed", evidence=kept)
    job = job_at(base, Criterion("c", "true"), attempts=(earlier, Attempt(2, base, NOW)))
    _, batches = work(sites, job, [writes("x.txt", "x"), done()])
    assert b"2 failed" in batches[0].content
    assert b"+kept" in batches[0].content


def test_an_attempt_whose_conflict_git_pruned_begins_at_the_tip(calc: Repository, sites: Sites):
    base = calc.branch_tip("main")
    conflict = Attempt(1, base, NOW, ended_at=NOW, commit="d" * 40, failure="conflict", detail="both changed calc.py")
    job = msgspec.structs.replace(job_at(base, attempts=(conflict, Attempt(2, base, NOW))), attempt=2)
    outcome, _ = work(sites, job, [MEND, done()])
    assert isinstance(outcome, Submitted)
    assert calc.parents(outcome.commit) == (base,)


def test_a_merger_may_keep_a_merge_that_is_right_as_it_stands(calc: Repository, sites: Sites):
    """One side deleted what the other changed: the file is kept without a mark, and nothing is left to be done."""
    base = calc.branch_tip("main")
    git(calc.path, "switch", "-q", "-c", "work")
    git(calc.path, "rm", "-q", "test_calc.py")
    changed = commit(calc.path, {"calc.py": "def add(a, b):\n    return a + b\n"})
    git(calc.path, "switch", "-q", "main")
    tip = commit(calc.path, {"test_calc.py": "# changed\n"})
    conflict = Attempt(1, base, NOW, ended_at=NOW, commit=changed, failure="conflict", detail="test_calc.py")
    job = msgspec.structs.replace(job_at(tip, attempts=(conflict, Attempt(2, tip, NOW))), attempt=2)
    outcome, _ = work(sites, job, [done("both sides are there")])
    assert isinstance(outcome, Submitted), outcome
    assert calc.parents(outcome.commit) == (tip, changed)
    assert calc.read_file(outcome.commit, "test_calc.py") == b"# changed\n"


def test_a_merger_that_leaves_nothing_of_the_work_has_done_nothing(calc: Repository, sites: Sites):
    base = calc.branch_tip("main")
    changed = commit(calc.path, {"calc.py": "mine = 1\n"})
    tip = commit(calc.path, {"calc.py": "theirs = 1\n"})
    conflict = Attempt(1, base, NOW, ended_at=NOW, commit=changed, failure="conflict", detail="calc.py")
    job = msgspec.structs.replace(job_at(tip, attempts=(conflict, Attempt(2, tip, NOW))), attempt=2)
    outcome, _ = work(sites, job, [done("it is all there")])
    assert failed(outcome).failure == "wrong_result"
