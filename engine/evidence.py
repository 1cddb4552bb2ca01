"""Turns what was measured into files on the state branch and into words. Must not measure or judge."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from engine.core.entities import FileRef, Task
from engine.crew.brief import EarlierAttempt
from engine.gates.junit import TestStatus
from engine.gates.run import CheckResult, GateResult
from engine.store.layout import attempt_folder, file_ref
from engine.work import Evidence, Job

MAX_DIFF_BYTES: Final = 200_000
MAX_FAULTS: Final = 50
MAX_TESTS: Final = 2_000
"""Of each gate, by name; those that failed first."""
Redact = Callable[[str], str]


def evidence_files(job: Job, texts: Mapping[str, str], redact: Redact) -> Evidence:
    """The texts as files in the attempt's folder (`diff.patch`, `review.txt`), redacted; empty ones are left out."""
    folder = attempt_folder(job.run.id, job.task.id, job.attempt)
    files = {
        f"{folder}/{name}": redact(text).encode("utf-8", "replace") for name, text in texts.items() if text.strip()
    }
    return Evidence(files=files, refs=tuple(file_ref(path, content) for path, content in files.items()))


def listed(faults: Sequence[str]) -> str:
    """The faults, a line each; of a whole suite that is red, the first and how many more there are."""
    more = len(faults) - MAX_FAULTS
    return "\n".join([*faults[:MAX_FAULTS], *([f"and {more} more"] if more > 0 else [])])


def output_of(gates: Sequence[GateResult], checks: Sequence[CheckResult]) -> str:
    """Commands, exit codes and the ends of outputs, for people and for the next attempt's brief."""
    parts = [_block(f"check: {check.run}", check.exit_code, check.timed_out, check.output) for check in checks]
    parts += [_block(f"gate {gate.name}: {gate.run}", gate.exit_code, gate.timed_out, gate.output) for gate in gates]
    return "\n".join(parts)


def measured(name: str, gates: Sequence[GateResult], checks: Sequence[CheckResult]) -> dict[str, str]:
    """What was measured, as texts to keep: `<name>.txt`, and where a gate reports its tests `<name>-tests.json`."""
    reports = [_report(gate.name, gate.tests) for gate in gates if gate.tests is not None]
    results = msgspec.json.format(msgspec.json.encode(reports)).decode() if reports else ""
    return {f"{name}.txt": output_of(gates, checks), f"{name}-tests.json": results}


def _report(gate: str, tests: Mapping[str, TestStatus]) -> dict[str, object]:
    order: tuple[TestStatus, ...] = ("failed", "skipped", "passed")
    named = {status: [test for test, found in tests.items() if found == status] for status in order}
    kept = [(test, status) for status in order for test in named[status]][:MAX_TESTS]
    counts: dict[str, object] = {status: len(names) for status, names in named.items()}
    return {"gate": gate, **counts, "left_out": len(tests) - len(kept), "tests": dict(kept)}


def _block(title: str, exit_code: int, timed_out: bool, output: str) -> str:
    ending = " (ran out of time)" if timed_out else ""
    return f"$ {title}\nexit code: {exit_code}{ending}\n{output.rstrip()}\n"


def earlier_attempts(task: Task, read: Callable[[str], bytes | None]) -> tuple[EarlierAttempt, ...]:
    """Every failed attempt of the task with what it left on the state branch: all that was learnt."""
    return tuple(
        EarlierAttempt(
            number=attempt.number,
            failure=attempt.failure,
            summary=attempt.detail,
            diff=_kept(attempt.evidence, "diff.patch", read),
            output=_kept(attempt.evidence, "landing.txt", read) or _kept(attempt.evidence, "review.txt", read),
            review=attempt.verdict.feedback if attempt.verdict is not None else "",
        )
        for attempt in task.attempts
        if attempt.failure
    )


def without_diff(attempts: Sequence[EarlierAttempt], number: int) -> tuple[EarlierAttempt, ...]:
    """The attempts, of which one's changes are in the tree and need not be told."""
    return tuple(msgspec.structs.replace(each, diff="") if each.number == number else each for each in attempts)


def _kept(evidence: Sequence[FileRef], name: str, read: Callable[[str], bytes | None]) -> str:
    for ref in reversed(evidence):
        if ref.path.endswith(f"/{name}"):
            return (read(ref.path) or b"").decode("utf-8", "replace")
    return ""
