"""Laws of the judgement: nothing green may turn red unseen, and a red repository can be repaired fault by fault."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gates.judge import regressions, unknown_before
from engine.gates.junit import TestStatus
from engine.gates.run import GateResult

STATUS: st.SearchStrategy[TestStatus] = st.sampled_from(get_args(TestStatus))
TESTS = st.none() | st.dictionaries(st.sampled_from("abcdef"), STATUS, max_size=6)


@st.composite
def results(draw: st.DrawFn) -> GateResult:
    code = draw(st.sampled_from((0, 1, 2, 127, 137)))
    return GateResult(
        "g", "run", code, timed_out=draw(st.booleans()), cannot_start=code == 127, tests=draw(TESTS),
        note=draw(st.sampled_from(("", "the command wrote no report"))),
    )  # fmt: skip


def result(exit_code: int, tests: dict[str, TestStatus] | None = None) -> GateResult:
    return GateResult("tests", "run", exit_code, tests=tests)


@given(results())
def test_no_change_is_no_regression(same: GateResult) -> None:
    assert regressions(same, same) == ()


@given(results(), results())
def test_a_green_gate_that_is_not_green_is_always_a_regression(before: GateResult, after: GateResult) -> None:
    if before.green and not after.green:
        assert regressions(before, after)


@given(results(), results())
def test_without_regressions_every_test_that_passed_still_passes(before: GateResult, after: GateResult) -> None:
    if not regressions(before, after):
        passed = {test for test, status in (before.tests or {}).items() if status == "passed"}
        assert passed <= {test for test, status in (after.tests or {}).items() if status == "passed"}


@given(results(), results(), results())
def test_what_may_land_after_each_other_may_land_together(a: GateResult, b: GateResult, c: GateResult) -> None:
    if (
        a.tests is not None
        and b.tests is not None
        and a.green == b.green
        and not regressions(a, b)
        and not regressions(b, c)
    ):
        assert not regressions(a, c)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (result(0), result(1), ("tests: was green, now exit code 1",)),
        (result(1), result(1), ()),
        (result(1), result(0), ()),
        (result(0, {"a": "passed"}), result(0, {}), ("tests: a passed, now missing",)),
        (result(0, {"a": "passed"}), result(0, {"a": "skipped"}), ("tests: a passed, now skipped",)),
        (
            result(1, {"a": "passed", "b": "failed"}),
            result(1, {"a": "failed", "b": "passed"}),
            ("tests: a passed, now failed",),
        ),
        (result(1, {"a": "failed", "b": "failed"}), result(1, {"a": "passed", "b": "failed"}), ()),
        (
            result(0, {"a": "passed"}),
            result(1, {"a": "passed", "n": "failed"}),
            ("tests: was green, now exit code 1", "tests: n failed"),
        ),
        (
            result(1, {"a": "passed"}),
            result(2),
            ("tests: 1 tests passed, and now there is no report of them (exit code 2)",),
        ),
        (result(0), result(5), ("tests: was green, now exit code 5",)),
    ],
)
def test_each_line_says_what_was_and_what_is(before: GateResult, after: GateResult, expected: tuple[str, ...]) -> None:
    assert regressions(before, after) == expected


OUT_OF_TIME = GateResult("tests", "run", 137, timed_out=True, duration_s=600)
CANNOT_START = GateResult("tests", "run", 127, cannot_start=True)
KILLED = result(137)
NO_REPORT = GateResult("tests", "run", 1, note="the command wrote no report to r.xml")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (OUT_OF_TIME, "timed out after 600 s"),
        (CANNOT_START, "cannot start (exit code 127)"),
        (KILLED, "exit code 137"),
        (NO_REPORT, "exit code 1, the command wrote no report to r.xml"),
    ],
)
@pytest.mark.parametrize("after", [result(1), result(1, {"a": "failed"}), OUT_OF_TIME, CANNOT_START])
def test_a_baseline_that_shows_nothing_excuses_nothing(before: GateResult, words: str, after: GateResult) -> None:
    assert regressions(before, after) == ()
    assert unknown_before([(before, after)]) == (
        f"tests: whether it was green before is not known ({words}), and now it is not",
    )


@pytest.mark.parametrize("before", [OUT_OF_TIME, CANNOT_START, KILLED, NO_REPORT])
def test_a_green_gate_needs_no_baseline(before: GateResult) -> None:
    assert unknown_before([(before, result(0))]) == ()


@pytest.mark.parametrize(
    "before",
    [
        result(1), result(254), result(139, {"a": "failed"}),
        GateResult("tests", "pytest -q", 4, note="the command wrote no report to r.xml"),
    ],
    ids=["red", "no signal", "with a report", "no test was run"],
)  # fmt: skip
def test_a_red_baseline_that_shows_what_it_is_may_stay_red(before: GateResult) -> None:
    assert unknown_before([(before, result(1))]) == ()


@given(results(), results())
def test_what_is_not_green_lands_only_where_the_baseline_is_known_to_be_red(
    before: GateResult, after: GateResult
) -> None:
    if not after.green and not regressions(before, after) and not unknown_before([(before, after)]):
        assert not before.green
        assert not before.timed_out
        assert not before.cannot_start


def test_a_gate_that_ran_out_of_time_or_cannot_start_says_so() -> None:
    slow = GateResult("tests", "run", 137, timed_out=True, duration_s=600)
    gone = GateResult("tests", "run", 127, cannot_start=True)
    assert regressions(result(0), slow) == ("tests: was green, now timed out after 600 s",)
    assert regressions(result(0), gone) == ("tests: was green, now cannot start (exit code 127)",)
