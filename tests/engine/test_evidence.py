"""Evidence: what is kept beside the events, and what a later attempt hears of the earlier ones."""

import json

import pytest

from engine.core.entities import Attempt, Verdict
from engine.evidence import MAX_FAULTS, earlier_attempts, evidence_files, listed, measured, output_of
from engine.gates.run import CheckResult, GateResult
from tests.engine.jobs import NOW, job_at


def test_files_are_redacted_named_by_the_attempt_and_empty_ones_left_out():
    kept = evidence_files(
        job_at("b"), {"a.txt": "a secret", "b.txt": " \n"}, lambda text: text.replace("secret", "[x]")
    )
    assert kept.files == {"runs/R1/logs/T3/a1/a.txt": b"a [x]"}
    assert [ref.path for ref in kept.refs] == list(kept.files)


def test_output_carries_commands_and_exit_codes():
    text = output_of([GateResult("tests", "make", 2, timed_out=True, output="boom")], [CheckResult("true", 0)])
    assert "$ check: true\nexit code: 0\n" in text
    assert "$ gate tests: make\nexit code: 2 (ran out of time)\nboom" in text


def test_each_tests_outcome_is_kept_where_a_gate_reports_it_and_what_is_left_out_is_said(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("engine.evidence.MAX_TESTS", 3)
    gates = [
        GateResult("tests", "pytest", 1, tests={"a": "passed", "b": "passed", "c": "skipped", "d": "failed"}),
        GateResult("lint", "ruff", 0),
    ]
    texts = measured("review", gates, [])
    assert json.loads(texts["review-tests.json"]) == [
        {"gate": "tests", "failed": 1, "skipped": 1, "passed": 2, "left_out": 1, "tests": {"d": "failed", "c": "skipped", "a": "passed"}}
    ]  # fmt: skip
    assert texts["review.txt"] == output_of(gates, [])
    assert list(evidence_files(job_at("b"), measured("landing", gates[1:], []), str).files) == [
        "runs/R1/logs/T3/a1/landing.txt"
    ]


def test_every_failed_attempt_is_told_with_diff_output_and_the_reviewers_words():
    job = job_at("b")
    kept = evidence_files(job, {"diff.patch": "+x", "review.txt": "red", "landing.txt": "redder"}, str)
    verdict = Verdict(passed=False, feedback="say why")
    failed = Attempt(1, "b", NOW, failure="merged_red", detail="d", evidence=kept.refs, verdict=verdict)
    running = Attempt(2, "b", NOW)
    task = job_at("b", attempts=(failed, running)).task
    (told,) = earlier_attempts(task, kept.files.get)
    assert (told.diff, told.output, told.review) == ("+x", "redder", "say why")


def test_evidence_that_is_gone_is_told_as_nothing():
    kept = evidence_files(job_at("b"), {"diff.patch": "+x"}, str)
    task = job_at("b", attempts=(Attempt(1, "b", NOW, failure="stuck", evidence=kept.refs),)).task
    assert earlier_attempts(task, lambda _: None)[0].diff == ""


def test_a_suite_that_is_red_as_a_whole_is_told_by_its_first_faults():
    lines = listed([f"test {number}" for number in range(5_000)]).splitlines()
    assert len(lines) == MAX_FAULTS + 1
    assert lines[-1] == "and 4950 more"
    assert listed(["one"]) == "one"
