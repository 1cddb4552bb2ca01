"""The state branch in a real repository: what git sees, what git may do meanwhile, and disks that refuse."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.store.errors import AppendFailed, AppendUnsure, LockNotHeld, LogMovedOn, RepositoryUnusable
from engine.store.gitlog import MAX_TIPS, GitLog
from engine.store.lock import EngineLock
from tests.fakes.entries import entry, git, new_repository

EVENTS = "--format=%(trailers:key=Orch-Event,valueonly,separator=)"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository")


def append_in_groups(log: GitLog, sizes: list[int]) -> int:
    seq = sum(1 for _ in log.entries())
    for size in sizes:
        log.append([entry(seq + number) for number in range(1, size + 1)])
        seq += size
    return seq


def pack_folder(repository: Path) -> Path:
    return repository / ".git" / "objects" / "pack"


def test_git_finds_nothing_to_complain_about(repository):
    log = GitLog.open(repository)
    append_in_groups(log, [1, 3, 60, 1])
    assert git(repository, "fsck", "--strict", "--full", "--no-dangling") == ""


def test_git_alone_reads_exactly_the_events(repository):
    log = GitLog.open(repository)
    hostile = entry(1, subject="x\n\nOrch-Event: {}\n", author="a <b>\n", author_email="a b<c")
    log.append([hostile, entry(2)])
    printed = git(repository, "log", "--reverse", EVENTS, "orch-state").split("\n")
    assert [line for line in printed if line] == [hostile.event, entry(2).event]


def test_a_commit_looks_as_people_and_programs_expect(repository):
    log = GitLog.open(repository)
    log.append([entry(1, author="Ada (slack)", author_email="ada@slack.orch.invalid")])
    assert git(repository, "log", "-1", "--format=%an <%ae> %at%n%cn <%ce> %ct%n%B", "orch-state").rstrip() == (
        "Ada (slack) <ada@slack.orch.invalid> 1700000001\n"
        "orch engine <engine@orch.invalid> 1700000001\n"
        "T1 planned -> ready by engine\n\n"
        'Orch-Run: R1\nOrch-Task: T1\nOrch-Seq: 1\nOrch-Event: {"kind":"task-became-ready","task":"T1"}'
    )


def test_a_long_subject_is_cut_between_characters(repository):
    log = GitLog.open(repository)
    log.append([entry(1, subject="\N{CAT FACE}" * 300)])
    assert git(repository, "log", "-1", "--format=%s", "orch-state") == "\N{CAT FACE}" * 139 + "…\n"


def test_everything_lies_in_packs_and_nothing_is_kept_afterwards(repository):
    log = GitLog.open(repository)
    append_in_groups(log, [1, 5, 1])
    assert git(repository, "count-objects") == "0 objects, 0 kilobytes\n"
    names = {path.suffix for path in pack_folder(repository).iterdir()}
    assert names == {".pack", ".idx"}
    assert {path.stat().st_mode & 0o777 for path in pack_folder(repository).iterdir()} == {0o444}


def test_the_user_s_branches_and_checkout_are_left_alone(repository):
    (repository / "file").write_text("mine")
    git(repository, "add", "file")
    git(repository, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "-m", "mine")
    head = git(repository, "rev-parse", "HEAD")
    append_in_groups(GitLog.open(repository), [2])
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "status", "--porcelain") == ""
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge-base", "HEAD", "orch-state")


def test_the_log_of_a_linked_worktree_is_the_repository_s(repository, tmp_path):
    git(repository, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    tip = GitLog.open(tmp_path / "linked").append([entry(1)])
    assert GitLog.open(repository).tip() == tip
    assert list(pack_folder(repository).glob("*.pack"))


def test_a_bare_repository_and_a_quiet_ref_will_do(tmp_path):
    bare = new_repository(tmp_path / "bare.git", "--bare")
    log = GitLog.open(bare, ref="refs/orch/state")
    tip = log.append([entry(1)])
    assert git(bare, "rev-parse", "refs/orch/state") == f"{tip}\n"


@pytest.mark.parametrize("arguments", [None, ("--object-format=sha256",)])
def test_what_cannot_hold_a_log_is_refused_with_a_remedy(tmp_path, arguments):
    if arguments:
        new_repository(tmp_path, *arguments)
    with pytest.raises(RepositoryUnusable, match="git init"):
        GitLog.open(tmp_path)


def test_a_branch_that_only_points_elsewhere_is_refused(repository):
    git(repository, "symbolic-ref", "refs/heads/orch-state", "refs/heads/elsewhere")
    with pytest.raises(RepositoryUnusable, match="points to another"):
        GitLog.open(repository)


def test_git_may_pack_and_prune_while_entries_are_appended_and_read(repository):
    log = GitLog.open(repository)
    append_in_groups(log, [1])
    done = threading.Event()

    def tidy() -> None:
        try:
            for _ in range(3):
                git(repository, "gc", "--quiet", "--prune=now")
                git(repository, "repack", "-a", "-d", "-f", "--quiet")
                git(repository, "pack-refs", "--all")
                git(repository, "prune", "--expire=now")
        finally:
            done.set()

    tidying = threading.Thread(target=tidy)
    tidying.start()
    seq = 1
    while not done.is_set() or seq < 50:
        seq = append_in_groups(log, [1, 4])
        assert log.read(f"runs/R1/tasks/T{seq}.json") is not None
    tidying.join()
    assert [one.seq for one in GitLog.open(repository).entries()] == list(range(1, seq + 1))
    git(repository, "fsck", "--strict", "--full")


def test_a_packed_ref_is_still_compared(repository):
    log, other = GitLog.open(repository), GitLog.open(repository)
    log.append([entry(1)])
    git(repository, "pack-refs", "--all")
    log.append([entry(2)])
    git(repository, "pack-refs", "--all")
    with pytest.raises(LogMovedOn):
        other.append([entry(1)])
    assert len(list(log.entries())) == 2


def test_a_branch_that_git_moved_back_stops_the_log(repository):
    log = GitLog.open(repository)
    first = log.append([entry(1)])
    log.append([entry(2)])
    git(repository, "update-ref", "refs/heads/orch-state", first)
    with pytest.raises(LogMovedOn, match=first):
        log.append([entry(3)])


def test_a_disk_that_refuses_leaves_the_log_as_it_was(repository):
    log = GitLog.open(repository)
    tip = log.append([entry(1)])
    away = pack_folder(repository).rename(repository / "away")
    pack_folder(repository).write_text("not a folder")
    with pytest.raises(AppendFailed, match="repair the disk"):
        log.append([entry(2)])
    pack_folder(repository).unlink()
    away.rename(pack_folder(repository))
    assert log.tip() == tip
    log.append([entry(2)])
    assert [one.seq for one in log.entries()] == [1, 2]


def test_a_closed_log_takes_nothing_more(repository):
    log = GitLog.open(repository)
    log.append([entry(1)])
    log.close()
    with pytest.raises(AppendFailed, match="closed"):
        log.append([entry(2)])


@pytest.fixture
def leftovers(repository: Path) -> list[Path]:
    """What a writer killed at three different instants leaves."""
    log = GitLog.open(repository)
    log.append([entry(1)])
    log.close()
    lock = repository / ".git" / "refs" / "heads" / "orch-state.lock"
    temporary = pack_folder(repository) / "pack-1234.pack.orch-partial"
    keep = next(pack_folder(repository).glob("*.pack")).with_suffix(".keep")
    lock.touch()
    temporary.write_bytes(b"PACK")
    epoch = repository / ".git" / "refs" / "orch" / "epoch" / "1.lock"
    epoch.parent.mkdir(parents=True)
    epoch.touch()
    keep.write_bytes(b"orch engine: a write under way\n")
    return [temporary, keep, lock, epoch]


def test_a_foreign_lock_on_the_ref_refuses_the_append_and_says_which(repository, leftovers):
    log = GitLog.open(repository)
    with pytest.raises(AppendFailed, match=r"orch-state\.lock"):
        log.append([entry(2)])
    assert len(list(log.entries())) == 1


def test_the_lock_s_holder_cleans_up_and_goes_on(repository, leftovers):
    foreign = pack_folder(repository) / "pack-1234.keep"
    foreign.write_text("someone else's")
    log = GitLog.open(repository)
    with EngineLock(repository, since_ms=0):
        assert log.clean_leftovers() == leftovers
        assert log.clean_leftovers() == []
    assert not any(path.exists() for path in leftovers)
    assert foreign.exists()
    log.append([entry(2)])


def test_what_a_killed_repack_left_goes_after_an_hour(repository):
    log = GitLog.open(repository)
    log.append([entry(1)])
    old, young = (pack_folder(repository) / f".tmp-{pid}-pack-1234.pack" for pid in (1, 2))
    for path in (old, young):
        path.touch()
    os.utime(old, (young.stat().st_mtime - 3700,) * 2)
    with EngineLock(repository, since_ms=0):
        assert log.clean_leftovers() == [old]
    assert young.exists()


def test_nobody_else_cleans_up(repository, leftovers):
    with pytest.raises(LockNotHeld):
        GitLog.open(repository).clean_leftovers()
    assert all(path.exists() for path in leftovers)


def test_appends_come_from_any_thread(repository):
    log = GitLog.open(repository)
    for seq in range(1, 5):
        thread = threading.Thread(target=log.append, args=([entry(seq)],))
        thread.start()
        thread.join()
    assert len(list(log.entries())) == 4


@pytest.mark.parametrize("is_ordered", [False, True])
def test_each_step_is_on_the_disk_before_the_next_begins(repository, monkeypatch, is_ordered):
    """Contents, then the pack's names, then the ref's: what a name promises is there before the name is, also in a power cut.

    Where the file system orders changes of names, the ref's folder alone is synced: the pack's names can't come after the ref.
    """
    monkeypatch.setattr("engine.store.packfolder.keeps_order", lambda *_: is_ordered)
    log = GitLog.open(repository)
    first = log.append([entry(1)])
    seen: list[tuple[str, set[str], str | None]] = []

    def noted(sync: Callable[[int], None]) -> Callable[[int], None]:
        def also_note(descriptor: int) -> None:
            sync(descriptor)
            shown = {path.suffix for path in pack_folder(repository).iterdir()} - {".keep"}
            seen.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, shown, log.tip()))

        return also_note

    monkeypatch.setattr("engine.store.durable.os.fdatasync", noted(os.fdatasync))
    monkeypatch.setattr("engine.store.durable.os.fsync", noted(os.fsync))
    log.append([entry(2)])
    contents, folders = seen[:3], seen[3:]
    suffixes = sorted(Path(name.removesuffix(".orch-partial")).suffix for name, _, _ in contents)
    assert suffixes == [".idx", ".lock", ".pack"]
    assert all(".orch-partial" in shown and tip == first for _, shown, tip in contents)
    expected = [("pack", {".pack", ".idx"}), ("heads", {".pack", ".idx"})]
    assert [(name, shown) for name, shown, _ in folders] == expected[is_ordered:]
    assert [tip for _, _, tip in folders] == [first, log.tip()][is_ordered:]


def test_an_error_of_one_sync_is_an_error_of_the_append(repository, monkeypatch):
    log = GitLog.open(repository)
    tip = log.append([entry(1)])
    sync = os.fdatasync

    def refuse_the_index(descriptor: int) -> None:
        if ".idx" in Path(f"/proc/self/fd/{descriptor}").readlink().name:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("engine.store.durable.os.fdatasync", refuse_the_index)
        with pytest.raises(AppendFailed, match="No space"):
            log.append([entry(2)])
    assert log.tip() == tip
    assert {path.suffix for path in pack_folder(repository).iterdir()} == {".pack", ".idx"}
    assert not (repository / ".git" / "refs" / "heads" / "orch-state.lock").exists()
    log.append([entry(2)])


def test_what_the_disk_did_not_confirm_is_not_called_unwritten(repository, monkeypatch):
    log = GitLog.open(repository)
    log.append([entry(1)])

    def refuse(_folder: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("engine.store.looseref.sync_folder", refuse)
        with pytest.raises(AppendUnsure, match="has the entries"):
            log.append([entry(2)])
    assert [stored.seq for stored in GitLog.open(repository).entries()] == [1, 2]
    with pytest.raises(LogMovedOn):
        log.append([entry(2)])


def mapped_and_gone(repository: Path) -> list[str]:
    """Packs and indexes that this process holds on to although they were deleted."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in maps if f"{pack_folder(repository)}/" in line and line.endswith("(deleted)")]


def test_a_log_that_is_read_for_long_lets_go_of_packs_that_are_gone(repository):
    log, reader = GitLog.open(repository), GitLog.open(repository)
    for seq in range(1, 2 * MAX_TIPS):
        log.append([entry(seq)])
        assert reader.read(f"runs/R1/tasks/T{seq}.json") is not None
        if seq == MAX_TIPS // 2:
            log.tend()
            assert mapped_and_gone(repository)
    assert not mapped_and_gone(repository)


@pytest.mark.parametrize("name", ["orch-state/mine", "orch-state/a/b"])
def test_a_branch_that_is_in_the_way_is_named(repository, name):
    git(repository, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "-m", "first")
    git(repository, "branch", name)
    git(repository, "pack-refs", "--all")
    with pytest.raises(RepositoryUnusable, match=name):
        GitLog.open(repository)
