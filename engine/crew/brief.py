"""The first message of an attempt: what is to be done, what was measured, what went before; must not decide any of it.

Persons and plans speak in the open; what came out of the repository, a tool or a model stands in fences that it cannot
close, marked as what they are. The headings are ours alone: a text that imitates one is disarmed.
"""

from __future__ import annotations

import msgspec

from engine.core.entities import Criterion, GateProof, GateSpec
from engine.crew.fences import ADVICE, code_span, fenced, one_line, prose
from engine.tools.observation import shorten

MAX_DIFF_CHARS = 20_000
_IN_FULL = 2
"""The newest attempts are shown in full, older ones shortened, and none is left out: their lessons differ."""


class Measured(msgspec.Struct, frozen=True):
    """A check or gate that the engine ran. `red_before` says that it was red without this work too."""

    proof: GateProof
    output: str = ""
    red_before: bool = False


class Evidence(msgspec.Struct, frozen=True):
    """What the engine knows about an attempt's work by itself; `claim` is the worker's summary."""

    checks: tuple[Measured, ...] = ()
    gates: tuple[Measured, ...] = ()
    diff: str = ""
    claim: str = ""


class EarlierAttempt(msgspec.Struct, frozen=True):
    """An attempt that failed: its number, the kind of failure, the engine's words on it, and what it left behind."""

    number: int
    failure: str
    summary: str
    diff: str = ""
    output: str = ""
    review: str = ""


class Context(msgspec.Struct, frozen=True):
    """Something a role should know, written by another role: the run's specification, say."""

    title: str
    text: str
    standing: str = ADVICE
    max_chars: int = 12_000


class Brief(msgspec.Struct, frozen=True):
    """All that the first message says. `title` is its first line: `Task T3: Repair the rounding`, `Run R1`."""

    title: str
    description: str
    criteria: tuple[Criterion, ...] = ()
    gates: tuple[GateSpec, ...] = ()
    context: tuple[Context, ...] = ()
    evidence: Evidence | None = None
    earlier: tuple[EarlierAttempt, ...] = ()
    guidance: tuple[str, ...] = ()


def render_brief(brief: Brief) -> str:
    """The message as markdown; a section is absent when there is nothing to say in it."""
    sections = [
        f"# {one_line(brief.title)}",
        prose(brief.description),
        _criteria(brief.criteria),
        _gates(brief.gates),
        _context(brief.context),
        _evidence(brief.evidence),
        _earlier(brief.earlier),
        _guidance(brief.guidance),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _criteria(criteria: tuple[Criterion, ...]) -> str:
    lines: list[str] = []
    for number, criterion in enumerate(criteria, 1):
        lines.append(f"{number}. {one_line(criterion.text)}")
        if criterion.check:
            lines.append(f"   check: {code_span(criterion.check)}")
    return _section("Acceptance criteria", lines)


def _gates(gates: tuple[GateSpec, ...]) -> str:
    return _section("Gates", [f"- {one_line(gate.name)}: {code_span(gate.run)}" for gate in gates])


def _context(parts: tuple[Context, ...]) -> str:
    return _section(
        "Context",
        [fenced(part.title, shorten(part.text, part.max_chars), standing=part.standing) for part in parts],
        gap="\n\n",
    )


def _evidence(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    lines = [_measured(f"check {number}", check) for number, check in enumerate(evidence.checks, 1)]
    lines += [_measured(f"gate {one_line(gate.proof.name)}", gate) for gate in evidence.gates]
    parts = ["\n".join(lines) or "- no check and no gate was run"]
    parts.append(
        fenced("The diff", shorten(evidence.diff, 2 * MAX_DIFF_CHARS), "diff")
        if evidence.diff
        else "The diff is empty."
    )
    if evidence.claim:
        parts.append(fenced("The worker's own summary, a claim", shorten(evidence.claim, 4_000)))
    return _section("Evidence", parts, gap="\n\n")


def _measured(name: str, measured: Measured) -> str:
    proof = measured.proof
    counts = f", passed {proof.passed}, failed {proof.failed}" if proof.passed or proof.failed else ""
    before = " (it was red before this work too)" if measured.red_before else ""
    line = f"- {name}: exit code {proof.exit_code}{counts}{before}"
    if not measured.output.strip():
        return line
    return f"{line}\n{fenced(f'Output of {name}', shorten(measured.output, 6_000))}"


def _earlier(attempts: tuple[EarlierAttempt, ...]) -> str:
    ordered = sorted(attempts, key=lambda attempt: attempt.number)
    older = len(ordered) - _IN_FULL
    parts = [_attempt(attempt, 1_500 if index < older else MAX_DIFF_CHARS) for index, attempt in enumerate(ordered)]
    return _section("Earlier attempts", parts, gap="\n\n")


def _attempt(attempt: EarlierAttempt, max_chars: int) -> str:
    parts = [
        f"### Attempt {attempt.number}: {one_line(attempt.failure)}",
        fenced("What failed", shorten(attempt.summary, max_chars)),
        fenced("The diff of this attempt, which is not in your tree", shorten(attempt.diff, max_chars), "diff"),
        fenced("The failing output", shorten(attempt.output, max_chars // 2)),
        fenced("The reviewer's words", shorten(attempt.review, max_chars // 2), standing=ADVICE),
    ]
    return "\n\n".join(part for part in parts if part)


def _guidance(guidance: tuple[str, ...]) -> str:
    return _section(
        "Guidance from a person", [f"- {prose(text).replace(chr(10), chr(10) + '  ')}" for text in guidance]
    )


def _section(title: str, parts: list[str], gap: str = "\n") -> str:
    return f"## {title}\n{gap.join(parts)}" if parts else ""
