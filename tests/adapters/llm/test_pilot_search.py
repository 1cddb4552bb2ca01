"""The pilot's search on real code with real tests: it finds, it excludes, it touches nothing, it gives up in time."""

import ast
import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.llm.pilot.coder import code
from adapters.llm.pilot.edits import edits_below
from adapters.llm.pilot.transcript import Step, Transcript
from tests.bench.pilot import measure

CODE = '''\
"""Prices."""


def total(prices, limit):
    # Grüße: what is over the limit is not counted.
    return sum(price for price in prices if price < limit)


def spin(n):
    while n != 0:
        n -= 1
    return n
'''
TESTS = """\
from shop import spin, total


def test_total():
    assert total([1, 2, 3], 2) == 3


def test_spin():
    assert spin(3) == 0
"""


def search(folder: Path, check: str, *diffs: str) -> dict[str, Any]:
    """What the coder's own search call prints in a folder."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    sections = defaultdict(str, {"Acceptance criteria": f"1. Green.\n   check: `{check}`"})
    red = Step("run_shell", {"command": check}, "exit code: 1\n")
    name, arguments = code(Transcript("coder", sections, list(diffs), [red]))
    assert name == "run_python"
    done = subprocess.run(
        ["python", "-"], input=arguments["code"], cwd=folder, text=True, capture_output=True, check=False, timeout=60
    )
    result = Step(name, arguments, f"exit code: {done.returncode}\n{done.stdout}{done.stderr}")
    name, arguments = code(Transcript("coder", sections, list(diffs), [red, result]))
    if name == "read_file":
        read = Step(name, arguments, "1 | what is there")
        _, arguments = code(Transcript("coder", sections, list(diffs), [red, result, read]))
    return arguments


@pytest.fixture(autouse=True)
def _restored_path(monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "shop.py").write_text(CODE, "utf-8")
    (tmp_path / "tests" / "test_shop.py").write_text(TESTS, "utf-8")
    return tmp_path


@pytest.mark.parametrize("check", ["python -m pytest -q tests/test_shop.py", "python -m unittest test_unit"])
def test_it_finds_the_edit_and_leaves_the_tree_as_it_is(shop, check):
    (shop / "test_unit.py").write_text(
        "import unittest\nfrom shop import total\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
        "        self.assertEqual(total([1, 2, 3], 2), 3)\n        self.assertEqual(total([4], 2), 0)\n"
    )
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in shop.rglob("*.py")}
    found = search(shop, check)
    line = "    return sum(price for price in prices if price < limit)\n"
    assert (found["path"], found["old"]) == ("shop.py", line)
    assert found["new"] == line.replace("<", "<=")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in shop.rglob("*.py")} == before


def test_an_edit_that_was_tried_is_not_found_again(shop):
    diff = "+++ b/shop.py\n+    return sum(price for price in prices if price <= limit)\n"
    found = search(shop, "python -m pytest -q tests/test_shop.py", diff)
    assert "<= limit)" not in found.get("new", "")


def test_a_fault_that_hangs_is_found_through_its_time_limits(shop):
    (shop / "shop.py").write_text(CODE.replace("n -= 1", "n += 1").replace("< limit", "<= limit"), "utf-8")
    found = search(shop, "python -m pytest -q tests/test_shop.py")
    assert (found["old"], found["new"]) == ("        n += 1\n", "        n -= 1\n")


def test_what_no_edit_repairs_is_given_up_honestly_and_in_time(shop):
    (shop / "tests" / "test_shop.py").write_text(
        "from shop import total\n\n\ndef test_t():\n    assert total([], 1) == 'x'\n"
    )
    started = time.monotonic()
    assert "No single edit" in search(shop, "python -m pytest -q tests/test_shop.py")["summary"]
    assert time.monotonic() - started < 30


def test_code_that_conftest_imports_is_searched_too(shop):
    (shop / "conftest.py").write_text("import shop\n")
    assert "<= limit" in search(shop, "python -m pytest -q tests/test_shop.py")["new"]


@given(st.integers(0, 10_000))
def test_every_edit_lies_within_the_source_and_leaves_text(seed):
    lines = CODE.encode().splitlines(keepends=True)
    edits = list(edits_below(ast.parse(CODE), lines))
    edit = edits[seed % len(edits)]
    assert 1 <= edit.first <= edit.last <= len(lines)
    assert 0 < edit.weight <= 1
    ast.parse(b"".join([*lines[: edit.first - 1], edit.new.encode(), *lines[edit.last :]]))


def test_a_busy_machine_changes_no_result(tmp_path):
    (tmp_path / "sums.py").write_text("def add(a, b):\n    return a - b\n")
    (tmp_path / "test_sums.py").write_text("from sums import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n")
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        found = search(tmp_path, "python -m pytest -q test_sums.py")
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert found["new"] == "    return a + b\n"


def test_a_sample_of_the_benchmark_is_repaired():
    outcomes = asyncio.run(measure(3, seed=20))
    assert sum(outcome.is_repaired for outcome in outcomes) >= 2, outcomes
