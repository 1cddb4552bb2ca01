"""What the pilot does next in each role: a pure function of the transcript; it must not pretend to understand anything."""

import re
import shlex

from adapters.llm.pilot.coder import Call, code
from adapters.llm.pilot.transcript import Transcript, code_spans

_REFUSAL: Call = "escalate", {
    "reason": "This is the pilot, a small rule-based stand-in, not an LLM. It only repairs failing Python tests (pytest or "
    "unittest) by single edits. For anything else set ORCH_MODEL (such as anthropic/claude-sonnet-4-5) and the provider's "
    "key (such as ANTHROPIC_API_KEY), or ORCH_API_BASE for an endpoint of your own."
}  # fmt: skip
_REPAIR = re.compile(r"fail|\bfix|repair|mend|broken|\bbugs?\b|\bred\b|green|\bpass(es|ing)?\b", re.IGNORECASE)
_PYTEST_RED = r"^(?:FAILED|ERROR) ([^\s:]+)\.py"
_UNITTEST_RED = r"^(?:FAIL|ERROR): \S+ \((?:unittest\.loader\._FailedTest\.)?((?:\w+\.)*?(?:test_\w+|\w+_test))\b"


def next_call(transcript: Transcript) -> Call:
    """The one tool call that the pilot makes now."""
    roles = {"director": _plan, "planner": _plan, "coder": code, "strategist": _judge}
    return roles[transcript.role](transcript) if transcript.role in roles else _REFUSAL


def _plan(transcript: Transcript) -> Call:
    """A director's or planner's call: run the tests, then one task for each file with red tests."""
    tests, is_director = transcript.last("run_tests"), transcript.role == "director"
    if tests is None:
        return "run_tests", {}
    gate = next(iter(code_spans(transcript.sections["Gates"])), "")
    files = red_files(tests.result)[:30] if re.search("pytest|unittest", gate) else []
    if not files or (is_director and not _REPAIR.search(transcript.sections["objective"])):
        return _REFUSAL
    if not is_director:
        return "finish", {"tasks": [_task(number, path, gate) for number, path in enumerate(files, 1)]}
    told = (
        f"The tests that fail now pass: {', '.join(files)}. Specified by the pilot, a rule-based stand-in, not an LLM."
    )
    spec = {"summary": told, "constraints": ["Tests are not changed."], "expected_outputs": ["Every gate is green."]}
    return "finish", {"spec": spec, "domains": [{"title": "Failing tests", "description": told}]}


def _task(number: int, path: str, gate: str) -> dict[str, object]:
    return {
        "key": f"repair-{number}",
        "title": f"Repair what {path} shows"[:120],
        "role": "coder",
        "description": f"The tests in {path} fail. Repair the code they test; leave the tests as they are.",
        "criteria": [{"text": f"The tests in {path} pass.", "check": check_of(gate, path)}],
        "priority": max(1, 10 - number),
    }


def red_files(output: str) -> list[str]:
    """The files with red tests, in the order of the output; for unittest, from the dotted names of the tests."""
    found = re.findall(f"{_PYTEST_RED}|{_UNITTEST_RED}", output, re.MULTILINE)
    return list(dict.fromkeys((path or dotted.replace(".", "/")) + ".py" for path, dotted in found))


def check_of(gate: str, path: str) -> str:
    """The gate's command, for one test file alone."""
    if "unittest" in gate and "discover" in gate:
        return f"{gate} -p {shlex.quote(path.rpartition('/')[2])}"
    if "unittest" in gate:
        return f"{gate[: gate.index('unittest')]}unittest {path.removesuffix('.py').replace('/', '.')}"
    return f"{gate[: gate.index('pytest') + len('pytest')]} -q {shlex.quote(path)}"


def _judge(transcript: Transcript) -> Call:
    """A strategist's call: what the engine measured decides, and each criterion quotes it."""
    measured = re.findall(r"^- ((check|gate) .+?: exit code (-?\d+).*)$", transcript.sections["Evidence"], re.MULTILINE)
    checks = [line for line, kind, _ in measured if kind == "check"]
    red = [line for line, kind, code in measured if code != "0" and (kind == "check" or "red before" not in line)]
    passed = bool(checks) and not red
    criteria = re.findall(r"^(\d+)\. .*(?:\n +(check): )?", transcript.sections["Acceptance criteria"], re.MULTILINE)
    left, verdicts = list(checks), []
    for number, has_check in criteria:
        own = left.pop(0) if has_check and left else ""
        met = own not in red if own else passed
        verdicts.append({"number": int(number), "passed": met, "evidence": own or "; ".join(checks) or "nothing"})
    feedback = "" if passed else f"Red: {'; '.join(red) or 'no check was measured'}."
    return "finish", {"passed": passed, "criteria": verdicts, "feedback": feedback}
