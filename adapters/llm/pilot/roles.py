"""What the pilot does next in each role: a pure function of the transcript; it must not pretend to understand anything."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from adapters.llm.pilot.checks import check_of, parse, red_files
from adapters.llm.pilot.coder import code
from adapters.llm.pilot.transcript import Transcript

WHAT_IT_IS = "the pilot, a small rule-based stand-in, not an LLM"
_REMEDY = (
    f"This is {WHAT_IT_IS}. It can only repair failing Python tests (pytest or unittest) by single edits. For anything "
    "else configure a real model: set ORCH_MODEL (such as anthropic/claude-sonnet-4-5 or openai/gpt-5) and the "
    "provider's key (ANTHROPIC_API_KEY, OPENAI_API_KEY), or ORCH_API_BASE for an endpoint of your own."
)
_REPAIR = re.compile(r"fail|\bfix|repair|mend|broken|\bbugs?\b|\bred\b|green|\bpass(es|ing)?\b", re.IGNORECASE)
Call = tuple[str, dict[str, Any]]


def next_call(transcript: Transcript) -> Call:
    """The one tool call that the pilot makes now."""
    return _ROLES.get(transcript.role, _refuse)(transcript)


def _refuse(transcript: Transcript) -> Call:
    return "escalate", {"reason": f"The pilot cannot do the work of a {transcript.role}. {_REMEDY}"}


def _direct(transcript: Transcript) -> Call:
    if transcript.last("list_directory") is None:
        return "list_directory", {}
    tests = transcript.last("run_tests")
    if tests is None:
        return "run_tests", {}
    files = red_files(tests.result)
    if (
        not files
        or not tests.exit_code
        or not parse(transcript.gate)
        or not _REPAIR.search(transcript.section("objective").text)
    ):
        return "escalate", {"reason": _REMEDY}
    spec = {
        "summary": f"The tests that fail now pass: {', '.join(files)}. Specified by {WHAT_IT_IS}.",
        "assumptions": ["Each fault can be repaired by one small edit of the code under test."],
        "constraints": ["Tests are not changed."],
        "expected_outputs": ["Every gate is green."],
    }
    domain = {"title": "Failing tests", "description": f"Repair what these files show: {', '.join(files)}."}
    return "finish", {"spec": spec, "domains": [domain]}


def _plan(transcript: Transcript) -> Call:
    tests = transcript.last("run_tests")
    if tests is None:
        return "run_tests", {}
    files = red_files(tests.result)[:30]
    if not files:
        return "escalate", {"reason": f"No test is red, so there is nothing to plan. {_REMEDY}"}
    tasks = [
        {
            "key": f"repair-{number}",
            "title": f"Repair what {path} shows"[:120],
            "role": "coder",
            "description": f"The tests in {path} fail. Repair the code they test; leave the tests as they are.",
            "criteria": [{"text": f"The tests in {path} pass.", "check": check_of(transcript.gate, path)}],
            "depends_on": [],
            "priority": max(1, 10 - number),
        }
        for number, path in enumerate(files, 1)
    ]
    return "finish", {"tasks": tasks}


class _Measured(NamedTuple):
    name: str
    exit_code: int
    line: str


def _judge(transcript: Transcript) -> Call:
    measured = re.findall(
        r"^- ((?:check|gate) .+?): exit code (-?\d+)(.*)$", transcript.section("Evidence").text, re.MULTILINE
    )
    facts = [
        _Measured(name, int(exit_code), f"{name}: exit code {exit_code}{rest}") for name, exit_code, rest in measured
    ]
    checks = [fact for fact in facts if fact.name.startswith("check ")]
    red = [fact for fact in checks if fact.exit_code]
    red += [fact for fact in facts if fact not in checks and fact.exit_code and "red before" not in fact.line]
    passed = bool(checks) and not red
    verdicts = []
    with_check = iter(checks)
    for number, has_check in _criteria(transcript):
        fact = next(with_check, None) if has_check else None
        quoted = fact.line if fact else "; ".join(check.line for check in checks) or "nothing was measured"
        verdicts.append({"number": number, "passed": fact.exit_code == 0 if fact else passed, "evidence": quoted})
    feedback = "" if passed else f"Red: {'; '.join(fact.line for fact in red) or 'no check was measured'}."
    return "finish", {"passed": passed, "criteria": verdicts, "feedback": feedback}


def _criteria(transcript: Transcript) -> list[tuple[int, bool]]:
    """Each criterion's number, and whether it has a check."""
    found: list[tuple[int, bool]] = []
    for line in transcript.section("Acceptance criteria").lines:
        if match := re.match(r"(\d+)\. ", line):
            found.append((int(match[1]), False))
        elif found and line.strip().startswith("check: "):
            found[-1] = (found[-1][0], True)
    return found


_ROLES: dict[str, Callable[[Transcript], Call]] = {
    "director": _direct,
    "planner": _plan,
    "coder": code,
    "strategist": _judge,
}
