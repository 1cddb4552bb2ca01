"""Search for the one edit that turns a failing check green, with the tests as the oracle; must not change any file.

The pilot sends this file to the target's interpreter: standard library only, and pytest where the check uses it. Each
candidate lives in the memory of a forked child, whose imports get the changed source, so that the tree stays as it is.
Suspicious lines come first, by which tests ran them (spectrum-based fault localisation, Ochiai; Abreu et al., 2007).
"""

from __future__ import annotations

import collections
import gc
import importlib.machinery
import json
import os
import resource
import select
import signal
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from adapters.llm.pilot.mutations import Edit, edits_of

_HERE = str(Path.cwd())
_MEMORY_BYTES = 2 << 30
_BASELINE_LIMIT_S = 15
_TEST_LIMIT_S = 3.0
_EARLY, _AT_IMPORT = "(before collection)", "(at import)"
Line = tuple[str, int]


class Candidate(NamedTuple):
    """An edit of a file, and how likely it is to be the right one."""

    score: float
    path: str
    edit: Edit

    def changed(self) -> bytes:
        """The file's source with the edit."""
        source = Path(self.path).read_bytes()
        return source[: self.edit.start] + self.edit.new + source[self.edit.end :]


class Observer:
    """A pytest plugin for the check as it is: each test's result and lines, and the time that is not lost in hangs."""

    def __init__(self) -> None:
        self.now = _EARLY
        self.results: dict[str, bool] = {}
        self.lines: dict[str, set[Line]] = collections.defaultdict(set)
        self.started = time.monotonic()
        self.useful_s = 0.0

    def pytest_collection(self) -> None:
        self.now = _AT_IMPORT

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self.now == _AT_IMPORT:
            self.useful_s = time.monotonic() - self.started
        self.now = nodeid
        signal.setitimer(signal.ITIMER_REAL, _TEST_LIMIT_S)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.results[report.nodeid] = self.results.get(report.nodeid, True) and not report.failed
        self.useful_s += report.duration if report.duration < _TEST_LIMIT_S else 0

    def trace(self, frame: FrameType, _event: str, _argument: object) -> Any:
        if not _is_candidate(frame.f_code.co_filename):
            return None
        self.lines[self.now].add((frame.f_code.co_filename, frame.f_lineno))
        return self.trace_line

    def trace_line(self, frame: FrameType, _event: str, _argument: object) -> Any:
        self.lines[self.now].add((frame.f_code.co_filename, frame.f_lineno))
        return self.trace_line


class Trial:
    """A pytest plugin for a candidate: the red tests come first, and the first failure ends the process."""

    def __init__(self, red: set[str], dropped: set[str], begin: Callable[[], None]) -> None:
        self.red, self.dropped, self.begin = red, dropped, begin

    def pytest_collection(self) -> None:
        self.begin()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if item.nodeid not in self.dropped]
        items.sort(key=lambda item: item.nodeid not in self.red)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        is_excused = item.get_closest_marker("xfail") or (call.excinfo and "Skip" in call.excinfo.typename)
        if call.excinfo and not is_excused:
            os._exit(1)


class Race:
    """Candidates tried side by side; the first in order that passes wins, whichever process was faster."""

    def __init__(self, ordered: list[Candidate], trial_limit_s: float, deadline: float) -> None:
        self.ordered, self.trial_limit_s, self.deadline = ordered, trial_limit_s, deadline
        self.running: dict[int, int] = {}
        self.won: list[int] = []
        self.tried = 0

    def run(self) -> None:
        """Try the candidates. Returns in the child of each, where its source is in place; never in the parent."""
        for index, candidate in enumerate(self.ordered):
            if len(self.running) >= min(4, os.cpu_count() or 1):
                self.wait()
            if self.won or time.monotonic() > self.deadline:
                break
            child = os.fork()
            if not child:
                quarantine(self.trial_limit_s)
                serve(candidate.path, candidate.changed())
                return
            self.running[child] = index
            self.tried += 1
        while self.running:
            self.wait()
        found = exact(self.ordered[min(self.won)]) if self.won else {}
        report({"found": found, "tried": self.tried, "of": len(self.ordered)})

    def wait(self) -> None:
        child, status = os.wait()
        index = self.running.pop(child)
        if status == 0:
            self.won.append(index)


def run_check(runner: str, arguments: list[str], plugin: object) -> int:
    """The exit code of the check, run in this process."""
    if runner == "unittest":
        return 0 if unittest.main(module=None, argv=["check", *arguments], exit=False).result.wasSuccessful() else 1
    import pytest

    return int(pytest.main([*arguments, "-p", "no:cacheprovider"], plugins=[plugin]))


def quarantine(limit_s: float) -> None:
    """Make this process silent, bounded in memory, and dead after the limit."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s)


def serve(path: str, changed: bytes) -> None:
    """Give the changed source to every import of a path, past any cached bytecode."""
    loader = importlib.machinery.SourceFileLoader
    read, stat = loader.get_data, loader.path_stats

    def get_data(self: Any, asked: str) -> bytes:
        return changed if os.path.realpath(asked) == path else read(self, asked)

    def path_stats(self: Any, asked: str) -> Any:
        if os.path.realpath(asked) == path:
            raise OSError
        return stat(self, asked)

    loader.get_data, loader.path_stats = get_data, path_stats  # type: ignore[assignment, method-assign]  # in this child


def observe(runner: str, arguments: list[str]) -> dict[str, Any]:
    """Run the check as it is in a child: each test's result, the lines that each one ran, the seconds they took."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        quarantine(_BASELINE_LIMIT_S)
        _observe_here(runner, arguments, writer)
    os.close(writer)
    if not select.select([reader], [], [], _BASELINE_LIMIT_S)[0]:
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    answer: dict[str, Any] = json.loads(text or b'{"results": {}, "lines": {}, "useful_s": 0}')
    return answer


def _observe_here(runner: str, arguments: list[str], writer: int) -> NoReturn:
    def give_up(_signal: int, _frame: object) -> NoReturn:
        raise TimeoutError

    seen = Observer()
    signal.signal(signal.SIGALRM, give_up)
    sys.settrace(seen.trace)
    run_check(runner, arguments, seen)
    sys.settrace(None)
    signal.setitimer(signal.ITIMER_REAL, 0)
    lines = {test: sorted(ran) for test, ran in seen.lines.items()}
    with os.fdopen(writer, "w") as stream:
        json.dump({"results": seen.results, "lines": lines, "useful_s": seen.useful_s}, stream)
    os._exit(0)


def _is_candidate(path: str) -> bool:
    if not path.startswith(_HERE + os.sep):
        return False
    *folders, name = Path(path).relative_to(_HERE).parts
    is_test = name.startswith(("test_", "conftest")) or name.endswith("_test.py") or "tests" in folders
    return not is_test and not any(folder.startswith(".") or folder == "site-packages" for folder in folders)


def suspicion(lines: dict[str, set[Line]], red: set[str]) -> dict[Line, float]:
    """How suspicious each line is, from 0 to 1; what ran outside of tests (defaults, tables) is a little so."""
    scores = {line: 0.15 for test in (_EARLY, _AT_IMPORT) for line in lines.get(test, ())}
    for test in red:
        for line in lines.get(test, ()):
            ran = [each for each in lines if line in lines[each] and each not in (_EARLY, _AT_IMPORT)]
            scores[line] = sum(each in red for each in ran) / (len(red) * len(ran)) ** 0.5
    return scores or {line: 1.0 for ran in lines.values() for line in ran}


def candidates(scores: dict[Line, float], tried: list[list[str]]) -> list[Candidate]:
    """All edits of suspicious lines that were not tried, the most promising first."""
    found: dict[tuple[str, int, int, bytes], Candidate] = {}
    for path in sorted({path for path, _ in scores}):
        try:
            edits = edits_of(Path(path).read_bytes())
        except (SyntaxError, UnicodeDecodeError):
            continue
        for edit in edits:
            score = max(scores.get((path, line), 0.0) for line in edit.lines)
            candidate = Candidate(score * edit.weight, path, edit)
            if score and not _was_tried(candidate, tried):
                found.setdefault((path, edit.start, edit.end, edit.new), candidate)
    return sorted(found.values(), key=lambda each: -each.score)


def _was_tried(candidate: Candidate, tried: list[list[str]]) -> bool:
    lines = [set(lines) for path, *lines in tried if f"{_HERE}/{path}" == candidate.path]
    if not lines:
        return False
    new = {line.strip() for line in exact(candidate)["new"].splitlines() if line.strip()}
    return any(new and new <= each for each in lines)


def exact(candidate: Candidate) -> dict[str, str]:
    """The edit as path, old and new text: as few whole lines as occur only once."""
    source, changed = Path(candidate.path).read_bytes(), candidate.changed()
    start, end = _whole_lines(source, candidate.edit.start, candidate.edit.end)
    while source.count(source[start:end]) > 1:
        start, end = _whole_lines(source, max(0, start - 1), min(len(source), end + 1))
    new = changed[start : end + len(changed) - len(source)]
    return {"path": os.path.relpath(candidate.path), "old": source[start:end].decode(), "new": new.decode()}


def _whole_lines(text: bytes, start: int, end: int) -> tuple[int, int]:
    stop = text.find(b"\n", end)
    return text.rfind(b"\n", 0, start) + 1, len(text) if stop < 0 else stop


def report(outcome: dict[str, Any]) -> NoReturn:
    """Print the outcome as one line of JSON after the word PILOT, and end."""
    os.write(_STDOUT, f"PILOT {json.dumps(outcome)}\n".encode())
    os._exit(0)


def main(parameters: dict[str, Any]) -> NoReturn:
    """Search, report the winning edit or that there is none, and end the process."""
    os.environ.update(parameters["environment"])
    paths = parameters["environment"].get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [_HERE, *(str(Path(path).resolve()) for path in paths if path)]
    sys.dont_write_bytecode = True
    deadline = time.monotonic() + parameters["limit_s"]
    runner, arguments = parameters["runner"], [*parameters["arguments"], *parameters["also"]]
    seen = observe(runner, arguments)
    red = {test for test, passed in seen["results"].items() if not passed}
    dropped = red.intersection(parameters["also"])
    lines = {test: {(path, line) for path, line in ran} for test, ran in seen["lines"].items()}
    ordered = candidates(suspicion(lines, red - dropped), parameters["tried"])
    race = Race(ordered, min(6.0, 0.5 + 3 * seen["useful_s"]), deadline)
    # What conftest files import is in memory before pytest collects, so that candidates must start before pytest then.
    starts_early = runner == "unittest" or _EARLY in lines
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    gc.freeze()
    if starts_early:
        race.run()
    os._exit(run_check(runner, arguments, Trial(red, dropped, (lambda: None) if starts_early else race.run)))


_STDOUT = os.dup(1)
