"""The engine's log: durable by one wait, shown to git a moment later, and never less than what was acknowledged."""

import logging
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.store import wal
from engine.store.draft import Draft
from engine.store.entry import Entry
from engine.store.errors import AppendFailed, LockNotHeld, LogMovedOn
from engine.store.gitlog import MAX_UNPUBLISHED, GitLog
from engine.store.lock import EngineLock
from engine.store.objects import ObjectSink
from tests.fakes.entries import entry, git, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    made = new_repository(tmp_path / "repository")
    with EngineLock(made, since_ms=0):
        yield made


@pytest.fixture
def log(repository: Path) -> Iterator[GitLog]:
    with closing(ahead(repository)) as opened:
        yield opened


def ahead(repository: Path) -> GitLog:
    """A log as the engine opens it."""
    log = GitLog.open(repository)
    log.clean_leftovers()
    log.write_ahead()
    return log


def append_each(log: GitLog, last: int) -> str:
    """The tip after entries 1 to `last`, appended one by one."""
    return [log.append([entry(seq)]) for seq in range(1, last + 1)][-1]


def refuse(*_: object) -> None:
    """A disk that takes nothing more."""
    raise OSError(28, "No space left on device")


def in_git(repository: Path) -> str:
    """The newest commit that git has; empty when there is none."""
    try:
        return git(repository, "rev-parse", "--verify", "--quiet", "orch-state").strip()
    except subprocess.CalledProcessError:
        return ""


def packs(repository: Path) -> int:
    return len(list((repository / ".git" / "objects" / "pack").glob("*.pack")))


def numbers(log: GitLog) -> list[int]:
    return [one.seq for one in log.entries()]


def test_git_is_shown_many_appends_as_one_pack(repository, log):
    tip = append_each(log, 3)
    assert (in_git(repository), packs(repository), log.unpublished) == ("", 0, 3)
    log.publish()
    assert (in_git(repository), packs(repository), log.unpublished) == (tip, 1, 0)
    log.publish()
    assert packs(repository) == 1
    assert git(repository, "fsck", "--strict", "--full", "--no-dangling") == ""


def test_commits_have_the_ids_that_they_have_without_it(repository, log, tmp_path):
    plain = GitLog.open(new_repository(tmp_path / "plain"))
    for seq in range(1, 6):
        assert log.append([entry(seq)]) == plain.append([entry(seq)])


@pytest.mark.parametrize("look", [GitLog.tip, GitLog.last, lambda log: log.read("README.md"), numbers])
def test_whoever_reads_sees_everything_and_so_does_git_from_then_on(repository, log, look):
    tip = log.append([entry(1)])
    assert look(log)
    assert in_git(repository) == tip


def test_a_commit_can_be_read_by_its_id_at_once(repository, log):
    tip = log.append([entry(1)])
    assert log.read("runs/R1/tasks/T1.json", at=tip) == b'{"seq": 1}\n'


def test_git_never_lags_further_behind_than_so_many_appends(repository, log):
    tip = append_each(log, MAX_UNPUBLISHED)
    assert in_git(repository) == ""
    log.append([entry(MAX_UNPUBLISHED + 1)])
    assert (in_git(repository), log.unpublished) == (tip, 1)


def test_what_is_too_big_for_it_goes_to_git_at_once_with_all_before(repository, log):
    log.append([entry(1)])
    noise = random.Random(1).randbytes(wal.SIZE)
    tip = log.append([entry(2, files={"runs/R1/logs/big": noise})])
    assert (in_git(repository), log.unpublished) == (tip, 0)
    log.append([entry(3)])
    assert numbers(log) == [1, 2, 3]


def test_only_the_holder_of_the_lock_may_have_one(tmp_path):
    with pytest.raises(LockNotHeld):
        GitLog.open(new_repository(tmp_path)).write_ahead()


def test_what_a_killed_engine_had_no_time_to_publish_is_published_once(repository):
    tip = append_each(ahead(repository), 3)
    after = GitLog.open(repository)
    assert after.has_leftovers()
    after.clean_leftovers()
    assert (in_git(repository), packs(repository)) == (tip, 1)
    assert not after.has_leftovers()
    after.append([entry(4)])
    with closing(ahead(repository)) as again:
        assert (numbers(again), packs(repository)) == ([1, 2, 3, 4], 2)


def test_opening_it_publishes_too(repository):
    tip = ahead(repository).append([entry(1)])
    log = GitLog.open(repository)
    log.write_ahead()
    assert in_git(repository) == tip


def test_what_was_published_is_not_published_again_after_a_crash_before_it_was_forgotten(repository, monkeypatch):
    killed = ahead(repository)
    killed.append([entry(1)])
    monkeypatch.setattr(wal.WriteAheadLog, "clear", lambda _: None)
    killed.publish()
    monkeypatch.undo()
    with closing(GitLog.open(repository)) as other:
        other.append([entry(2)])
        other.begin_epoch()
        other.append([entry(3)])
    with closing(ahead(repository)) as log:
        assert numbers(log) == [1, 2, 3]
    assert git(repository, "for-each-ref", "refs/orch/apart/") == ""


def test_a_log_that_was_opened_before_the_engine_s_last_publish_recovers_all_the_same(repository):
    engine = ahead(repository)
    engine.append([entry(1)])
    engine.publish()
    reader = GitLog.open(repository)
    engine.append([entry(2)])
    engine.publish()
    tip = engine.append([entry(3)])
    reader.clean_leftovers()
    assert in_git(repository) == tip
    assert git(repository, "for-each-ref", "refs/orch/apart/") == ""
    reader.append([entry(4)])
    assert numbers(reader) == [1, 2, 3, 4]


def test_recovery_that_a_full_disk_stopped_can_be_tried_again(repository, monkeypatch):
    tip = ahead(repository).append([entry(1)])
    after = GitLog.open(repository)

    with monkeypatch.context() as patch:
        patch.setattr("engine.store.gitlog.Disk.fill", refuse)
        with pytest.raises(AppendFailed, match="No space"):
            after.clean_leftovers()
    after.clean_leftovers()
    assert in_git(repository) == tip


def test_groups_are_given_up_only_when_the_names_of_what_git_has_are_on_the_disk(repository, monkeypatch):
    killed = ahead(repository)
    killed.append([entry(1)])
    monkeypatch.setattr(wal.WriteAheadLog, "clear", lambda _: None)
    killed.publish()
    monkeypatch.undo()
    synced: list[str] = []
    monkeypatch.setattr("engine.store.gitlog.sync_folder", lambda folder: synced.append(folder.name))
    GitLog.open(repository).clean_leftovers()
    assert synced == ["pack", "heads"]


def test_a_full_disk_at_the_beginning_is_a_refusal_with_a_remedy(repository, monkeypatch):
    log = GitLog.open(repository)

    monkeypatch.setattr("engine.store.wal._write", refuse)
    with pytest.raises(AppendFailed, match="Free or repair the disk"):
        log.write_ahead()


def test_an_epoch_that_falls_due_during_an_append_begins_with_the_next(repository, log, monkeypatch):
    log.append([entry(1)])
    asking = threading.Thread(target=log.begin_epoch)
    add = Draft.add

    def ask_meanwhile(draft: Draft, one: Entry, sink: ObjectSink) -> None:
        if one.seq == 2:
            asking.start()
        add(draft, one, sink)

    monkeypatch.setattr(Draft, "add", ask_meanwhile)
    last = log.append([entry(2)])
    asking.join(timeout=10)
    log.append([entry(3)])
    log.append([entry(4)])
    assert numbers(log) == [1, 2, 3, 4]
    assert git(repository, "rev-parse", "refs/orch/epoch/1").strip() == last
    assert git(repository, "fsck", "--strict", "--full", "--unreachable") == ""


def test_events_that_somebody_s_move_left_behind_stay_readable_and_are_named(repository, caplog):
    ours, base = ahead(repository), entry(1)
    start = ours.append([base])
    ours.publish()
    left = ours.append([entry(2, subject="ours")])
    with closing(GitLog.open(repository)) as somebody:
        theirs = somebody.append([entry(2, subject="theirs")])
    with pytest.raises(LogMovedOn, match=start):
        ours.append([entry(3)])
    with pytest.raises(LogMovedOn):
        ours.publish()
    with caplog.at_level(logging.ERROR), closing(ahead(repository)) as log:
        assert log.tip() == theirs
    (aside,) = git(repository, "for-each-ref", "--format=%(refname)", "refs/orch/apart/").split()
    assert git(repository, "log", "--format=%H %s", f"orch-state..{aside}").strip() == f"{left} ours"
    assert [record.kept for record in caplog.records] == [aside]


def test_without_what_they_follow_from_they_stay_in_a_file(repository, caplog):
    ours = ahead(repository)
    ours.append([entry(1)])
    ours.publish()
    ours.append([entry(2)])
    git(repository, "update-ref", "-d", "refs/heads/orch-state")
    git(repository, "gc", "--quiet", "--prune=now")
    with caplog.at_level(logging.ERROR), closing(ahead(repository)) as log:
        assert log.tip() is None
    (kept,) = (repository / ".git" / "orch").glob("wal-*")
    assert [record.file for record in caplog.records] == [str(kept)]


def test_an_append_that_is_refused_leaves_those_before_it_and_nothing_of_itself(repository, log):
    log.append([entry(1)])
    with pytest.raises(ValueError, match="cannot follow"):
        log.append([entry(2, subject="never"), entry(7)])
    tip = log.append([entry(2)])
    after = GitLog.open(repository)
    after.clean_leftovers()
    assert in_git(repository) == tip
    assert git(repository, "fsck", "--strict", "--full", "--unreachable") == ""


def test_a_disk_that_refuses_the_group_refuses_the_append(repository, log, monkeypatch):
    log.append([entry(1)])

    with monkeypatch.context() as patch:
        patch.setattr("engine.store.wal.os.fdatasync", refuse)
        with pytest.raises(AppendFailed, match="No space"):
            log.append([entry(2)])
    log.append([entry(2, subject="again")])
    assert [one.subject for one in log.entries()][1] == "again"


def test_a_disk_that_refuses_the_pack_keeps_everything_durable(repository, log, monkeypatch):
    log.append([entry(1)])

    with monkeypatch.context() as patch:
        patch.setattr("engine.store.gitlog.Disk.fill", refuse)
        with pytest.raises(AppendFailed, match="No space"):
            log.publish()
        assert log.tip() is None, "a reader gets what git has"
        log.append([entry(2)])
    log.publish()
    assert numbers(log) == [1, 2]


def test_an_epoch_begins_behind_all_that_is_durable(repository, log):
    log.append([entry(1)])
    last = log.append([entry(2)])
    log.begin_epoch()
    log.append([entry(3)])
    log.append([entry(4)])
    assert numbers(log) == [1, 2, 3, 4]
    assert git(repository, "rev-parse", "refs/orch/epoch/1").strip() == last


def test_closing_publishes(repository):
    log = ahead(repository)
    tip = log.append([entry(1)])
    log.close()
    assert in_git(repository) == tip
    with pytest.raises(AppendFailed, match="closed"):
        log.append([entry(2)])
