"""A person at a terminal, and a CI job without one: the real program on a small repository, with the pilot."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.fakes.entries import git, new_repository

# Who starts the tests in the background has Ctrl-C ignored, and a child would inherit that.
HEARING_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from adapters.cli.main import main; main()"

FAULTY = "def add(a, b):\n    return a - b\n\n\ndef parse(text):\n    return 7\n"
TEST_ADD = "from money import add\n\n\ndef test_add():\n    assert add(2, 3) == 5\n"
TEST_PARSE = (
    "from money import parse\n\n\ndef test_parse():\n    assert parse('1,234') == 1234\n    assert parse('9') == 9\n"
)
"""No single edit makes `parse` right: beyond the pilot, so a person is asked."""


class Ended(msgspec.Struct):
    """What a process printed and how it ended."""

    out: str
    err: str
    code: int


class Program:
    """`orch` as its own process, without a terminal, with no model configured but the pilot."""

    def __init__(self, home: Path) -> None:
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self._environment = {**inherited, "HOME": str(home), "PYTHONUNBUFFERED": "1"}

    def begin(self, *arguments: str | Path, **settings: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", HEARING_CTRL_C, *map(str, arguments)],
            env={**self._environment, **settings}, cwd=Path(__file__).parents[2], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, *arguments: str | Path, **settings: str) -> Ended:
        return end(self.begin(*arguments, **settings))


def end(process: "subprocess.Popen[str]", read: str = "") -> Ended:
    """The process's end, within four minutes; `read` is what was read of it before."""
    with process:
        out, err = process.communicate(timeout=240)
    return Ended(read + out, err, process.returncode)


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What the process says up to the first line that holds the words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was never said: {said}")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def shop(path: Path, *tests: tuple[str, str]) -> Path:
    new_repository(path, "--initial-branch=main")
    (path / "tests").mkdir()
    for name, text in (("conftest.py", ""), ("money.py", FAULTY), *tests):
        (path / name).write_text(text)
    git(path, "add", ".")
    git(path, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "first")
    return path


@pytest.mark.slow
def test_a_fault_is_repaired_landed_and_proven(program: Program, tmp_path: Path):
    path = shop(tmp_path / "shop", ("tests/test_add.py", TEST_ADD))
    said = program("start", "make the failing tests pass", "-C", path)
    assert said.code == 0, said
    lines = said.out.splitlines()
    assert lines[0] == "R1 started on main: make the failing tests pass"
    assert any(line.startswith("T3 complete: landed as ") for line in lines)
    assert "1 change landed on main, every gate is green" in said.out
    assert "return a + b" in (path / "money.py").read_text()
    assert git(path, "status", "--porcelain") == ""
    assert program("verify", "-C", path).out.endswith("1 receipt\n")
    assert "finish(summary=" in program("logs", "T3", "-C", path).out


@pytest.mark.slow
def test_what_only_a_person_can_decide_ends_with_3_and_goes_on_after_the_answer(program: Program, tmp_path: Path):
    path = shop(tmp_path / "shop", ("tests/test_parse.py", TEST_PARSE))
    said = program("start", "make the failing tests pass", "-C", path, ORCH_MAX_RETRIES="0")
    assert said.code == 3, said
    assert said.out.endswith("answer with: orch decide D1 retry\n")
    assert program("status", "-C", path).out.startswith("1 question needs you\n")
    decided = program("decide", "D1", "abandon", "-C", path)
    assert "every task is over and nothing landed" in decided.out, decided
    assert program("resume", "-C", path).out.startswith("no run is unfinished")
    assert git(path, "worktree", "list").count("\n") == 1


@pytest.mark.slow
def test_an_answer_from_another_terminal_reaches_the_engine_that_waits(program: Program, tmp_path: Path):
    path = shop(tmp_path / "shop", ("tests/test_parse.py", TEST_PARSE))
    start = program.begin("start", "make the failing tests pass", "--wait", "-C", path, ORCH_MAX_RETRIES="0")
    said = read_until(start, "D1 needs you")
    assert f"the engine runs (process {start.pid})" in program("status", "-C", path).out
    decided = program("decide", "D1", "abandon", "-C", path)
    assert (decided.code, "T3 abandoned" in decided.out, "recorded" in decided.out) == (0, True, False), decided
    ended = end(start, said)
    assert ended.code == 1, ended
    assert "R1 failed" in ended.out


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(program: Program, tmp_path: Path):
    path = shop(tmp_path / "shop", ("tests/test_parse.py", TEST_PARSE))
    start = program.begin("start", "make the failing tests pass", "-C", path)
    said = read_until(start, "T3 active")
    start.send_signal(signal.SIGINT)
    ended = end(start, said)
    assert (ended.code, ended.err) == (130, "\nstopped, and nothing is lost: `orch resume` continues R1\n"), ended
    assert git(path, "worktree", "list").count("\n") == 1
    assert "no engine runs; `orch resume` continues 1 run" in program("status", "-C", path).out
