"""Says what was green before and no longer is; pure, and the only place that decides it."""

from collections.abc import Mapping, Sequence

from engine.gates.junit import TestStatus
from engine.gates.run import CheckResult, GateResult, ran_no_test


def faults(checks: Sequence[CheckResult], gates: Sequence[tuple[GateResult, GateResult]]) -> tuple[str, ...]:
    """What keeps a change from landing, one line each: red checks, and what was green and no longer is. `gates` are pairs of before
    and after.
    """
    red = [f"red check: {check.run} (exit code {check.exit_code})" for check in checks if not check.green]
    return (*red, *(line for old, new in gates for line in regressions(old, new)))


def regressions(before: GateResult, after: GateResult) -> tuple[str, ...]:
    """What was green and no longer is, one line each; empty when the change may land.

    Test by test where `before` has a report: a test that passed must pass again, and one that can't be seen to (failed, skipped, gone, no
    report any more) counts. A red repository may so be repaired fault by fault. Beyond that, by exit code: a green gate stays green.
    """
    lost = _lost_tests(before, after) if before.tests is not None else ()
    if not lost and before.green and not after.green:
        return (_turned_red(after), *_new_failures(after))
    return lost


def unknown_before(gates: Sequence[tuple[GateResult, GateResult]]) -> tuple[str, ...]:
    """Which gates are red now and showed nothing before, one line each: nobody can say whether the change did it. `gates` are pairs
    of before and after.
    """
    return tuple(
        f"{old.name}: whether it was green before is not known ({_ending(old)}{f', {old.note}' if old.note else ''}), and now it is not"
        for old, new in gates
        if old.shows_nothing and not new.green
    )


def not_yet_red(checks: Sequence[CheckResult], gates: Sequence[tuple[GateResult, GateResult]]) -> tuple[str, ...]:
    """What keeps tests that were written first from being proven red, one line each: a check that is green, or ran no test at
    all; and tests of others that were green and no longer are (by name, for a gate as a whole is red now). `gates` are pairs of
    before and after.
    """
    green = [fault for check in checks if (fault := _not_red(check))]
    named = [(old, new) for old, new in gates if old.tests is not None and new.tests is not None]
    return (*green, *(line for old, new in named for line in _lost_tests(old, new)))


def _not_red(check: CheckResult) -> str:
    if check.green:
        return f"green already, so it proves nothing: {check.run}"
    if check.timed_out or check.cannot_start:
        return f"not red but {'out of time' if check.timed_out else f'unable to start (exit code {check.exit_code})'}: {check.run}"
    if ran_no_test(check):
        return f"not red: no test was run (exit code {check.exit_code}): {check.run}"
    return ""


def _lost_tests(before: GateResult, after: GateResult) -> tuple[str, ...]:
    passed = [test for test, status in (before.tests or {}).items() if status == "passed"]
    if passed and after.tests is None:
        return (f"{after.name}: {len(passed)} tests passed, and now there is no report of them ({_ending(after)})",)
    now: Mapping[str, TestStatus] = after.tests or {}
    return tuple(
        f"{after.name}: {test} passed, now {now.get(test, 'missing')}" for test in passed if now.get(test) != "passed"
    )


def _turned_red(after: GateResult) -> str:
    return f"{after.name}: was green, now {_ending(after)}"


def _new_failures(after: GateResult) -> tuple[str, ...]:
    return tuple(f"{after.name}: {test} failed" for test, status in (after.tests or {}).items() if status == "failed")


def _ending(result: GateResult) -> str:
    if result.timed_out:
        return f"timed out after {result.duration_s:.0f} s"
    if result.cannot_start:
        return f"cannot start (exit code {result.exit_code})"
    return f"exit code {result.exit_code}"
