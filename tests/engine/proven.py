"""A run as an honest engine leaves it, made in milliseconds: real commits, real merges, the real core and log; no sandbox."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pygit2

from engine.clock import iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Criterion, GateProof, GateSpec, Receipt, RunConfig, Spec, Spend, Verdict
from engine.core.ids import RunId, TaskId
from engine.core.plan import PlannedTask
from engine.ledger import ENGINE, carry_out, entry_of
from engine.store import layout
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.verify import Fault, verify
from engine.workspace import train
from engine.workspace.repository import Repository
from tests.engine.workspace.target import git, make_repository

GATE = GateSpec("tests", "make test")
CHECK = "test -e done"
BY = "cli:alice"
START_MS = 1_770_000_000_000


class ProvenRun:
    """Drives one run, command by command."""

    def __init__(self, folder: Path) -> None:
        self.repository: Repository = make_repository(folder, {"README.md": "target"})
        self.log = GitLog.open(folder)
        self.board = Blackboard()
        self.now_ms = START_MS
        self.given: list[tuple[c.Command, str, Mapping[str, bytes]]] = []
        self.edit: Callable[[Entry], Entry] = lambda entry: entry
        """What becomes of each entry before it is written."""

    def give(self, command: c.Command, actor: str = ENGINE, files: Mapping[str, bytes] | None = None) -> list[e.Record]:
        entries: list[Entry] = []
        self.now_ms += 1_000
        told = carry_out(self.board, command, actor, files or {}, self.now_ms, entries)
        assert not isinstance(told, c.Refused), told.reason
        self.log.append([self.edit(entry) for entry in entries])
        self.given.append((command, actor, files or {}))
        return list(told)

    def forge(self, event: e.AnyEvent) -> None:
        """Write an event that nobody decided, with the files that belong to it."""
        self.now_ms += 1_000
        record = e.Record(self.board.seq + 1, iso(self.now_ms), ENGINE, event)
        self.log.append([entry_of(self.board, record, self.now_ms, {}, {})])

    def retell(self, change: Callable[[c.Command], c.Command]) -> None:
        """Replace the state branch by one that agrees with itself, in which each command is as `change` makes it."""
        git(self.repository.path, "update-ref", "-d", "refs/heads/orch-state")
        self.log, self.board, self.now_ms = GitLog.open(self.repository.path), Blackboard(), START_MS
        given, self.given = self.given, []
        for command, actor, files in given:
            self.give(change(command), actor, files)

    def start(self, tasks: int = 2) -> "ProvenRun":
        base = self.repository.branch_tip("main")
        self.give(c.StartRun("an objective", "main", base, RunConfig("pilot"), BY, (GATE,)), BY)
        self.give(c.StartAttempt(TaskId("T1"), base), "director")
        domain = PlannedTask("d1", "All of it", "planner")
        self.give(c.AcceptSpec(TaskId("T1"), 1, Spec("all is done"), (domain,)), "director")
        self.give(c.StartAttempt(TaskId("T2"), base), "planner")
        plan = tuple(
            PlannedTask(f"p{n}", f"Part {n}", "coder", criteria=(Criterion("it is done", CHECK),))
            for n in range(1, tasks + 1)
        )
        self.give(c.AcceptPlan(TaskId("T2"), 1, plan), "planner")
        return self

    def coders(self) -> Sequence[TaskId]:
        return [task.id for task in self.board.tasks.values() if task.role == "coder"]

    def approve(self, task: TaskId) -> str:
        """The work's commit; the task is approved afterwards."""
        base = self.repository.branch_tip("main")
        self.give(c.StartAttempt(task, base), "coder")
        folder = layout.attempt_folder(RunId("R1"), task, 1)
        turns = f'{{"task":"{task}"}}\n'.encode()
        batch = layout.file_ref(f"{folder}/0001.jsonl", turns)
        self.give(c.LogTurns(task, 1, batch, 3, Spend(10)), "coder", {batch.path: turns})
        work = self._work(base, f"{task}.txt")
        diff = layout.file_ref(f"{folder}/diff.patch", b"a diff\n")
        submit = c.SubmitWork(task, 1, work, "done", (diff,))
        self.give(submit, "coder", {diff.path: b"a diff\n"})
        self.give(c.ApproveWork(task, 1, Verdict(True)), "strategist")
        return work

    def proven(self, task: TaskId, work: str, **changes: str) -> tuple[Receipt, dict[str, bytes]]:
        """The receipt of a merge that is really made, and the files of its evidence; `changes` replace trailers."""
        tip = self.repository.branch_tip("main")
        trailers = {"Orch-Run": "R1", "Orch-Task": task, "Orch-Attempt": "1", "Orch-State": self.log.tip() or ""} | {
            key.replace("_", "-"): value for key, value in changes.items()
        }
        message = f"Merge {task}: x\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers.items())
        merged = train.merge(self.repository, work=work, tip=tip, message=message, author=("orch", "orch@localhost"))
        assert isinstance(merged, train.Merged)
        output = f"{task} is green\n".encode()
        seen = layout.file_ref(f"{layout.attempt_folder(RunId('R1'), task, 1)}/landing.txt", output)
        receipt = Receipt(
            merged.commit, work, tip, merged.tree, "main", checks=(GateProof("check", CHECK, 0),),
            gates=(GateProof(GATE.name, GATE.run, 0),), evidence=(seen,),
        )  # fmt: skip
        return receipt, {seen.path: output}

    def land(self, task: TaskId, receipt: Receipt, files: Mapping[str, bytes], *, moves: bool = True) -> None:
        self.give(c.PrepareLanding(task, 1, receipt), ENGINE, files)
        if moves:
            landed = train.land(
                self.repository, branch="main", merged=train.Merged(receipt.commit, receipt.tree, receipt.tip)
            )
            assert isinstance(landed, train.Landed)
        self.give(c.RecordLanding(task, 1, receipt))

    def complete(self, *tasks: TaskId) -> "ProvenRun":
        for task in tasks or self.coders():
            self.land(task, *self.proven(task, self.approve(task)))
        return self

    def finish(self) -> "ProvenRun":
        tip = self.repository.branch_tip("main")
        self.give(c.FinishRun(RunId("R1"), tip, (GateProof(GATE.name, GATE.run, 0),)))
        return self

    def _work(self, base: str, name: str) -> str:
        handle = self.repository.handle()
        index = pygit2.Index()
        index.read_tree(handle[base].peel(pygit2.Tree))
        index.add(pygit2.IndexEntry(name, handle.create_blob(b"work\n"), pygit2.enums.FileMode.BLOB))
        who = pygit2.Signature("coder", "coder@orch.invalid", self.now_ms // 1000, 0)
        tree = index.write_tree(handle)
        return str(handle.create_commit(None, who, who, f"work {name}\n", tree, [base]))


def faults(run: ProvenRun, *, only_tip: bool = False) -> tuple[Fault, ...]:
    """What `orch verify` finds."""
    log = GitLog.open(run.repository.path)
    try:
        return verify(run.repository, log, only_tip=only_tip)
    finally:
        log.close()


def text(found: tuple[Fault, ...]) -> str:
    """The faults, a line each."""
    return "\n".join(f"{fault.where}: {fault.problem}" for fault in found)


def rewrite(run: ProvenRun, change: "dict[int, str | None]") -> None:
    """Write the state branch anew: for a sequence, the new text for `(old, new)`, or None, which drops the commit.

    Everything else of each commit stays, down to the trees; the chain is rebuilt as an attacker would.
    """
    handle = run.repository.handle()
    parent: str | None = None
    for commit in git(run.repository.path, "rev-list", "--reverse", "orch-state").split():
        found = handle[commit].peel(pygit2.Commit)
        seq = int(found.message.partition("Orch-Seq: ")[2].partition("\n")[0])
        edit = change.get(seq, "")
        if edit is None:
            continue
        old, _, new = edit.partition(" => ")
        message = found.message.replace(old, new) if edit else found.message
        assert not edit or message != found.message
        made = handle.create_commit(
            None, found.author, found.committer, message, found.tree_id, [parent] if parent else []
        )
        parent = str(made)
    git(run.repository.path, "update-ref", "refs/heads/orch-state", parent or "")


def reword(run: ProvenRun, seq: int, edit: bytes) -> None:
    """Replace `old => new` in the very bytes of the commit of this sequence; those above it are made anew, and 0 is the root."""
    handle = run.repository.handle()
    old, _, new = edit.partition(b" => ")
    made: dict[bytes, bytes] = {}
    for number, commit in enumerate(git(run.repository.path, "rev-list", "--reverse", "orch-state").split()):
        content = handle.odb.read(pygit2.Oid(hex=commit))[1]
        for before, after in made.items():
            content = content.replace(b"parent " + before, b"parent " + after, 1)
        if number == seq:
            assert old in content
            content = content.replace(old, new, 1)
        above = handle.odb.write(pygit2.enums.ObjectType.COMMIT, content)
        made = {commit.encode(): str(above).encode()}
    git(run.repository.path, "update-ref", "refs/heads/orch-state", next(iter(made.values())).decode())
