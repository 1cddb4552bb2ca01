"""What the pilot knows of Python's test runners: which tests are red, and how to run some of them alone."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

_PYTEST_RED = re.compile(r"^(?:FAILED|ERROR) ([^\s:]+\.py)(::\S+)?", re.MULTILINE)
_UNITTEST_RED = re.compile(r"^(?:FAIL|ERROR): \w+ \(([\w.]+?)\)", re.MULTILINE)
_RUNNERS = {"pytest": "pytest", "py.test": "pytest", "unittest": "unittest"}


class Check(NamedTuple):
    """A command that runs tests: variables before it, its interpreter, the runner, and the runner's arguments."""

    environment: dict[str, str]
    interpreter: str
    runner: str
    arguments: list[str]


def parse(command: str) -> Check | None:
    """The parts of a test command, None where it is no plain run of pytest or unittest by a Python."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    environment: dict[str, str] = {}
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if len(words) > 2 and re.search(r"python[\d.]*$", words[0]) and words[1] == "-m" and words[2] in _RUNNERS:
        return Check(environment, words[0], _RUNNERS[words[2]], words[3:])
    if words and words[0].rpartition("/")[2] in ("pytest", "py.test"):
        return Check(
            environment, words[0].rpartition("/")[0] + "/python" if "/" in words[0] else "python", "pytest", words[1:]
        )
    return None


def red_files(output: str) -> list[str]:
    """The files with red tests, in the order of the output; for unittest, from the dotted names of the tests."""
    files = [path for path, _test in _PYTEST_RED.findall(output)]
    for dotted in _UNITTEST_RED.findall(output):
        modules = [part for part in dotted.split(".") if part.islower()]
        ends = [index for index, part in enumerate(modules) if part.startswith("test_") or part.endswith("_test")]
        files += ["/".join(modules[: ends[0] + 1]) + ".py"] if ends else []
    return list(dict.fromkeys(files))


def red_tests(output: str) -> list[str]:
    """The ids of pytest's red tests."""
    return [path + test for path, test in _PYTEST_RED.findall(output) if test]


def check_of(gate: str, path: str) -> str:
    """The gate's command, for one test file alone."""
    if "unittest" in gate and "discover" in gate:
        return f"{gate} -p {shlex.quote(path.rpartition('/')[2])}"
    if "unittest" in gate:
        return f"{gate[: gate.index('unittest')]}unittest {path.removesuffix('.py').replace('/', '.')}"
    return f"{gate[: gate.index('pytest') + len('pytest')]} -q {shlex.quote(path)}"
