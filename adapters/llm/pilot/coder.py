"""The pilot as a coder: a person's exact edits first, then one search for a single edit, then an honest word on it."""

import json
import re
from pathlib import Path
from typing import Any

from adapters.llm.pilot.transcript import Step, Transcript, code_spans

SEARCH_LIMIT_S = 30
Call = tuple[str, dict[str, Any]]
_INSTRUCTION = re.compile(r"in (`+.+?`+) replace (`+.+?`+) (?:by|with) (`+.+?`+)", re.IGNORECASE)
_SEARCH = """\
import json, sys, types
for name, source in json.loads({sources!r}).items():
    module = sys.modules["adapters.llm.pilot." + name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.main(sys.argv[1:], **json.loads({parameters!r}))
"""


def code(transcript: Transcript) -> Call:
    """The coder's next call."""
    guidance = transcript.sections["Guidance from a person"]
    wanted = [code_spans(" ".join(spans)) for spans in _INSTRUCTION.findall(guidance)]
    made = [step for step in transcript.steps if step.name == "str_replace"]
    if len(made) < len(wanted):
        return _edit(transcript, dict(zip(("path", "old", "new"), wanted[len(made)], strict=True)))
    since_edit = transcript.steps[transcript.steps.index(made[-1]) + 1 :] if made else transcript.steps
    for check in re.findall(r"^ +check: .*$", transcript.sections["Acceptance criteria"], re.MULTILINE):
        command = code_spans(check)[0]
        run = next((step for step in since_edit if step.arguments.get("command") == command), None)
        if run is None:
            return "run_shell", {"command": command, "timeout_s": 120}
        if not re.search(r"^exit code: 0$", run.result, re.MULTILINE):
            return _repair(transcript, run, was_edited=len(made) > len(wanted))
    if transcript.last("run_python"):
        return _finish("A mechanical search, with the failing tests as its oracle, found one edit: the check is green.")
    return _finish(f"The check is green {'as a person asked' if made else 'without any change'}.")


def _repair(transcript: Transcript, red: Step, *, was_edited: bool) -> Call:
    searched = transcript.last("run_python")
    command = re.sub(r"^(\S*/)?pytest\b", r"\1python -m pytest", red.arguments["command"])
    command, is_ours = re.subn(r" -m (pytest|unittest)\b", r" - \1", command)
    if not is_ours:
        return _finish(f"The pilot cannot search with `{command}`: it is no plain run of pytest or unittest.")
    if searched is None:
        return "run_python", {"code": _search(command, transcript.diffs), "timeout_s": 3 * SEARCH_LIMIT_S}
    printed = re.search(r"^PILOT (\{.*\})$", searched.result, re.MULTILINE)
    outcome = json.loads(printed[1]) if printed else {"found": {}, "tried": 0, "of": 0}
    if outcome["found"] and not was_edited:
        return _edit(transcript, outcome["found"])
    told = "The edit that the search found is not enough." if was_edited else "No single edit makes the check pass."
    return _finish(f"{told} The search tried {outcome['tried']} of {outcome['of']} edits.")


def _edit(transcript: Transcript, edit: dict[str, Any]) -> Call:
    """The edit, once its file was read: the tools refuse to change what nobody looked at."""
    reads = [step.arguments.get("path") for step in transcript.steps if step.name == "read_file"]
    return ("str_replace", edit) if edit["path"] in reads else ("read_file", {"path": edit["path"]})


def _search(command: str, diffs: list[str]) -> str:
    """A script that runs the search in the check's own Python, with the check's own variables."""
    tried = [line[1:].strip() for diff in diffs for line in diff.splitlines() if line.startswith("+")]
    parameters = json.dumps({"tried": tried, "limit_s": SEARCH_LIMIT_S})
    sources = {name: Path(__file__).with_name(f"{name}.py").read_text("utf-8") for name in ("edits", "search")}
    script = _SEARCH.format(sources=json.dumps(sources), parameters=parameters)
    return f"import subprocess\nsubprocess.run({command!r}, shell=True, input={script!r}.encode())"


def _finish(summary: str) -> Call:
    return "finish", {"summary": f"{summary} Made by the pilot, a rule-based stand-in, not an LLM."}
