"""Search for the one edit that turns a failing check green, with the check as the oracle; must not change any file.

It runs in the check's own Python: standard library only, 3.10 and newer. The likeliest lines come first, by which tests
ran them (Ochiai; Abreu et al., 2007). Each edit is tried in a forked child whose imports see it. Limits are of processor
time, relative to the check's own, so that a busy machine changes no result.
"""

import ast
import json
import os
import re
import resource
import runpy
import signal
import sys
import time
from collections import defaultdict
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FrameType
from typing import Any

from adapters.llm.pilot.edits import Edit, edits_below

_HANG_S, _MEMORY_BYTES = 8.0, 2 << 30
_OUTSIDE, _TEST = re.compile(r"(^|/)(\.|site-packages/)"), re.compile(r"(^|/)(tests/|test_|conftest)|_test\.py$")
# The first failure decides; the end of a session, which two plugins make slow, decides nothing.
_FAIL_FAST = {"unittest": ["-f"], "pytest": ["-x", "--tb=no", "-pno:hypothesispytest", "-pno:unraisableexception"]}
Candidate = tuple[str, Edit]
Scores = dict[tuple[str, int], float]


def main(check: list[str], tried: list[str], limit_s: float) -> None:
    """Print the winning edit of a check (a module and its arguments), whose lines were not `tried`, as one line of JSON."""
    deadline, stdout, mine = time.monotonic() + limit_s, os.dup(1), list[Candidate]()
    sys.argv, sys.path[0], sys.dont_write_bytecode = [*check, *_FAIL_FAST[check[0]]], str(Path.cwd()), True
    scores, began_s = _observe()
    ordered, load = _candidates(scores, set(tried)), SourceFileLoader.get_code

    def get_code(loader: Any, name: str) -> Any:
        if not mine and _kind(loader.path) == "code":
            # What the check does before it first imports code of the project is the same for all edits: done once.
            mine.append(_race(ordered, _HANG_S / 2 + 3 * began_s, deadline, stdout))
        if not mine or loader.path != mine[0][0]:
            return load(loader, name)
        lines, edit = _lines(loader.path), mine[0][1]
        lines[edit.first - 1 : edit.last] = [edit.new]
        return compile("".join(lines), loader.path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]  # in a process that ends here
    _confine(limit_s)
    os._exit(_run_check())


def _run_check() -> int:
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except (SystemExit, KeyboardInterrupt) as ended:
        return 0 if isinstance(ended, SystemExit) and not ended.code else 1
    return 1


def _confine(limit_s: float) -> None:
    """Make this process silent, and bounded in time and memory."""
    for stream in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    signal.setitimer(signal.ITIMER_REAL, 10 + 5 * limit_s)


@cache
def _kind(path: str) -> str:
    """Whether a file is `code` of the project, a `test` of it, or neither."""
    inside = os.path.relpath(path) if Path(path).is_absolute() else "."
    return "" if _OUTSIDE.search(inside) else "test" if _TEST.search(inside) else "code"


def _observe() -> tuple[Scores, float]:
    """How suspicious each line is, and when the last test began, which is the first that fails, in processor seconds."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader) as stream:
            scores, began_s = json.load(stream)
        os.wait()
        return {(path, line): score for (path, line), score in scores}, began_s
    ran: dict[tuple[str, int], set[str]] = defaultdict(set)
    tests = [("", 0.0)]

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        kind = _kind(frame.f_code.co_filename)
        if kind == "code":
            ran[frame.f_code.co_filename, frame.f_lineno].add(tests[-1][0])
        elif kind == "test" and event == "call" and frame.f_code.co_name.startswith("test"):
            tests.append((frame.f_code.co_name, time.process_time()))
            signal.setitimer(signal.ITIMER_PROF, _HANG_S)
        return trace if kind == "code" else None

    _confine(_HANG_S)
    signal.signal(signal.SIGPROF, signal.default_int_handler)
    sys.settrace(trace)
    _run_check()
    sys.settrace(None)
    last, began_s = tests[-1]
    found = [(line, len(by) ** -0.5 if last in by else 0.1) for line, by in ran.items() if {last, ""} & by]
    with os.fdopen(writer, "w") as stream:
        json.dump((found, began_s), stream)
    os._exit(0)


def _candidates(scores: Scores, tried: set[str]) -> list[Candidate]:
    """All edits of suspicious lines that were not tried, the most promising first."""
    found: dict[Candidate, float] = {}
    for path in dict.fromkeys(path for path, _ in scores):
        lines = Path(path).read_bytes().splitlines(keepends=True)
        for edit in edits_below(ast.parse(b"".join(lines)), lines):
            score = edit.weight * max(scores.get((path, line), 0.0) for line in range(edit.first, edit.last + 1))
            if score and not {line.strip() for line in edit.new.splitlines()} <= tried:
                found[path, edit] = score
    return sorted(found, key=lambda candidate: -found[candidate])


def _race(ordered: list[Candidate], limit_s: float, deadline: float, stdout: int) -> Candidate:
    """Returns in each child what it is to try; the parent tells the first in order that passes, and ends."""
    found: dict[str, str] = {}
    tried = 0
    while tried < len(ordered) and not found and time.monotonic() < deadline:
        children: dict[int, Candidate] = {}
        for candidate in ordered[tried : tried + (os.cpu_count() or 1)]:
            child = os.fork()
            if not child:
                _confine(limit_s)
                return candidate
            children[child] = candidate
        passed = [candidate for child, candidate in children.items() if os.waitpid(child, 0)[1] == 0]
        found = _exact(*passed[0]) if passed else {}
        tried += len(children)
    os.write(stdout, f"\nPILOT {json.dumps({'found': found, 'tried': tried, 'of': len(ordered)})}\n".encode())
    os._exit(0)


def _exact(path: str, edit: Edit) -> dict[str, str]:
    """The edit as path, old and new text: as few whole lines as occur only once."""
    lines, first, last = _lines(path), edit.first - 1, edit.last
    while "".join(lines).count("".join(lines[first:last])) > 1:
        first, last = max(0, first - 1), last + 1
    new = [*lines[first : edit.first - 1], edit.new, *lines[edit.last : last]]
    return {"path": os.path.relpath(path), "old": "".join(lines[first:last]), "new": "".join(new)}


def _lines(path: str) -> list[str]:
    return [line.decode() for line in Path(path).read_bytes().splitlines(keepends=True)]
