"""Finds the gates of a repository that has no `orch.toml`; only reads files of a commit, and runs nothing."""

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from engine.core.entities import GateSpec
from engine.gates.naming import is_python_test

Read = Callable[[str], bytes | None]

DEFAULT_PYTHON: Final = "python3"

_PYTEST_SECTIONS: Final = (
    ("pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("setup.cfg", "[tool:pytest]"),
    ("tox.ini", "[pytest]"),
)
_PYTEST_STYLE: Final = re.compile(r"^(?:import pytest|from pytest|(?:async )?def test)", re.MULTILINE)
_UNITTEST_STYLE: Final = re.compile(r"^(?:import unittest|from unittest)", re.MULTILINE)
_MAKE_TEST: Final = re.compile(r"^test[ \t]*:(?!=)", re.MULTILINE)
_MAKEFILES: Final = ("GNUmakefile", "makefile", "Makefile")
# `npm init` writes a script that only says there is none.
_NO_NPM_TEST: Final = "no test specified"
_MAX_READ_TESTS: Final = 50


def detect(paths: Collection[str], read: Read, *, python: str = DEFAULT_PYTHON) -> tuple[GateSpec, ...]:
    """The gates that a commit with these paths suggests, () when none; `make test` only where no tool of a language is found.

    `python` is a shell word, see `python_of`.
    """
    found = tuple(_language_gates(frozenset(paths), read, python))
    if found:
        return found
    makefile = next((name for name in _MAKEFILES if name in paths), None)
    if makefile is not None and _MAKE_TEST.search(_text(read, makefile)):
        return (GateSpec("make", "make test"),)
    return ()


def python_of(checkout: Path | None) -> str:
    """The Python of the user's own virtual environment, as a shell word, else `python3`: never the one that runs the engine."""
    if checkout is not None:
        for folder in (".venv", "venv"):
            python = checkout / folder / "bin/python"
            if python.exists():
                return shlex.quote(str(python))
    return DEFAULT_PYTHON


def _language_gates(paths: frozenset[str], read: Read, python: str) -> Iterator[GateSpec]:
    runner = _python_runner(paths, read)
    if runner:
        yield GateSpec(runner.split()[0], f"{python} -m {runner}")
    if _has_npm_test(read):
        yield GateSpec("npm", "npm test")
    if "Cargo.toml" in paths:
        yield GateSpec("cargo", "cargo test")
    if "go.mod" in paths and any(path.endswith("_test.go") for path in paths):
        yield GateSpec("go", "go test ./...")


def _python_runner(paths: frozenset[str], read: Read) -> str:
    """What follows `python -m`, or "" when there are no Python tests."""
    tests = sorted(path for path in paths if is_python_test(path))
    if any(section in _text(read, file) for file, section in _PYTEST_SECTIONS if file in paths):
        return "pytest -q"
    if not tests:
        return ""
    texts = [_text(read, path) for path in tests[:_MAX_READ_TESTS]]
    has_conftest = any(path.endswith("conftest.py") for path in paths)
    if not has_conftest and any(map(_UNITTEST_STYLE.search, texts)) and not any(map(_PYTEST_STYLE.search, texts)):
        return _unittest_command(paths, tests)
    return "pytest -q"


def _unittest_command(paths: frozenset[str], tests: list[str]) -> str:
    """`unittest discover` enters packages alone: tests in one plain folder must be named by it."""
    folders = {path.split("/", 1)[0] for path in tests if "/" in path}
    if len(folders) == 1 and all("/" in path for path in tests):
        folder = folders.pop()
        if f"{folder}/__init__.py" not in paths:
            return f"unittest discover -s {shlex.quote(folder)}"
    return "unittest discover"


def _has_npm_test(read: Read) -> bool:
    try:
        package = json.loads(_text(read, "package.json") or "{}")
    except (ValueError, RecursionError):
        return False
    scripts = package.get("scripts") if isinstance(package, dict) else None
    script = scripts.get("test") if isinstance(scripts, dict) else None
    return isinstance(script, str) and bool(script.strip()) and _NO_NPM_TEST not in script


def _text(read: Read, path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")
