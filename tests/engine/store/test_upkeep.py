"""Upkeep: fewer packs and a graph, epochs that are kept and found, and a background that stands still while we write."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.store.errors import BrokenLog, UpkeepFailed
from engine.store.gitlog import GitLog
from engine.store.gitproc import BackgroundGit
from engine.store.lock import EngineLock
from engine.store.memory import MemoryBranch, MemoryLog
from engine.store.upkeep import Upkeep
from tests.fakes.entries import entry, git, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository")


@pytest.fixture
def log(repository: Path):
    opened = GitLog.open(repository)
    yield opened
    opened.close()


def append(log: GitLog, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        log.append([entry(seq)])


def epochs(repository: Path) -> list[str]:
    return git(repository, "for-each-ref", "--format=%(objectname)", "refs/orch/epoch/").split()


def test_small_packs_become_few_and_everything_is_still_there(repository, log):
    append(log, 1, 40)
    assert log.is_tending_due()
    tended = log.tend()
    assert tended.packs_before == 40
    assert tended.packs_after <= 2
    assert not log.is_tending_due()
    assert [one.seq for one in log.entries()] == list(range(1, 41))
    git(repository, "fsck", "--strict", "--full")
    assert log.upkeep.sizes().is_graph_written


def test_an_old_pack_goes_when_the_name_of_the_new_one_is_durable(repository, log, monkeypatch):
    append(log, 1, 4)
    seen: list[int] = []
    packs = repository / ".git" / "objects" / "pack"
    monkeypatch.setattr("engine.store.packfolder.sync_folder", lambda _: seen.append(len(list(packs.glob("*.pack")))))
    assert log.tend().packs_after == 1
    assert seen == [5]


def test_a_pack_that_is_kept_or_still_arrives_stays(repository, log):
    append(log, 1, 4)
    kept, other, *_ = (repository / ".git" / "objects" / "pack").glob("*.pack")
    kept.with_suffix(".keep").touch()
    # As while git takes over what it fetched: the pack is there, its index is not yet.
    arriving = other.with_name(f"pack-{'a' * 40}.pack")
    arriving.write_bytes(other.read_bytes())
    log.tend()
    assert kept.exists()
    assert arriving.exists()
    assert not other.exists()


def test_an_empty_repository_needs_no_upkeep(log):
    tended = log.tend()
    assert (tended.packs_before, tended.is_epoch_full) == (0, False)
    assert log.upkeep.sizes().branch_bytes == 0


def test_the_history_of_a_file_is_found_through_bloom_filters(repository, log):
    append(log, 1, 5)
    log.tend()
    append(log, 6, 9)
    log.tend()
    path = "runs/R1/tasks/T3.json"
    assert git(repository, "log", "--format=%s", "orch-state", "--", path) == "T3 planned -> ready by engine\n"
    graphs = repository / ".git" / "objects" / "info" / "commit-graphs"
    assert all(b"BDAT" in graph.read_bytes()[:200] for graph in graphs.glob("*.graph"))


def test_how_big_an_epoch_may_be_is_said_when_the_log_is_opened(repository, log):
    append(log, 1, 30)
    log.close()
    small = GitLog.open(repository, epoch_bytes=1000)
    assert small.tend().is_epoch_full
    small.append([entry(31)])
    assert len(epochs(repository)) == 1


def test_a_branch_that_is_too_big_is_to_begin_an_epoch(repository, log):
    append(log, 1, 30)
    small = Upkeep(repository / ".git", log.ref, BackgroundGit(repository / ".git"), epoch_bytes=1000)
    assert small.tend().is_epoch_full
    log.begin_epoch()
    log.append([entry(31)])
    assert not small.tend().is_epoch_full


def test_an_epoch_that_is_over_is_kept_from_git_and_a_clone_does_not_pay_for_it(repository, log, tmp_path):
    append(log, 1, 3)
    end = log.tip()
    log.begin_epoch()
    append(log, 4, 5)
    git(repository, "gc", "--quiet", "--prune=now")
    assert epochs(repository) == [end]
    assert [one.seq for one in log.entries()] == [1, 2, 3, 4, 5]
    git(tmp_path, "clone", "--quiet", "--bare", f"file://{repository}", "clone.git")
    clone = GitLog.open(tmp_path / "clone.git")
    with pytest.raises(BrokenLog, match="git fetch origin 'refs/orch/epoch"):
        list(clone.entries())
    git(tmp_path / "clone.git", "fetch", "--quiet", "origin", "refs/orch/epoch/*:refs/orch/epoch/*")
    assert len(list(clone.entries())) == 5
    clone.close()


def test_each_epoch_has_a_ref_of_its_own(repository, log):
    ends = []
    for seq in range(1, 5):
        log.append([entry(seq)])
        ends.append(log.tip())
        log.begin_epoch()
    assert epochs(repository) == ends[:3]


def test_an_epoch_s_ref_that_a_crash_left_behind_moves_up(repository, log):
    log.append([entry(1)])
    git(repository, "update-ref", "refs/orch/epoch/1", log.tip())
    log.append([entry(2)])
    end = log.tip()
    log.begin_epoch()
    log.append([entry(3)])
    assert epochs(repository) == [end]


@pytest.mark.parametrize(
    ("old", "new", "problem"), [(b"tree ", b"tree 0", "files"), (b"Seq: 2", b"Seq: 3", "number 3")]
)
def test_an_epoch_that_does_not_go_on_from_where_it_says_is_found(old, new, problem):
    branch = MemoryBranch()
    log = MemoryLog(branch)
    log.append([entry(1), entry(2)])
    end = log.tip()
    log.begin_epoch()
    log.append([entry(3)])
    (root,) = next(iter(log.entries(after=end))).parents
    content = branch.objects.read(bytes.fromhex(root))
    forged = branch.objects.add("commit", content.replace(old, new, 1))
    with pytest.raises(BrokenLog, match=f"begins an epoch .*{problem}"):
        list(log.entries(until=forged.hex()))


def test_a_failure_of_git_is_told_with_its_words(repository):
    with pytest.raises(UpkeepFailed, match=r"git no-such-command.*exit code"):
        BackgroundGit(repository / ".git").run("no-such-command")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def until_state(pid: int, states: str) -> str:
    pause = threading.Event()
    for _ in range(500):
        if state_of(pid) in states:
            break
        pause.wait(0.01)
    return state_of(pid)


@contextmanager
def waiting(background: BackgroundGit, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """Within, a git command runs in the background that waits for its input for as long as we like."""
    read_end, write_end = os.pipe()
    note = background._note
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noted(*arguments, **options):
        process = start(*arguments, **options | {"stdin": read_end})
        started.append(process)
        return process

    monkeypatch.setattr("engine.store.gitproc.subprocess.Popen", noted)
    failed: list[UpkeepFailed] = []

    def run() -> None:
        try:
            background.run("cat-file", "--batch")
        except UpkeepFailed as error:
            failed.append(error)

    running = threading.Thread(target=run)
    running.start()
    pause = threading.Event()
    # Until it is written down, too: the next engine finds it by that.
    while not started or not note.exists() or note.read_text() != f"{started[0].pid}\n":
        pause.wait(0.01)
    yield started[0]
    os.close(write_end)
    os.close(read_end)
    running.join(timeout=10)
    assert not running.is_alive()


def test_what_runs_in_the_background_stands_still_while_a_group_is_written(repository, monkeypatch):
    background = BackgroundGit(repository / ".git")
    with waiting(background, monkeypatch) as process:
        with background.held():
            assert until_state(process.pid, "T") == "T"
        assert until_state(process.pid, "SR") in "SR"
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19


def test_what_runs_in_the_background_ends_when_it_is_told_to_and_nothing_follows(repository, monkeypatch):
    background = BackgroundGit(repository / ".git")
    with waiting(background, monkeypatch) as process:
        with background.held():
            background.stop()
        assert process.wait(timeout=10) < 0
    with pytest.raises(UpkeepFailed, match="being closed"):
        background.run("version")


def test_upkeep_leaves_large_packs_and_kept_ones_as_they_are(repository, log):
    append(log, 1, 3)
    log.tend()
    (large,) = (repository / ".git" / "objects" / "pack").glob("pack-*.pack")
    bound = large.stat().st_size
    append(log, 4, 6)
    upkeep = Upkeep(repository / ".git", log.ref, BackgroundGit(repository / ".git"), large_pack_bytes=bound)
    assert upkeep.tend().packs_after == 2
    assert large.exists()
    append(log, 7, 40)
    for pack in large.parent.glob("pack-*.pack"):
        pack.with_suffix(".keep").touch()
    assert not upkeep.is_due(), "or it would try again and again"


def test_a_lock_that_a_killed_git_left_on_the_graph_is_cleared_once_it_is_old(repository, log):
    append(log, 1, 3)
    log.tend()
    lock = repository / ".git" / "objects" / "info" / "commit-graphs" / "commit-graph-chain.lock"
    lock.touch()
    append(log, 4, 6)
    with EngineLock(repository, since_ms=0):
        assert lock not in log.clean_leftovers(), "it may be a living git's"
        with pytest.raises(UpkeepFailed, match=r"commit-graph-chain\.lock"):
            log.tend()
        os.utime(lock, (0, 0))
        assert log.clean_leftovers() == [lock]
    log.tend()


def test_a_git_that_a_killed_engine_left_standing_is_ended_by_the_next(repository, log, monkeypatch):
    with waiting(BackgroundGit(repository / ".git"), monkeypatch) as process:
        with EngineLock(repository, since_ms=0):
            log.clean_leftovers()
            assert state_of(process.pid) in "SR", "a living one goes on"
            os.killpg(process.pid, signal.SIGSTOP)
            assert until_state(process.pid, "T") == "T"
            log.clean_leftovers()
        assert process.wait(timeout=10) == -signal.SIGKILL
