"""The review: the engine measures first, and what befalls the review itself is no verdict on the work."""

import asyncio

import pytest

from engine.budgets import ModelFacts, RunBudgets
from engine.clock import SystemClock
from engine.core.entities import Criterion, GateSpec
from engine.gauge import Gauge
from engine.model.budget import Price
from engine.model.types import ModelError
from engine.options import Options
from engine.review import LocalReviewer
from engine.site import Sites
from engine.work import Approved, Deferred, Failed, Job, LogBatch, ReviewOutcome
from engine.workspace.repository import Repository
from tests.engine.jobs import job_at, shown_red
from tests.engine.test_landing import REPORTING, mended
from tests.engine.workspace.target import commit, git
from tests.fakes.model import ScriptedModel, Step, says
from tests.fakes.role_model import passes, rejects
from tests.fakes.treasury import NoCaps

CHECK = Criterion("add adds", "python3 -m unittest -q test_calc.Calc.test_add")


def review(sites: Sites, job: Job, work: str, steps: list[Step]) -> tuple[ReviewOutcome, list[LogBatch]]:
    batches: list[LogBatch] = []

    async def journal(batch: LogBatch) -> None:
        batches.append(batch)

    async def price_of(_: str) -> Price:
        return Price(0.0, 0.0)

    options = sites._options
    budgets = RunBudgets(ScriptedModel(steps), ModelFacts(price_of), NoCaps(job.run))
    reviewer = LocalReviewer(sites, Gauge(sites, options), budgets, SystemClock(), options, redact=str)
    return asyncio.run(reviewer.review(job, work, journal)), batches


def refused(outcome: ReviewOutcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    return outcome


def test_good_work_passes_with_the_measured_evidence_shown_and_kept(calc: Repository, sites: Sites):
    base, work = mended(calc)
    outcome, batches = review(sites, job_at(base, CHECK), work, [passes()])
    assert isinstance(outcome, Approved)
    assert list(outcome.evidence.files) == ["runs/R1/logs/T3/a1/review.txt"]
    assert b"check 1: exit code 0" in batches[0].content
    assert b"red before this work too" not in batches[0].content


def test_each_tests_outcome_is_kept(calc: Repository, sites: Sites):
    base, work = mended(calc)
    outcome, _ = review(sites, job_at(base, CHECK, gates=(REPORTING,)), work, [passes()])
    assert isinstance(outcome, Approved)
    assert b'"a::b": "passed"' in outcome.evidence.files["runs/R1/logs/T3/a1/review-tests.json"]


@pytest.mark.parametrize("text", ["a", "a +"])
def test_a_red_check_is_refused_and_no_model_is_asked(calc: Repository, sites: Sites, text: str):
    base, work = mended(calc, text)
    assert refused(review(sites, job_at(base, CHECK), work, [])[0]).failure == "tests_red"


def test_tests_that_were_handed_over_are_measured_too(calc: Repository, sites: Sites):
    base, work = mended(calc)
    job = shown_red(job_at(base, CHECK), base, calc.branch_tip("work"))
    assert "red check: test -e proof.txt" in refused(review(sites, job, work, [])[0]).detail
    other = refused(review(sites, job, base, [])[0])
    assert (other.failure, "lacks those tests" in other.detail) == ("interrupted", True)


def test_a_protected_path_is_refused(calc: Repository, sites: Sites):
    base, _ = mended(calc)
    git(calc.path, "switch", "-q", "work")
    work = commit(calc.path, {"orch.toml": "[gate]\n"})
    assert "orch.toml is protected" in refused(review(sites, job_at(base, CHECK), work, [])[0]).detail


def test_what_a_gate_runs_stays_as_it_was_until_a_person_names_its_file(calc: Repository, sites: Sites):
    commit(calc.path, {"run.sh": "python3 -m unittest -q"})
    base, _ = mended(calc)
    git(calc.path, "switch", "-q", "work")
    work = commit(calc.path, {"run.sh": "true"})
    job = job_at(base, CHECK, gates=(GateSpec("tests", "sh run.sh"),))
    assert "run.sh says what `sh run.sh` runs" in refused(review(sites, job, work, [])[0]).detail
    told = job_at(base, CHECK, gates=job.run.gates, guidance=("run.sh may say less",))
    assert isinstance(review(sites, told, work, [passes()])[0], Approved)


def test_a_gate_that_turns_red_is_refused(calc: Repository, sites: Sites):
    base, work = mended(calc)
    job = job_at(base, CHECK, gates=(GateSpec("old way", "grep -q 'a - b' calc.py"),))
    assert "old way: was green" in refused(review(sites, job, work, [])[0]).detail


def test_a_gate_that_ran_out_of_time_on_the_base_and_is_red_now_defers_the_review(calc: Repository, sites: Sites):
    base, work = mended(calc)
    gate = GateSpec("tests", "grep -q 'a - b' calc.py && sleep 60; exit 1", timeout_s=0.5)
    outcome, _ = review(sites, job_at(base, CHECK, gates=(gate,)), work, [])
    assert isinstance(outcome, Deferred)
    assert (outcome.failure, outcome.is_final) == ("lost", False)
    assert "timed out" in outcome.detail


def test_a_red_check_is_refused_whatever_is_known_of_the_base(calc: Repository, sites: Sites):
    base, work = mended(calc, "a")
    gate = GateSpec("tests", "kill -9 $$")
    assert refused(review(sites, job_at(base, CHECK, gates=(gate,)), work, [])[0]).failure == "tests_red"


def test_a_rejection_carries_the_reviewers_words(calc: Repository, sites: Sites):
    base, work = mended(calc)
    outcome = refused(review(sites, job_at(base, CHECK), work, [rejects("say why")])[0])
    assert (outcome.failure, outcome.detail) == ("qa_rejected", "say why")
    assert outcome.verdict is not None


@pytest.mark.parametrize("steps", [[ModelError("used up", "quota")], [says("hm")] * 3])
def test_a_model_that_gives_no_verdict_defers_the_review(calc: Repository, sites: Sites, steps: list[Step]):
    base, work = mended(calc)
    outcome, _ = review(sites, job_at(base, CHECK), work, steps)
    assert isinstance(outcome, Deferred)


def test_work_that_breaks_the_set_up_is_refused(calc: Repository, sites: Sites):
    sites._options = Options(model="m", setup="grep -q 'a - b' calc.py")
    base, work = mended(calc)
    outcome = refused(review(sites, job_at(base, CHECK), work, [])[0])
    assert outcome.failure == "tests_red"
    assert "set-up" in outcome.detail


def test_a_set_up_that_fails_on_the_base_too_defers_the_review(calc: Repository, sites: Sites):
    sites._options = Options(model="m", setup="exit 3")
    base, work = mended(calc)
    assert isinstance(review(sites, job_at(base, CHECK), work, [])[0], Deferred)


def test_work_that_is_gone_is_a_lost_attempt(calc: Repository, sites: Sites):
    base, _ = mended(calc)
    assert refused(review(sites, job_at(base, CHECK), "d" * 40, [])[0]).failure == "lost"
