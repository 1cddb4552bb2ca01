"""Phoenix: what follows a failed attempt, for how long, and how often."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import commands as c
from engine.core import limits, phoenix
from engine.core.entities import Attempt, FailureKind, RunConfig, Task
from engine.core.ids import RunId, TaskId
from tests.fakes.core_steps import answer, approve, begin, current, fail, fail_until_asked, planned, planned_run, submit

WORK_FAILURES: tuple[FailureKind, ...] = (
    "wrong_result", "tests_red", "qa_rejected", "conflict", "merged_red", "stuck", "timeout", "bad_spec",
)  # fmt: skip
MARKS = st.sampled_from(["", "aa", "bb"])


def _failures(marks: list[str]) -> Task:
    attempts = tuple(Attempt(i + 1, "base", "then", fingerprint=mark) for i, mark in enumerate(marks))
    return Task(TaskId("T1"), RunId("R1"), "a", "coder", "failed", "then", "then", attempts=attempts)


def test_the_fifth_failure_asks_a_human():
    driver = planned_run(planned("a"))
    for retry in range(1, 5):
        begin(driver, "T3")
        fail(driver, "T3")
        assert (driver.task("T3").state, driver.task("T3").tries) == ("ready", retry)
    begin(driver, "T3")
    fail(driver, "T3")
    assert driver.task("T3").state == "waiting_human"
    asked = driver.decision("D1")
    assert asked.question == "T3 (Build a) failed 5 times, last because its checks were red. What now?"
    assert asked.options == ("retry", "retry_with_changes", "abandon", "spawn")
    assert asked.evidence == "1 failed"


@pytest.mark.parametrize("max_retries", [0, 1, 2])
def test_a_task_of_fewer_retries_asks_sooner(max_retries: int):
    driver = planned_run(planned("a"), config=RunConfig(model="m", max_retries=max_retries))
    fail_until_asked(driver, "T3")
    assert len(driver.task("T3").attempts) == max_retries + 1


def test_an_answer_deserves_a_full_set_of_tries():
    driver = planned_run(planned("a"))
    driver.must(answer(driver, fail_until_asked(driver, "T3"), "retry"))
    assert driver.task("T3").tries == 0
    assert fail_until_asked(driver, "T3") == "D2"
    assert [attempt.number for attempt in driver.task("T3").attempts] == list(range(1, 11))


@pytest.mark.parametrize("failure", WORK_FAILURES)
def test_a_failure_of_the_work_costs_a_retry(failure: FailureKind):
    driver = planned_run(planned("a"))
    begin(driver, "T3")
    fail(driver, "T3", failure)
    assert driver.task("T3").tries == 1
    assert driver.task("T3").attempts[0].fingerprint


@pytest.mark.parametrize("failure", sorted(phoenix.INFRASTRUCTURE))
def test_infrastructure_costs_no_retry_but_has_its_own_cap(failure: FailureKind):
    driver = planned_run(planned("a"))
    for _ in range(limits.MAX_INFRA_FAILURES):
        begin(driver, "T3")
        driver.must(c.FailAttempt(TaskId("T3"), current(driver, "T3"), failure, "503", not_before="later"))
        task = driver.task("T3")
        assert (task.state, task.tries, task.not_before) == ("ready", 0, "later")
        assert not task.attempts[-1].fingerprint
    begin(driver, "T3")
    assert driver.task("T3").not_before == ""
    fail(driver, "T3", failure, "503")
    assert driver.decision("D1").question.startswith("T3 (Build a) was held up 6 times in a row, last because ")


def test_infrastructure_failures_count_only_in_a_row():
    driver = planned_run(planned("a"))
    for failure in ("lost",) * 5 + ("tests_red",) + ("lost",) * 5:
        begin(driver, "T3")
        fail(driver, "T3", failure)
    assert (driver.task("T3").state, driver.task("T3").tries) == ("ready", 1)


def test_work_that_is_approved_and_never_lands_does_not_go_round_for_ever():
    driver = planned_run(planned("a"))
    for _ in range(limits.MAX_INFRA_FAILURES + 1):
        approve(driver, "T3")
        fail(driver, "T3", "lost", "the machine went away while landing")
    assert driver.task("T3").state == "waiting_human"


def test_a_cry_for_help_and_a_hopeless_failure_go_to_a_person_at_once():
    driver = planned_run(planned("a"), planned("b"))
    begin(driver, "T3")
    fail(driver, "T3", "escalated", "which currency?")
    assert driver.decision("D1").question == "T3 (Build a): the coder asks for help: which currency?"
    begin(driver, "T4")
    fail(driver, "T4", "model_error", "the key is refused", is_final=True)
    assert driver.decision("D2").question == "T4 (Build b) can't go on: the key is refused"


@pytest.mark.parametrize("stage", [begin, submit, approve])
def test_work_can_fail_at_every_stage_and_is_tried_anew(stage):
    driver = planned_run(planned("a"))
    stage(driver, "T3")
    fail(driver, "T3", "conflict")
    assert driver.task("T3").state == "ready"
    assert begin(driver, "T3") == 2


@given(st.integers(0, 10**9))
def test_the_wait_is_bounded_and_never_shrinks(failures: int):
    assert limits.INFRA_BACKOFF_S <= phoenix.backoff_s(failures) <= limits.MAX_INFRA_BACKOFF_S
    assert phoenix.backoff_s(failures) <= phoenix.backoff_s(failures + 1)


def test_the_wait_doubles():
    assert [phoenix.backoff_s(n) for n in range(8)] == [2, 4, 8, 16, 32, 64, 120, 120]


def test_failures_alike_have_one_fingerprint_for_ever():
    first = phoenix.fingerprint("tests_red", "test_a failed at 0x7f3a after 1.25 s\n  in line 12")
    assert first == phoenix.fingerprint("tests_red", "TEST_A failed at 0xbeef after 33 s in line 9")
    assert first == "b1878f995494"
    assert first != phoenix.fingerprint("merged_red", "test_a failed at 0x7f3a after 1.25 s\n  in line 12")
    assert first != phoenix.fingerprint("tests_red", "test_b failed at 0x7f3a after 1.25 s\n  in line 12")


@given(st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_and_spaces_do_not_change_a_fingerprint(text: str, one: int, two: int):
    first, second = (phoenix.fingerprint("stuck", f"{text}\n at {n} \t") for n in (one, two))
    assert first == second
    assert len(first) == 12


@given(st.lists(MARKS, max_size=6))
def test_repeats_counts_the_same_fingerprint_from_the_latest_backwards(marks: list[str]):
    work = [mark for mark in marks if mark]
    run_length = next((n for n, mark in enumerate(reversed(work)) if mark != work[-1]), len(work))
    assert phoenix.repeats(_failures(marks)) == run_length


def test_the_words_of_every_failure_end_a_sentence():
    for failure in msgspec.json.schema(FailureKind)["enum"]:
        assert phoenix.words(failure)[0].islower()
        assert not phoenix.words(failure).endswith(".")
