"""The pilot's search on real code with real tests: it finds, it excludes, it touches nothing, it gives up in time."""

import ast
import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.llm.pilot.coder import code
from adapters.llm.pilot.mutations import edits_of
from adapters.llm.pilot.transcript import Section, Step, Transcript
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


def search(folder: Path, check: str, earlier: Section | None = None) -> dict[str, Any]:
    """What the coder's own search call prints in a folder."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    criteria = Section(lines=["1. Green.", f"   check: `{check}`"])
    sections = {"Acceptance criteria": criteria, "Earlier attempts": earlier or Section()}
    red = Step("run_shell", {"command": check}, "exit code: 1\n")
    name, arguments = code(Transcript("coder", sections, [red]))
    assert name == "run_python"
    done = subprocess.run(
        ["python", "-"], input=arguments["code"], cwd=folder, text=True, capture_output=True, check=False, timeout=60
    )
    result = Step(name, arguments, f"exit code: {done.returncode}\n{done.stdout}{done.stderr}")
    _, arguments = code(Transcript("coder", sections, [red, result]))
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
    line = "    return sum(price for price in prices if price < limit)"
    assert (found["path"], found["old"]) == ("shop.py", line)
    assert found["new"] == line.replace("<", "<=")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in shop.rglob("*.py")} == before


def test_an_edit_that_was_tried_is_not_found_again(shop):
    diff = "+++ b/shop.py\n+    return sum(price for price in prices if price <= limit)\n"
    found = search(shop, "python -m pytest -q tests/test_shop.py", Section(fences=[("diff", diff)]))
    assert "<= limit)" not in found.get("new", "")


def test_a_test_that_an_earlier_edit_broke_must_stay_green(tmp_path):
    (tmp_path / "order.py").write_text("def differ(a, b):\n    return a < b\n")
    (tmp_path / "test_one.py").write_text("from order import differ\n\n\ndef test_it():\n    assert differ(2, 1)\n")
    (tmp_path / "test_two.py").write_text("from order import differ\n\n\ndef test_it():\n    assert differ(1, 2)\n")
    output = Section(fences=[("text", "FAILED test_two.py::test_it - assert False")])
    assert search(tmp_path, "python -m pytest -q test_one.py")["new"] == "    return a > b"
    assert search(tmp_path, "python -m pytest -q test_one.py", output)["new"] == "    return a != b"


def test_a_fault_that_hangs_is_found_through_its_time_limits(shop):
    (shop / "shop.py").write_text(CODE.replace("n -= 1", "n += 1").replace("< limit", "<= limit"), "utf-8")
    found = search(shop, "python -m pytest -q tests/test_shop.py")
    assert (found["old"], found["new"]) == ("        n += 1", "        n -= 1")


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
    source = CODE.encode()
    edits = list(edits_of(source))
    edit = edits[seed % len(edits)]
    changed = source[: edit.start] + edit.new + source[edit.end :]
    assert 0 <= edit.start <= edit.end <= len(source)
    assert 0 < edit.weight <= 1
    ast.parse(changed.decode())


def test_a_sample_of_the_benchmark_is_repaired():
    outcomes = asyncio.run(measure(3, seed=4))
    assert sum(outcome.is_repaired for outcome in outcomes) >= 2, outcomes
