"""A log that no engine wrote so is refused, and the commit at fault is named."""

from collections.abc import Callable

import pytest

from engine.store.errors import BrokenLog
from engine.store.memory import MemoryBranch, MemoryLog
from tests.fakes.entries import entry


def log_with_a_changed_commit(change: Callable[[bytes], bytes], *, below: int = 0) -> MemoryLog:
    """Three entries, the one `below` the last changed and what follows written anew on top of it."""
    branch = MemoryBranch()
    log = MemoryLog(branch)
    log.append([entry(1), entry(2), entry(3)])
    above = [one.commit for one in log.entries()][2 - below :]
    moved = (above[0], branch.objects.add("commit", change(branch.objects.read(bytes.fromhex(above[0])))).hex())
    for commit in above[1:]:
        content = branch.objects.read(bytes.fromhex(commit)).replace(moved[0].encode(), moved[1].encode())
        moved = (commit, branch.objects.add("commit", content).hex())
    branch.tip = moved[1]
    return MemoryLog(branch)


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(old, new)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: content[: content.index(b"Orch-Event")], "0 Orch-Event"),
        (lambda content: content + b'Orch-Event: {"kind":"second"}\n', "2 Orch-Event"),
        (lambda content: content + b'orch-event: {"kind":"second"}\n', "2 Orch-Event"),
        (lambda content: content + b"and a word\n", "trailers alone"),
        (lambda content: content + b"\nan afterthought\n", "trailers alone"),
        (replaced(b"Orch-Seq: 3", b"Orch-Seq: 4"), "number 4, but follows number 2"),
        (replaced(b"Orch-Seq: 3", b"Orch-Seq: 2"), "number 2, but follows number 2"),
        (replaced(b"Orch-Seq: 3", b"Orch-Seq: three"), "whole number"),
        (replaced(b"Orch-Seq: 3\n", b""), "0 Orch-Seq"),
        (replaced(b"\nauthor ", b"\nwriter "), "author"),
        (lambda content: content.partition(b"\n\n")[0] + b"\n\nfixed it by hand\n", "0 Orch-"),
    ],
)
def test_a_commit_that_no_engine_wrote_so_is_named(change, problem):
    log = log_with_a_changed_commit(change)
    with pytest.raises(BrokenLog, match=problem) as told:
        list(log.entries())
    assert told.value.commit == log.tip()


def test_what_comes_before_a_broken_commit_is_still_read():
    log = log_with_a_changed_commit(replaced(b"Orch-Seq: 2", b"Orch-Seq: 9"), below=1)
    found: list[int] = []
    with pytest.raises(BrokenLog, match="number 9"):
        found.extend(one.seq for one in log.entries())
    assert found == [1]


def test_a_dropped_commit_is_missed():
    branch = MemoryBranch()
    log = MemoryLog(branch)
    log.append([entry(1), entry(2), entry(3)])
    first, second, third = log.entries()
    content = branch.objects.read(bytes.fromhex(third.commit)).replace(second.commit.encode(), first.commit.encode())
    branch.tip = branch.objects.add("commit", content).hex()
    with pytest.raises(BrokenLog, match="number 3, but follows number 1"):
        list(MemoryLog(branch).entries())


def test_a_merge_is_not_what_an_engine_writes():
    log = log_with_a_changed_commit(
        lambda content: content.replace(b"\nauthor", b"\nparent " + b"1" * 40 + b"\nauthor")
    )
    with pytest.raises(BrokenLog, match="2 parents"):
        list(log.entries())


def test_a_log_whose_beginning_is_gone_is_refused():
    branch = MemoryBranch()
    log = MemoryLog(branch)
    log.append([entry(1), entry(2)])
    first, _ = log.entries()
    content = branch.objects.read(bytes.fromhex(first.commit)).replace(
        b"parent " + first.parents[0].encode() + b"\n", b""
    )
    branch.tip = branch.objects.add("commit", content).hex()
    with pytest.raises(BrokenLog, match="no parent"):
        list(MemoryLog(branch).entries())


def test_a_log_of_a_later_format_asks_for_a_newer_orch():
    branch = MemoryBranch()
    log = MemoryLog(branch)
    log.append([entry(1)])
    (root,) = next(iter(log.entries())).parents
    content = branch.objects.read(bytes.fromhex(root)).replace(b"Orch-Format: 1", b"Orch-Format: 2")
    branch.tip = branch.objects.add("commit", content).hex()
    with pytest.raises(BrokenLog, match=r"format 2.*newer orch"):
        list(MemoryLog(branch).entries())


def test_nothing_is_appended_to_a_branch_that_is_not_a_log():
    log = log_with_a_changed_commit(lambda content: content.partition(b"\n\n")[0] + b"\n\nmy own branch\n")
    with pytest.raises(BrokenLog, match="Orch-Seq"):
        log.append([entry(4)])
