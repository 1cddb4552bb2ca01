"""Holds the receipts of landed work against the repository: what the state branch says landed must be there, and nothing else.

Each merge names in `Orch-State` the state commit it was proven at. So the two histories hold each other: whoever rewrites the
state branch contradicts the target, and whoever rewinds the target contradicts the state branch. Must only read.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec
import pygit2

from engine.core import events as e
from engine.core import plan
from engine.core.blackboard import Blackboard
from engine.core.entities import COMMITTERS, Criterion, GateProof, Receipt, Run, Task
from engine.core.ids import RunId, TaskId
from engine.store.refs import STATE
from engine.workspace.git import run_git
from engine.workspace.repository import Repository, UnknownCommit

ANCHOR: Final = "Orch-State"
_BRANCH: Final = STATE.removeprefix("refs/heads/")


class Fault(msgspec.Struct, frozen=True):
    """Something that is not as an honest engine leaves it: what is wrong, and where."""

    problem: str
    commit: str = ""
    seq: int = 0
    run: str = ""
    task: str = ""

    @property
    def where(self) -> str:
        """The place in words: `event 17 (commit 1a2b3c4d5e), task T3`."""
        event = f"event {self.seq}" if self.seq else ""
        commit = f"commit {self.commit[:10]}" if self.commit else ""
        place = f"{event} ({commit})" if event and commit else event or commit
        return ", ".join(filter(None, (place, f"task {self.task}" if self.task else self.run and f"run {self.run}")))


class Landing(msgspec.Struct, frozen=True):
    """A `work-merged` event as the log has it, with what came before it: the approval, and the receipt that was prepared."""

    commit: str
    seq: int
    event: e.WorkMerged
    approved_seq: int
    prepared_seq: int
    prepared: Receipt | None


class Proofs:
    """Checks receipts; remembers what each branch holds. `places` are the state commits with their sequences."""

    def __init__(self, repository: Repository, board: Blackboard, places: Mapping[str, int]) -> None:
        self._repository = repository
        self._board = board
        self._places = places
        self._held: dict[RunId, frozenset[str]] = {}

    def of_landing(self, landing: Landing, named: tuple[str, str]) -> Iterator[Fault]:
        """What is wrong with a landing: its receipt against the commit, the target and the state branch.

        `named` are the run and the task as they were when the merge was made.
        """
        receipt, task = landing.event.receipt, self._board.tasks[landing.event.task]
        run = self._board.runs[task.run]
        try:
            problems = [
                *self._of_commit(receipt),
                *self._of_message(landing, named),
                *_of_gates(receipt, plan.held_to(task, self._carried(task)), run),
                *self._of_evidence(receipt),
            ]
        except UnknownCommit as error:
            problems = [f"the receipt names a commit that is not there: {error}"]
        if landing.prepared != receipt:
            problems.append(
                "no landing was prepared with this receipt, expected `landing-prepared` before `work-merged`"
            )
        if receipt.branch != run.branch:
            problems.append(f"the receipt is for {receipt.branch!r}, expected the run's branch {run.branch!r}")
        elif not self.holds(run, receipt.commit):
            problems.append(
                f"{receipt.branch} does not hold {receipt.commit[:10]}, which landed there: {self._why(run, receipt.commit)}"
            )
        for problem in problems:
            yield Fault(problem, commit=landing.commit, seq=landing.seq, run=task.run, task=task.id)

    def of_run(self, run: Run) -> Iterator[Fault]:
        """What is wrong with a completed run: its last commit and its last gates."""
        if run.state != "completed":
            return
        if not self.holds(run, run.final_commit):
            why = self._why(run, run.final_commit)
            problem = f"{run.branch} does not hold {run.final_commit[:10]}, where the run completed: {why}"
            yield Fault(problem, run=run.id)
        for fault in _unlike([(g.name, g.run) for g in run.final_gates], [(g.name, g.run) for g in run.gates], "gates"):
            yield Fault(f"at its completion: {fault}", run=run.id)
        for gate in _red(run.final_gates):
            yield Fault(f"it completed with the gate {gate.name!r} red (exit code {gate.exit_code})", run=run.id)

    def of_branches(self, recorded: Collection[str], tips: Mapping[str, str], *, is_at_work: bool) -> Iterator[Fault]:
        """Landings on the target branches that are none of the `recorded`: then the end of the state branch was cut off.

        `tips` are the branches here before the log was read: an engine lands more meanwhile. What is prepared is on its way while
        an engine is at work.
        """
        known = {task.receipt.commit for task in self._board.tasks.values() if task.receipt is not None}
        for branch in dict.fromkeys(run.branch for run in self._board.runs.values()):
            for commit in self._first_parents(branch, tips):
                found = said_in(commit.message)
                if ANCHOR not in found or str(commit.id) in recorded:
                    continue
                problem = f"{branch} holds a landing of {_landed(found)} that "
                if str(commit.id) not in known:
                    problem += f"the state branch has no receipt for{self._newer()}"
                elif not is_at_work:
                    problem += (
                        "is prepared and not recorded: `orch resume` records it where an engine died in the middle; "
                        "else the end of the state branch was cut off"
                    )
                else:
                    continue
                yield Fault(problem, commit=str(commit.id), run=found.get("Orch-Run", ""))

    def of_lost_branch(self) -> Iterator[Fault]:
        """A landing on any branch, of which there must be none where the state branch holds no run."""
        trailer = f"^{ANCHOR}: [0-9a-f]{{40}}$"
        options = "-1", "--format=%H", "--merges", "--extended-regexp", f"--grep={trailer}", "--branches", "--remotes"
        for commit in run_git("log", *options, "HEAD", git_dir=self._repository.git_dir).stdout.decode().split():
            found = said_in(self._repository.message(commit))
            if remote := next(iter(self._repository.remote_branches(_BRANCH)), ""):
                remedy = f"run `orch clone-state{f' --remote {remote}' if remote != 'origin' else ''}`"
            else:
                remedy = "`orch clone-state` gets it from a remote, and `git fsck` may still find the last commit of it"
            problem = f"it is a landing of {_landed(found)}, and there is no run on a state branch here; {remedy}"
            yield Fault(problem, commit=commit, run=found.get("Orch-Run", ""))

    def _newer(self) -> str:
        """Where the state branch has gone on, as far as it was fetched."""
        remotes = self._repository.remote_branches(_BRANCH).items()
        return "".join(
            f"; that of {remote} is another one: `orch sync`" for remote, tip in remotes if tip not in self._places
        )

    def of_carried(self, tasks: Mapping[TaskId, Task]) -> Iterator[Fault]:
        """What is wrong with tests that landed in another task's work: they have to be in it."""
        for task in tasks.values():
            if task.carried_by is None or task.receipt is None or task.attempt is None:
                continue
            carrier = tasks[task.carried_by]
            if carrier.receipt != task.receipt:
                yield Fault(f"it landed with {carrier.id}, but has another receipt", run=task.run, task=task.id)
            try:
                is_in = self._repository.is_ancestor(task.attempt.commit, task.receipt.commit)
            except UnknownCommit:
                is_in = False
            if not is_in:
                problem = (
                    f"its commit {task.attempt.commit[:10]} is not in {task.receipt.commit[:10]}, which carried it"
                )
                yield Fault(problem, run=task.run, task=task.id)

    def holds(self, run: Run, commit: str) -> bool:
        """Whether the run's branch holds the commit now, above the run's base or at it."""
        if run.id not in self._held:
            self._held[run.id] = frozenset(self._reachable(run))
        return commit in self._held[run.id]

    def _reachable(self, run: Run) -> Iterator[str]:
        try:
            base = self._repository.commit(run.base).id
        except UnknownCommit:
            return
        for tip in self._tips(run.branch):
            walker = self._repository.handle().walk(pygit2.Oid(hex=tip))
            walker.hide(base)
            yield from (str(commit.id) for commit in walker)
            if self._repository.is_ancestor(run.base, tip):
                yield run.base

    def _tips(self, branch: str) -> list[str]:
        """Where the branch is here, and then at the remotes: a clone may have it there alone, or further on."""
        here = self._repository.branches(branch).get(branch)
        return list(dict.fromkeys(filter(None, (here, *self._repository.remote_branches(branch).values()))))

    def _why(self, run: Run, commit: str) -> str:
        """Why the run's branch may not hold the commit."""
        is_here = self._repository.has(commit) and self._repository.has(run.base)
        is_fetched = is_here and self._repository.remote_branches(run.branch)
        if is_fetched or not list(self._repository.handle().remotes.names()):
            return "was it rewound?"
        return f"fetch {run.branch} first, or was it rewound?"

    def _first_parents(self, branch: str, tips: Mapping[str, str]) -> Iterator[pygit2.Commit]:
        first = next(run for run in self._board.runs.values() if run.branch == branch)
        tip = tips.get(branch) or next(iter(self._repository.remote_branches(branch).values()), None)
        if tip is None:
            return
        commit = self._repository.commit(tip)
        while str(commit.id) != first.base:
            yield commit
            if not commit.parents:
                return
            commit = commit.parents[0]

    def _carried(self, task: Task) -> list[Task]:
        """The tests that landed in the task's work."""
        before = (self._board.tasks[name] for name in task.depends_on)
        return [each for each in before if each.carried_by == task.id]

    def _of_commit(self, receipt: Receipt) -> Iterator[str]:
        parents, tree = self._repository.parents(receipt.commit), self._repository.tree_of(receipt.commit)
        if parents != (receipt.tip, receipt.work):
            found = ", ".join(parent[:10] for parent in parents) or "none"
            yield (
                f"the parents of {receipt.commit[:10]} are {found}; "
                f"the receipt says the tip {receipt.tip[:10]} and the work {receipt.work[:10]}"
            )
        if tree != receipt.tree:
            yield f"the tree of {receipt.commit[:10]} is {tree[:10]}; the receipt says {receipt.tree[:10]}"

    def _of_message(self, landing: Landing, named: tuple[str, str]) -> Iterator[str]:
        event = landing.event
        found = said_in(self._repository.message(event.receipt.commit))
        said = {"Orch-Run": named[0], "Orch-Task": named[1], "Orch-Attempt": str(event.attempt)}
        for key, expected in said.items():
            if found.get(key) != expected:
                yield f"{event.receipt.commit[:10]} says {key}: {found.get(key, 'nothing')}; expected {expected}"
        anchor = found.get(ANCHOR, "")
        seq = self._places.get(anchor)
        if seq is None:
            yield (
                f"{event.receipt.commit[:10]} was proven at the state commit {anchor[:10] or 'none'}, "
                "which is not in the state branch: its history was rewritten"
            )
        elif not landing.approved_seq <= seq < (landing.prepared_seq or landing.seq):
            yield (
                f"{event.receipt.commit[:10]} was proven at event {seq}; expected one from its approval (event "
                f"{landing.approved_seq}) to the preparation of its landing (event {landing.prepared_seq})"
            )

    def _of_evidence(self, receipt: Receipt) -> Iterator[str]:
        handle = self._repository.handle()
        for ref in receipt.evidence:
            if ref.oid not in handle:
                yield f"the evidence {ref.path} ({ref.oid[:10]}) is not in the repository"


def without_receipt(tasks: Mapping[TaskId, Task]) -> Iterator[Fault]:
    """Tasks that are complete although nothing of theirs landed and they only make commits."""
    for task in tasks.values():
        if task.state == "complete" and task.receipt is None and task.role in COMMITTERS:
            yield Fault("it is complete without a receipt", run=task.run, task=task.id)


def _landed(found: Mapping[str, str]) -> str:
    return f"{found.get('Orch-Task', '?')} of {found.get('Orch-Run', '?')}"


def _of_gates(receipt: Receipt, criteria: Sequence[Criterion], run: Run) -> Iterator[str]:
    checks = [criterion.check for criterion in criteria if criterion.check]
    yield from _unlike([check.run for check in receipt.checks], checks, "checks")
    gates = [(gate.name, gate.run) for gate in run.gates]
    yield from _unlike([(gate.name, gate.run) for gate in receipt.gates], gates, "gates")
    for check in _red(receipt.checks):
        yield f"its check was red on the merged tree (exit code {check.exit_code}): {check.run}"


def _unlike(found: Sequence[object], expected: Sequence[object], what: str) -> Iterator[str]:
    if list(found) != list(expected):
        yield f"the {what} that were run are {found}, expected {expected}"


def _red(proofs: Sequence[GateProof]) -> Iterator[GateProof]:
    return (proof for proof in proofs if proof.exit_code != 0)


def said_in(message: str) -> dict[str, str]:
    """The trailers in the last paragraph of a commit's message."""
    last = message.rstrip("\n").rpartition("\n\n")[2]
    return {key: value for key, colon, value in (line.partition(": ") for line in last.split("\n")) if colon}
