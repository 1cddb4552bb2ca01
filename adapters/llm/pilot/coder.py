"""The pilot as a coder: a person's exact edits first, then one search for a single edit, then an honest word on it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from adapters.llm.pilot.checks import Check, parse, red_tests
from adapters.llm.pilot.transcript import Step, Transcript, code_spans

SEARCH_LIMIT_S = 20
_INSTRUCTION = re.compile(r"in (`+.+?`+) replace (`+.+?`+) (?:by|with) (`+.+?`+)", re.IGNORECASE)
_FILES = ("mutations", "search")
_HEAD = """\
import json, sys, types
for name, text in json.loads({files!r}).items():
    module = sys.modules["adapters.llm.pilot." + name] = types.ModuleType(name)
    exec(compile(text, name + ".py", "exec"), module.__dict__)
module.main(json.loads({parameters!r}))
"""
Call = tuple[str, dict[str, Any]]


def code(transcript: Transcript) -> Call:
    """The coder's next call."""
    wanted = _instructed(transcript)
    made = [step for step in transcript.steps if step.name == "str_replace"]
    if len(made) < len(wanted):
        return "str_replace", wanted[len(made)]
    checks = code_spans(
        "\n".join(line for line in transcript.section("Acceptance criteria").lines if "check: " in line)
    )
    since_edit = transcript.steps[transcript.steps.index(made[-1]) + 1 :] if made else transcript.steps
    red = ""
    for check in checks:
        run = next((step for step in since_edit if step.arguments.get("command") == check), None)
        if run is None:
            return "run_shell", {"command": check, "timeout_s": 120}
        if run.exit_code:
            red = check
            break
    return _repair(transcript, red, made[len(wanted) :]) if red else _finish(transcript, made, red)


def _repair(transcript: Transcript, red: str, edits: list[Step]) -> Call:
    check = parse(red)
    if check is None:
        return "finish", {
            "summary": f"The pilot cannot search with the check {red}: it is no plain pytest or unittest."
        }
    outcome = _outcome(transcript)
    if outcome is None:
        return _search(transcript, red, check)
    if outcome["found"] and not edits:
        return "str_replace", outcome["found"]
    return _finish(transcript, edits, red)


def _search(transcript: Transcript, red: str, check: Check) -> Call:
    folder = Path(__file__).parent
    earlier = transcript.section("Earlier attempts").fences
    lost = [test for _, text in earlier for test in red_tests(text) if test.partition("::")[0] not in red]
    parameters = {
        "runner": check.runner,
        "arguments": check.arguments,
        "environment": check.environment,
        "also": list(dict.fromkeys(lost)) if check.runner == "pytest" else [],
        "tried": [change for language, text in earlier if language == "diff" for change in _changes(text)],
        "limit_s": SEARCH_LIMIT_S,
    }
    files = json.dumps({name: (folder / f"{name}.py").read_text("utf-8") for name in _FILES})
    script = _HEAD.format(files=files, parameters=json.dumps(parameters))
    if check.interpreter in ("python", "python3"):
        return "run_python", {"code": script, "timeout_s": 60}
    return "run_shell", {"command": f"{check.interpreter} - <<'PILOT_END'\n{script}PILOT_END", "timeout_s": 60}


def _outcome(transcript: Transcript) -> dict[str, Any] | None:
    """What the search printed; a search that died counts as one that found nothing."""
    for step in transcript.steps:
        if "PILOT" in str(step.arguments.get("code", step.arguments.get("command", ""))):
            match = re.search(r"^PILOT (\{.*\})$", step.result, re.MULTILINE)
            outcome: dict[str, Any] = json.loads(match[1]) if match else {"found": {}, "tried": 0, "of": 0}
            return outcome
    return None


def _finish(transcript: Transcript, edits: list[Step], red: str) -> Call:
    outcome = _outcome(transcript)
    effort = f" It tried {outcome['tried']} of {outcome['of']} edits." if outcome else ""
    if red and edits:
        summary = "The edit that the search found does not make the check pass outside of it."
    elif red:
        summary = "No single edit makes the check pass; nothing was changed beyond what a person asked for."
    elif outcome:
        summary = "One edit, found by a mechanical search with the failing tests as its oracle, makes the check pass."
    else:
        summary = "The check is green" + (
            " with the edits that a person asked for." if edits else " without any change."
        )
    return "finish", {"summary": f"{summary}{effort} Made by the pilot, a rule-based stand-in, not an LLM."}


def _instructed(transcript: Transcript) -> list[dict[str, Any]]:
    """A person's edits: in `path` replace `old` by `new`."""
    found = [code_spans(" ".join(m)) for m in _INSTRUCTION.findall(transcript.section("Guidance from a person").text)]
    return [{"path": path, "old": old, "new": new} for path, old, new in found]


def _changes(diff: str) -> list[list[str]]:
    """Each file's path in a diff, followed by the lines that were added to it."""
    changes: list[list[str]] = []
    for line in diff.splitlines():
        if line.startswith("+++ "):
            changes.append([line[4:].removeprefix("b/").strip()])
        elif line.startswith("+") and changes:
            changes[-1].append(line[1:].strip())
    return changes
