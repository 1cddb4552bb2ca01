"""`orch verify`: what an honest engine leaves is proven from git alone, and each forgery is found where it is."""

from pathlib import Path

import msgspec
import pygit2
import pytest

from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import Criterion, FileRef, GateProof, Spend
from engine.core.ids import RunId, TaskId
from engine.store import layout
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.union import WAS, was_of
from engine.verify import Fault, verify
from tests.engine.proven import BY, CHECK, ProvenRun, faults, reword, rewrite, text
from tests.engine.workspace.target import git

T3, T4, T5 = TaskId("T3"), TaskId("T4"), TaskId("T5")


@pytest.fixture
def run(tmp_path: Path) -> ProvenRun:
    return ProvenRun(tmp_path / "target").start()


def seq_of(run: ProvenRun, kind: str, task: str) -> int:
    pattern = f'"kind":"{kind}".*"task":"{task}"'
    message = git(run.repository.path, "log", "--format=%B", f"--grep={pattern}", "orch-state")
    return int(message.partition("Orch-Seq: ")[2].partition("\n")[0])


def test_a_repository_without_a_state_branch_has_no_faults(tmp_path: Path):
    assert faults(ProvenRun(tmp_path / "target")) == ()


def test_an_honest_run_is_proven(run: ProvenRun):
    assert faults(run.complete().finish()) == ()


def test_a_run_under_way_is_proven_so_far(run: ProvenRun):
    run.complete(T3)
    run.approve(T4)
    assert faults(run) == ()


def test_a_landing_that_is_prepared_and_not_recorded_is_a_fault_while_no_engine_is_at_work(run: ProvenRun):
    work = run.approve(T3)
    receipt, files = run.proven(T3, work)
    run.land(T3, receipt, files)
    git(run.repository.path, "update-ref", "refs/heads/orch-state", "orch-state~1")
    with EngineLock(run.repository.git_dir, since_ms=0):
        assert faults(run) == ()
    (found,) = faults(run)
    assert found.commit == receipt.commit
    assert "main holds a landing of T3 of R1 that is prepared and not recorded: `orch resume` records" in found.problem


def test_what_an_engine_lands_meanwhile_is_no_fault(run: ProvenRun):
    run.complete(T3)
    left = [T4]

    def land_more(_: int) -> None:
        if left:
            run.complete(left.pop())

    assert verify(run.repository, GitLog.open(run.repository.path), tell=land_more) == ()


def test_a_landing_that_was_overtaken_and_proven_again_is_no_fault(run: ProvenRun):
    work = run.approve(T3)
    receipt, files = run.proven(T3, work)
    run.give(c.PrepareLanding(T3, 1, receipt), files=files)
    run.complete(T4)
    run.give(c.TakeReceiptBack(T3, 1))
    run.land(T3, *run.proven(T3, work))
    assert faults(run) == ()


def test_a_forged_receipt_is_found(run: ProvenRun):
    work = run.approve(T3)
    receipt, files = run.proven(T3, work)
    base = run.repository.branch_tip("main")
    forged = msgspec.structs.replace(receipt, commit=base, tree=run.repository.tree_of(base))
    run.land(T3, forged, files, moves=False)
    found = faults(run)
    assert {(fault.task, fault.seq) for fault in found} == {("T3", seq_of(run, "work-merged", "T3"))}
    assert "the receipt says the tip" in text(found)


def test_a_receipt_for_a_commit_that_never_landed_is_found(run: ProvenRun):
    receipt, files = run.proven(T3, run.approve(T3))
    run.land(T3, receipt, files, moves=False)
    assert f"main does not hold {receipt.commit[:10]}" in text(faults(run))


def test_a_receipt_for_a_commit_that_does_not_exist_is_found(run: ProvenRun):
    receipt, files = run.proven(T3, run.approve(T3))
    run.land(T3, msgspec.structs.replace(receipt, commit="1" * 40), files, moves=False)
    assert "commit that is not there" in text(faults(run))


@pytest.mark.parametrize(
    ("trailer", "value"),
    [("Orch_Task", "T4"), ("Orch_Run", "R9"), ("Orch_Attempt", "7"), ("Orch_State", "2" * 40)],
)
def test_a_merge_that_speaks_of_something_else_is_found(run: ProvenRun, trailer: str, value: str):
    run.land(T3, *run.proven(T3, run.approve(T3), **{trailer: value}))
    assert value[:10] in text(faults(run))


def test_a_merge_that_was_proven_before_its_approval_is_found(run: ProvenRun):
    early = run.log.tip() or ""
    run.land(T3, *run.proven(T3, run.approve(T3), Orch_State=early))
    assert "expected one from its approval" in text(faults(run))


def test_a_red_check_in_a_receipt_is_found(run: ProvenRun):
    receipt, files = run.proven(T3, run.approve(T3))
    run.give(c.PrepareLanding(T3, 1, receipt), files=files)
    git(run.repository.path, "merge", "-q", "--ff-only", receipt.commit)
    red = tuple(msgspec.structs.replace(check, exit_code=1) for check in receipt.checks)
    run.forge(e.WorkMerged(RunId("R1"), T3, 1, msgspec.structs.replace(receipt, checks=red)))
    found = text(faults(run))
    assert "its check was red on the merged tree (exit code 1)" in found
    assert "no landing was prepared with this receipt" in found


def test_tests_that_landed_without_their_checks_are_found(run: ProvenRun):
    red = (Criterion("it is red", "make red"),)
    run.forge(e.TaskPlanned(RunId("R1"), T5, "Show it", "test_architect", criteria=red))
    run.forge(e.TaskReadied(RunId("R1"), T5))
    run.give(c.ChangeDependencies(T3, add=(T5,)), BY)
    run.approve(T5)
    receipt, _ = run.proven(T3, run.approve(T3))
    for event in (
        e.LandingPrepared(RunId("R1"), T3, 1, receipt),
        e.WorkMerged(RunId("R1"), T3, 1, receipt),
        e.WorkCarried(RunId("R1"), T5, 1, T3, receipt),
    ):
        run.forge(event)
    assert f"the checks that were run are {[CHECK]}, expected {[CHECK, 'make red']}" in text(faults(run))


def test_a_receipt_without_its_gates_is_found(run: ProvenRun):
    receipt, files = run.proven(T3, run.approve(T3))
    run.give(c.PrepareLanding(T3, 1, receipt), files=files)
    run.forge(e.WorkMerged(RunId("R1"), T3, 1, msgspec.structs.replace(receipt, gates=(), checks=())))
    found = text(faults(run))
    assert "the gates that were run are []" in found
    assert "the checks that were run are []" in found


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tree": "3" * 40}, "; the receipt says 3333333333"),
        ({"branch": "other"}, "the receipt is for 'other', expected the run's branch 'main'"),
        ({"evidence": (FileRef("runs/R1/logs/T3/a1/x.txt", "4" * 40, 1),)}, "the evidence runs/R1/logs/T3/a1/x.txt"),
    ],
)
def test_a_receipt_that_differs_from_what_landed_is_found(run: ProvenRun, change: dict[str, object], problem: str):
    receipt, files = run.proven(T3, run.approve(T3))
    run.give(c.PrepareLanding(T3, 1, receipt), files=files)
    run.forge(e.WorkMerged(RunId("R1"), T3, 1, msgspec.structs.replace(receipt, **change)))
    assert problem in text(faults(run))


def test_a_log_that_an_event_names_must_be_there(run: ProvenRun):
    run.give(c.StartAttempt(T3, run.repository.branch_tip("main")), "coder")
    path = "runs/R1/logs/T3/a1/0001.jsonl"
    run.forge(e.TurnsLogged(RunId("R1"), T3, 1, FileRef(path, "4" * 40, 1), 1))
    found = text(faults(run))
    assert f"{path} (4444444444) is not in the repository" in found
    assert f"{path} is not as the event leaves it" in found


def test_a_completion_without_a_receipt_is_found(run: ProvenRun):
    run.approve(T3)
    run.forge(e.ResultAccepted(RunId("R1"), T3, 1))
    assert "task T3: it is complete without a receipt" in text(faults(run))


def test_a_completion_with_a_red_gate_is_found(run: ProvenRun):
    run.complete()
    tip = run.repository.branch_tip("main")
    run.forge(e.RunCompleted(RunId("R1"), tip, (GateProof("tests", "make test", 1),)))
    assert "completed with the gate 'tests' red" in text(faults(run))


def test_a_rewound_target_is_found(run: ProvenRun):
    run.complete().finish()
    git(run.repository.path, "reset", "-q", "--hard", "main~1")
    found = faults(run)
    assert [fault.task for fault in found if fault.task] == ["T4"]
    assert "was it rewound?" in text(found)
    assert "where the run completed" in text(found)


def test_an_edited_event_is_found_where_it_is(run: ProvenRun):
    run.complete().finish()
    seq = seq_of(run, "work-submitted", "T3")
    rewrite(run, {seq: '"summary":"done" => "summary":"made by me"'})
    found = faults(run)
    assert {fault.seq for fault in found if "not as the event leaves it" in fault.problem} == {seq}
    assert "its history was rewritten" in text(found)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        ("T3 active => T3 ready", "its first line is"),
        ("Orch-Task: T3 => Orch-Task: T4", "its trailers are"),
        ("Orch-Actor: coder => Orch-Actor: cli:mallory", "its author is"),
    ],
)
def test_an_edited_message_is_found(run: ProvenRun, edit: str, problem: str):
    run.approve(T3)
    rewrite(run, {seq_of(run, "work-submitted", "T3"): edit})
    assert problem in text(faults(run))


@pytest.mark.parametrize(
    ("seq", "edit", "problem"),
    [
        (9, b"@orch.invalid => @evil.example", "where an engine writes 'author orch "),
        (9, b"committer orch engine => committer mallory", "it says 'committer mallory <"),
        (9, b" +0000\n\n => 9 +0000\n\n", "where an engine writes 'committer orch engine"),
        (9, b"+0000\n\n => +0000\nx-note forged\n\n", "it says 'x-note forged' where an engine writes ''"),
        (9, b"\nOrch-Run => \nApproved by the board.\n\nOrch-Run", "it says 'Approved by the board.' where"),
        (9, b"> 17 => > 99999999917", "nothing after it was verified"),
        (9, b"Orch-Seq:  => Orch-Seq: " + 5000 * b"0", "nothing after it was verified"),
        (0, b"author orch engine => author mallory", "it says 'author mallory <"),
        (0, b"The state branch begins => Written by mallory", "where an engine writes 'The state branch begins'"),
    ],
)
def test_whatever_else_a_commit_says_is_found(run: ProvenRun, seq: int, edit: bytes, problem: str):
    run.approve(T3)
    assert faults(run) == ()
    reword(run, seq, edit)
    assert problem in text(faults(run))


def test_the_root_of_a_later_epoch_is_looked_at_too(run: ProvenRun):
    run.log.begin_epoch()
    run.approve(T3)
    assert faults(run) == ()
    reword(run, 0, b"in a new epoch => by grace of mallory")
    assert "where an engine writes 'The state branch goes on in a new epoch'" in text(faults(run))


def test_turns_that_are_told_after_their_run_was_sealed_are_kept(run: ProvenRun):
    run.give(c.StartAttempt(T3, run.repository.branch_tip("main")), "coder")
    run.give(c.CancelRun(RunId("R1"), "enough"), "cli:ada")
    run.give(c.SealRun(RunId("R1")))
    batch = layout.file_ref(f"{layout.attempt_folder(RunId('R1'), T3, 1)}/0001.jsonl", b"{}\n")
    run.give(c.LogTurns(T3, 1, batch, 1, Spend(5)), "coder", {batch.path: b"{}\n"})
    assert run.log.read(batch.path) == b"{}\n"
    assert faults(run) == ()
    assert faults(run, only_tip=True) == ()


def test_a_history_that_agrees_with_itself_is_held_by_the_target(run: ProvenRun):
    """Every event after the edited one was made anew, trees and all: only what landed contradicts it."""

    def praised(command: c.Command) -> c.Command:
        return msgspec.structs.replace(command, summary="mine") if isinstance(command, c.SubmitWork) else command

    run.complete().finish()
    run.retell(praised)
    assert {fault.task for fault in faults(run)} == {"T3", "T4"}
    assert "its history was rewritten" in text(faults(run))


@pytest.mark.parametrize(
    ("is_kept", "first_told", "problem"),
    [
        (False, 0, "get it with `git fetch origin 'refs/orch/apart/*:refs/orch/apart/*'`"),
        (True, 0, "is told again with another event"),
        (True, 1, "is neither told again nor set aside, though what came after it is told again"),
    ],
)
def test_a_forged_history_that_claims_to_tell_the_old_one_again_is_found(
    run: ProvenRun, is_kept: bool, first_told: int, problem: str
):
    """As a union writes it, but an event says something else, or is no longer there."""
    run.complete().finish()
    old = {entry.seq: entry.commit for entry in run.log.entries()}
    first_told += seq_of(run, "work-submitted", "T3")
    if is_kept:
        git(run.repository.path, "update-ref", "refs/orch/apart/old", "orch-state")

    def retold(entry: Entry) -> Entry:
        if entry.seq < first_told:
            return entry
        was = was_of(old[entry.seq], e.decode(entry.event))
        return msgspec.structs.replace(entry, trailers=(*entry.trailers, (WAS, was)))

    def praised(command: c.Command) -> c.Command:
        return msgspec.structs.replace(command, summary="mine") if isinstance(command, c.SubmitWork) else command

    run.edit = retold
    run.retell(praised)
    found = faults(run)
    assert problem in text(found)
    assert {fault.task for fault in found if "its history was rewritten" in fault.problem} == {"T3", "T4"}


def test_a_dropped_commit_is_found(run: ProvenRun):
    run.complete().finish()
    seq = seq_of(run, "turns-logged", "T3")
    rewrite(run, {seq: None})
    assert f"it is number {seq + 1}, but follows number {seq - 1}" in text(faults(run))


def test_a_dropped_commit_is_found_also_when_the_numbers_were_mended(run: ProvenRun):
    run.approve(T3)
    seq, last = seq_of(run, "turns-logged", "T3"), run.board.seq
    rewrite(run, {seq: None} | {n: f"Orch-Seq: {n} => Orch-Seq: {n - 1}" for n in range(seq + 1, last + 1)})
    found = faults(run)
    assert found[0].seq == seq
    assert "not as the event leaves it" in found[0].problem


def test_an_end_that_was_cut_off_is_found(run: ProvenRun):
    run.complete(T3)
    git(run.repository.path, "update-ref", "refs/heads/orch-state", f"orch-state~{4}")
    assert "a landing of T3 of R1 that the state branch has no receipt for" in text(faults(run))


def test_an_impossible_step_ends_the_verification_there(run: ProvenRun):
    run.complete()
    seq = seq_of(run, "work-submitted", "T3")
    rewrite(run, {seq: '"kind":"work-submitted" => "kind":"work-vanished"'})
    found = faults(run)
    assert "nothing after it was verified" in found[0].problem
    assert found[0].seq == seq


def test_a_file_that_no_event_wrote_is_found(run: ProvenRun):
    run.complete()
    handle = run.repository.handle()
    tip = handle.references["refs/heads/orch-state"].peel(pygit2.Commit)
    builder = handle.TreeBuilder(tip.tree)
    builder.insert("extra.txt", handle.create_blob(b"x"), pygit2.enums.FileMode.BLOB)
    made = handle.create_commit(None, tip.author, tip.committer, tip.message, builder.write(), list(tip.parent_ids))
    git(run.repository.path, "update-ref", "refs/heads/orch-state", str(made))
    (found,) = faults(run)
    assert (found.seq, found.problem) == (run.board.seq, "extra.txt is changed, which the event does not do")


def test_a_branch_that_begins_with_something_else_is_found(run: ProvenRun):
    handle = run.repository.handle()
    first = handle[git(run.repository.path, "rev-list", "--max-parents=0", "orch-state")].peel(pygit2.Commit)
    builder = handle.TreeBuilder(first.tree)
    builder.insert("runs.txt", handle.create_blob(b"x"), pygit2.enums.FileMode.BLOB)
    who = first.author, first.committer
    root = handle.create_commit(None, *who, first.message, builder.write(), [])
    above = handle[git(run.repository.path, "rev-list", "--reverse", "orch-state").split()[1]].peel(pygit2.Commit)
    made = handle.create_commit(None, above.author, above.committer, above.message, above.tree_id, [root])
    git(run.repository.path, "update-ref", "refs/heads/orch-state", str(made))
    assert "the branch begins with ['FORMAT.json', 'README.md', 'runs.txt']" in text(faults(run))


def test_the_place_of_a_fault_reads_well():
    assert (
        Fault("x", commit="1234567890abcdef", seq=17, run="R1", task="T3").where
        == "event 17 (commit 1234567890), task T3"
    )
    assert Fault("x", run="R1").where == "run R1"


def test_the_tip_alone_proves_what_the_branch_says_now(run: ProvenRun):
    assert faults(run.complete().finish(), only_tip=True) == ()
    rewrite(run, {seq_of(run, "work-submitted", "T3"): '"summary":"done" => "summary":"made by me"'})
    found = faults(run, only_tip=True)
    assert (found[0].seq, found[0].problem) == (
        run.board.seq, "runs/R1/tasks/T3.json is not as the events leave it"
    )  # fmt: skip


def test_the_tip_alone_does_not_look_at_the_words_of_earlier_commits(run: ProvenRun):
    run.approve(T3)
    rewrite(run, {seq_of(run, "work-submitted", "T3"): "T3 active => T3 ready"})
    assert faults(run, only_tip=True) == ()
    assert faults(run) != ()
