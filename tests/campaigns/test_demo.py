"""The demo as a whole, left alone and killed: slow, for it is the real thing in real processes."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow


def test_the_demo_shows_what_it_promises(tmp_path: Path):
    command = "from adapters.cli.main import main; main()"
    folder = tmp_path / "shop"
    done = subprocess.run(
        [sys.executable, "-c", command, "demo", "--dir", str(folder), "--json"],
        cwd=ROOT, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["state"], outcome["landed"], outcome["tests_exit_code"]) == ("completed", 4, 0)
    assert outcome["merged_red"] == 1
    assert outcome["retries"] >= 6
    assert outcome["decisions"] == 1
    assert (outcome["faults"], outcome["leftovers"]) == ([], [])
    shipping = runpy.run_path(str(folder / "teashop/shipping.py"))["shipping"]
    assert (shipping(500), shipping(501)) == (2, 5), "repaired once, and not twice over"


def test_a_demo_that_is_killed_twice_ends_like_one_that_is_not():
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.demo_crash", "--runs", "1", "--seed", "36", "--json"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert [each["problems"] for each in report["reports"]] == [[], []]
    assert report["kills"] == 2
