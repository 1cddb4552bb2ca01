"""Two engines that worked apart: the published history stands, the other follows, and nothing is lost."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard, fold
from engine.core.entities import Criterion
from engine.core.ids import DecisionId, RunId, TaskId
from engine.store.entry import Entry, StoredEntry
from engine.store.gitlog import GitLog
from engine.sync import HistoriesDiffer, Place, Sync, SyncFailed
from engine.union import unite
from tests.bench.store_workload import Workload
from tests.engine.apart import NOW_MS, Clone, Killed, another, board, proven, put_together
from tests.engine.proven import CHECK, ProvenRun
from tests.engine.workspace.target import git
from tests.fakes.board_view import facts

R1, T3, T4 = RunId("R1"), TaskId("T3"), TaskId("T4")


def test_what_does_not_touch_is_all_there_afterwards(ours: ProvenRun, theirs: Clone):
    theirs.approve(T3)
    ours.approve(T4)
    united = put_together(ours)
    assert (united.names, united.set_aside) == ({}, 0)
    assert {task.id: task.state for task in board(ours).tasks.values()} | {} == {
        "T1": "complete", "T2": "complete", "T3": "approved", "T4": "approved"
    }  # fmt: skip
    assert proven(ours) == ""


def test_the_published_commits_stand_and_ours_are_kept(ours: ProvenRun, theirs: Clone):
    theirs.approve(T3)
    ours.approve(T4)
    published, before = theirs.log.tip(), ours.log.tip()
    put_together(ours)
    git(ours.repository.path, "merge-base", "--is-ancestor", str(published), "orch-state")
    assert git(ours.repository.path, "for-each-ref", "--format=%(objectname)", "refs/orch/apart/") == before
    assert git(ours.repository.path, "for-each-ref", "refs/orch/union") == ""
    git(ours.repository.path, "gc", "--quiet", "--prune=now")
    git(ours.repository.path, "fsck", "--strict")


def test_a_landing_that_is_told_again_is_still_proven(ours: ProvenRun, theirs: Clone):
    theirs.approve(T3)
    ours.complete(T4)
    put_together(ours)
    assert board(ours).tasks[T4].state == "complete"
    assert proven(ours) == ""


def test_a_landing_that_is_told_a_third_time_is_still_proven(ours: ProvenRun, theirs: Clone):
    another(theirs, "their second")
    for run in (theirs, ours):
        run.give(c.AddTask(R1, "Another part", criteria=(Criterion("it is done", CHECK),)), "cli:ada")
    ours.complete(TaskId("T5"))
    assert put_together(ours).names == {"T5": "T7"}
    another(theirs, "their third")
    theirs.give(c.AddTask(R1, "One more", criteria=(Criterion("it is done", CHECK),)), "cli:ada")
    assert put_together(ours).names == {"T7": "T9"}
    assert board(ours).tasks[TaskId("T9")].state == "complete"
    assert proven(ours) == ""


def test_histories_of_three_engines_are_proven_together(ours: ProvenRun, theirs: Clone, tmp_path: Path):
    third = Clone(ours, tmp_path / "third")
    another(theirs, "their second")
    another(third, "the second of the third")
    shutil.rmtree(ours.repository.path)
    ours = Clone(theirs, ours.repository.path)
    for clone in (theirs, third):
        git(ours.repository.path, "remote", "add", clone.repository.path.name, str(clone.repository.path))
    ours.complete(T4)
    another(theirs, "their third")
    put_together(ours, remote="theirs")
    assert put_together(ours, remote="third").names == {"R2": "R4", "T5": "T7"}
    assert proven(ours) == ""
    git(ours.repository.path, "update-ref", "-d", f"refs/orch/apart/{abandoned(ours)[:12]}")
    assert "get it with `git fetch origin 'refs/orch/apart/*:refs/orch/apart/*'`" in proven(ours)


def abandoned(run: ProvenRun) -> str:
    """The longest history that the branch went on without."""
    kept = git(run.repository.path, "for-each-ref", "--format=%(objectname)", "refs/orch/apart/").split()
    return max(kept, key=lambda tip: int(git(run.repository.path, "rev-list", "--count", tip)))


def test_names_that_both_gave_become_new_ones_for_ours(ours: ProvenRun, theirs: Clone):
    another(theirs, "their second")
    another(ours, "our second")
    ours.give(c.StartAttempt(TaskId("T5"), ours.repository.branch_tip("main")), "director")
    united = put_together(ours)
    assert united.names == {"R2": "R3", "T5": "T6"}
    found = board(ours)
    assert [run.objective for run in found.runs.values()] == ["an objective", "their second", "our second"]
    assert (found.tasks[TaskId("T5")].state, found.tasks[TaskId("T6")].state) == ("ready", "active")
    assert proven(ours) == ""


def test_files_of_a_renamed_task_move_with_it(ours: ProvenRun, theirs: Clone):
    for run in (theirs, ours):
        run.give(c.AddTask(R1, "Another part", criteria=(Criterion("it is done", CHECK),)), "cli:ada")
    ours.approve(TaskId("T5"))
    put_together(ours)
    with closing(GitLog.open(ours.repository.path)) as log:
        paths = [path for path, _ in log.files(under="runs/R1/logs/T6")]
    assert paths == ["runs/R1/logs/T6/a1/0001.jsonl", "runs/R1/logs/T6/a1/diff.patch"]
    assert proven(ours) == ""


def ask_about_a_renamed_task(ours: ProvenRun, theirs: Clone) -> None:
    another(theirs, "their second")
    ours.give(c.AddTask(R1, "Repair T5 and R1", criteria=(Criterion("it is done", CHECK),)), "cli:ada")
    ours.give(c.InterruptTask(TaskId("T5"), "T5 goes astray"), "cli:ada")
    assert put_together(ours).names == {"T5": "T6"}


def test_the_engines_own_words_name_a_renamed_task_as_it_is_now(ours: ProvenRun, theirs: Clone):
    ask_about_a_renamed_task(ours, theirs)
    (question,) = board(ours).open_decisions.values()
    assert question.question == "T6 (Repair T5 and R1) was interrupted: T5 goes astray. What now?"
    with closing(GitLog.open(ours.repository.path)) as log:
        last = log.last()
    assert last is not None
    assert last.subject.startswith("T6 ready -> waiting_human by cli:ada: D1 asks: it was")
    assert proven(ours) == ""


def test_what_an_earlier_version_told_again_is_still_proven(
    ours: ProvenRun, theirs: Clone, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.union.reworded", lambda event, _names: event)
    ask_about_a_renamed_task(ours, theirs)
    assert next(iter(board(ours).open_decisions.values())).question.startswith("T5 ")
    assert proven(ours) == ""


def test_what_a_chat_was_told_is_not_told_again(ours: ProvenRun, theirs: Clone):
    another(theirs, "their second")
    ours.give(c.BindChat(R1, "web", "w", "ch"), "cli:ada")
    binding = next(iter(ours.board.chat.bindings))
    ours.complete(T4)
    until = ours.board.seq
    ours.give(c.AskAboutBudget(R1, "0.00 USD left"))
    told = c.IntendPost(binding, "digest", f"digest until {until}", lines=("T4 complete",), until_seq=until)
    ours.give(told)
    theirs.give(c.AskAboutBudget(R1, "0.00 USD left"))
    ours.give(c.IntendPost(binding, "decision", "decision D1", DecisionId("D1")))
    put_together(ours)
    found = board(ours)
    digest, question = found.chat.posts.values()
    assert seq_of_landing(ours) == digest.until_seq > until
    assert digest.key == f"digest until {digest.until_seq}"
    assert (question.key, question.about) == ("decision D2", DecisionId("D2"))


def seq_of_landing(run: ProvenRun) -> int:
    with closing(GitLog.open(run.repository.path)) as log:
        return next(one.seq for one in log.entries() if isinstance(e.decode(one.event), e.WorkMerged))


def test_our_epochs_are_kept_and_theirs_hold(ours: ProvenRun, theirs: Clone):
    theirs.approve(T3)
    ours.log.begin_epoch()
    ours.approve(T4)
    assert git(ours.repository.path, "for-each-ref", "refs/orch/epoch/") != ""
    put_together(ours)
    assert git(ours.repository.path, "for-each-ref", "refs/orch/epoch/") == ""
    assert proven(ours) == ""


@pytest.mark.parametrize(("epochs", "killed"), [(2, True), (10, False)])
def test_only_what_came_after_the_last_common_event_is_told_again(tmp_path: Path, epochs: int, killed: bool):
    ours = ProvenRun(tmp_path / "ours").start()
    for number in range(epochs):
        another(ours, f"common {number}", epoch=True)
    another(ours, "common, in the last common epoch")
    theirs = Clone(ours, tmp_path / "theirs")
    git(ours.repository.path, "remote", "add", "origin", str(theirs.repository.path))
    another(theirs, "theirs")
    another(ours, "ours", epoch=True)
    if killed:
        with pytest.raises(SyncFailed):
            put_together(ours, Killed)
    put_together(ours)
    told = [run.objective for run in board(ours).runs.values()]
    assert told[-3:] == ["common, in the last common epoch", "theirs", "ours"]
    assert len(told) == len(set(told))
    assert proven(ours) == ""


def test_histories_without_a_common_event_are_left_alone(ours: ProvenRun, tmp_path: Path):
    other = ProvenRun(tmp_path / "other")
    other.now_ms += 500_000
    other.start()
    git(ours.repository.path, "remote", "add", "origin", str(other.repository.path))
    both, before = Sync(ours.repository, Place("origin")), ours.log.tip()
    with pytest.raises(HistoriesDiffer, match="nothing in common"):
        both.fork(both.fetch() or "")
    assert ours.log.tip() == before


def steps(board: Blackboard, seed: int, count: int) -> list[Entry]:
    """What an engine of its own does from here."""
    load = Workload(4, seed)
    load.board = board
    return load.steps(count)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 12))
def test_whatever_two_engines_did_every_event_is_told_or_set_aside(seed: int, theirs: int, ours: int):
    load = Workload(4, seed)
    base = [*load.plan(), *load.steps(seed)]
    fork = fold(map(as_record, base))
    published = fold(map(as_record, steps(fork.copy(), seed + 1, theirs)), fork)
    mine = [stored(entry) for entry in steps(fork.copy(), seed + 2, ours)]
    united = unite(published.copy(), mine, lambda _path, _at: b"", NOW_MS)
    told = [entry for entry in united.entries if any(key == "Orch-Was" for key, _ in entry.trailers)]
    assert len(told) + united.set_aside == len([one for one in mine if "task-readied" not in one.event])
    assert facts(fold(map(as_record, united.entries), published)).keys()


def as_record(entry: Entry) -> e.Record:
    return e.Record(entry.seq, iso(entry.at_ms), dict(entry.trailers)["Orch-Actor"], e.decode(entry.event))


def stored(entry: Entry) -> StoredEntry:
    return StoredEntry(
        "c" * 40, "t" * 40, entry.seq, entry.at_ms, entry.subject, entry.author, entry.trailers, entry.event, ()
    )
