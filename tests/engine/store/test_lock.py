"""One engine a repository, and the next one after it died."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.store.errors import EngineRunning
from engine.store.lock import EngineLock, Holder, held_by_this_process
from tests.fakes.entries import git, new_repository

HOLD_UNTIL_TOLD = """
import sys
import threading
from pathlib import Path
from engine.store.lock import EngineLock
with EngineLock(Path(sys.argv[1]), since_ms=1_700_000_000_000, socket=Path("/run/orch.sock")):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository")


@pytest.fixture
def other_engine(repository: Path):
    command = [sys.executable, "-c", HOLD_UNTIL_TOLD, str(repository)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_nobody_holds_a_new_repository(repository):
    assert EngineLock.holder(repository) is None
    assert not held_by_this_process(repository)


def test_the_holder_says_who_it_is_until_it_lets_go(repository):
    lock = EngineLock(repository, since_ms=17, socket=Path("/run/orch.sock"))
    with lock:
        assert EngineLock.holder(repository) == Holder(os.getpid(), socket.gethostname(), 17, "/run/orch.sock")
        assert held_by_this_process(repository)
    assert EngineLock.holder(repository) is None
    lock.release()
    lock.acquire()
    lock.release()


def test_a_second_engine_is_told_who_is_there(repository, other_engine):
    with pytest.raises(EngineRunning, match=f"process {other_engine.pid} on .*since 2023-11-14 22:13:20 UTC") as told:
        EngineLock(repository, since_ms=0).acquire()
    assert (told.value.pid, told.value.since_ms) == (other_engine.pid, 1_700_000_000_000)
    assert EngineLock.holder(repository) == Holder(
        other_engine.pid, socket.gethostname(), 1_700_000_000_000, "/run/orch.sock"
    )
    assert not held_by_this_process(repository)


def test_a_command_on_an_errand_is_waited_for(repository):
    errand = EngineLock(repository, since_ms=0)
    errand.acquire()
    done = threading.Timer(0.5, errand.release)
    done.start()
    with EngineLock(repository, since_ms=1, socket=Path("/run/orch.sock")):
        assert held_by_this_process(repository)
    done.join()


def test_a_killed_holder_holds_nothing(repository, other_engine):
    other_engine.kill()
    other_engine.wait(timeout=10)
    assert (repository / ".git" / "orch" / "engine.lock").read_text() != ""
    assert EngineLock.holder(repository) is None
    with EngineLock(repository, since_ms=0):
        assert held_by_this_process(repository)


def test_a_linked_worktree_has_the_lock_of_its_repository(repository, tmp_path):
    git(repository, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    with EngineLock(tmp_path / "linked", since_ms=0), pytest.raises(EngineRunning):
        EngineLock(repository, since_ms=0).acquire()


def test_asking_who_holds_it_keeps_nobody_out(repository):
    for _ in range(50):
        with EngineLock(repository, since_ms=0):
            pass
        assert EngineLock.holder(repository) is None


def test_the_lock_is_not_inherited_by_what_the_engine_starts(repository):
    lock = EngineLock(repository, since_ms=0)
    lock.acquire()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        lock.release()
        assert EngineLock.holder(repository) is None
        with EngineLock(repository, since_ms=1):
            assert child.poll() is None
