"""Landing on this machine: merge without a checkout, prove the merged tree, move the target. Must not record anything."""

import asyncio
from collections.abc import Callable
from functools import partial

from engine.beginning import missing_tests
from engine.cell.types import NoSandbox
from engine.core.entities import Receipt, Run
from engine.core.ids import attempt_branch
from engine.evidence import evidence_files, listed, measured, output_of
from engine.finishing import to_the_end
from engine.gates.judge import faults, unknown_before
from engine.gauge import Gauge, Measurement, check_proof, gate_pairs, gate_proof
from engine.ledger import author
from engine.ports import Log
from engine.proofs import ANCHOR
from engine.site import SetupFailed, Sites
from engine.work import Failed, FinalGates, InTheWay, Job, Moved, Overtaken, Proven
from engine.workspace import train
from engine.workspace.git import GitError
from engine.workspace.keeping import kept, made_again
from engine.workspace.repository import UnknownBranch, UnknownCommit


class LocalLander:
    """Lands on branches of a repository on this machine."""

    def __init__(self, sites: Sites, gauge: Gauge, log: Log, *, redact: Callable[[str], str]) -> None:
        self._sites = sites
        self._repository = sites.repository
        self._gauge = gauge
        self._log = log
        self._redact = redact

    async def tip(self, run: Run) -> str:
        """The commit the run's target branch is at now."""
        return await asyncio.to_thread(self._repository.branch_tip, run.branch)

    async def prove(self, job: Job, commit: str) -> Proven | Failed:
        """Merge with the tip, run checks and gates on the merged tree, and write the receipt; nothing moves."""
        try:
            tip = await self.tip(job.run)
            merged = await to_the_end(asyncio.to_thread(made_again, partial(self._merge, job, commit, tip)))
            if isinstance(merged, train.Conflict):
                detail = f"it conflicts with {job.run.branch} in {', '.join(merged.paths)}\n{merged.detail}"
                return Failed("conflict", detail)
            if lacks := await asyncio.to_thread(missing_tests, self._repository, job, merged.commit):
                return Failed("interrupted", lacks)
            before = await self._gauge.measure(tip, job.run.gates)
            return await self._judge(job, commit, merged, before)
        except (SetupFailed, NoSandbox, GitError, OSError) as error:
            return Failed("lost", str(error), is_final=isinstance(error, NoSandbox))
        except (UnknownBranch, UnknownCommit) as error:
            return Failed("lost", str(error), is_final=isinstance(error, UnknownBranch))

    async def _judge(self, job: Job, commit: str, merged: train.Merged, before: Measurement) -> Proven | Failed:
        together = f"green alone, red together with {job.run.branch} at {merged.tip[:10]}"
        try:
            after = await self._gauge.measure(merged.commit, job.run.gates, job.criteria)
        except SetupFailed as error:
            return Failed("merged_red", f"{together}: {error}")
        texts = measured("landing", after.gates, after.checks)
        evidence = await asyncio.to_thread(evidence_files, job, texts, self._redact)
        gates = gate_pairs(before, after)
        if found := faults(after.checks, gates):
            return Failed("merged_red", f"{together}:\n{listed(found)}", evidence=evidence)
        if unknown := unknown_before(gates):
            return Failed("lost", f"not proven at {merged.tip[:10]}:\n{listed(unknown)}", evidence=evidence)
        receipt = Receipt(
            commit=merged.commit,
            work=commit,
            tip=merged.tip,
            tree=merged.tree,
            branch=job.run.branch,
            checks=tuple(check_proof(check) for check in after.checks),
            gates=tuple(gate_proof(gate) for gate in after.gates),
            evidence=evidence.refs,
        )
        return Proven(receipt, evidence)

    def _merge(self, job: Job, commit: str, tip: str) -> train.Merged | train.Conflict:
        # The state tip anchors the history of the run in the target branch: rewriting one now contradicts the other.
        state = self._log.tip() or ""
        message = (
            f"Merge {job.task.id}: {job.task.title}\n\n"
            f"Orch-Run: {job.run.id}\nOrch-Task: {job.task.id}\nOrch-Attempt: {job.attempt}\n{ANCHOR}: {state}\n"
        )
        merged = train.merge(self._repository, work=commit, tip=tip, message=message, author=author("engine"))
        if isinstance(merged, train.Merged):
            # Until the target has it, the attempt's branch holds it, and with it the work.
            with kept(self._repository, self._repository.handle(), merged.commit, tip):
                self._repository.set_branch(attempt_branch(job.run.id, job.task.id, job.attempt), merged.commit)
        return merged

    async def move(self, receipt: Receipt) -> Moved | Overtaken | InTheWay:
        """Move the target; a target that already holds the commit has moved. A cancellation waits until it is decided.

        Raises: UnknownBranch, GitError, OSError; StoreError.
        """
        merged = train.Merged(commit=receipt.commit, tree=receipt.tree, tip=receipt.tip)
        land = partial(train.land, self._repository, branch=receipt.branch, merged=merged)
        try:
            # Git can tell why the target moves before it does.
            await to_the_end(asyncio.to_thread(self._log.publish))
            landed = await to_the_end(asyncio.to_thread(land))
        except UnknownCommit:
            # No branch held the merge commit yet, and `git gc` took it away: it has not landed.
            return Overtaken()
        match landed:
            case train.Landed():
                return Moved()
            case train.TargetMoved():
                return Overtaken()
            case train.CheckoutInTheWay(paths, detail):
                return InTheWay("\n".join([*paths, detail]))

    async def final(self, run: Run) -> FinalGates:
        """What the run's gates say of the target's tip."""
        tip = await self.tip(run)
        found = await self._gauge.measure(tip, run.gates)
        red = [gate for gate in found.gates if not gate.green]
        detail = await asyncio.to_thread(self._redact, output_of(red, ()))
        return FinalGates(tip, tuple(gate_proof(gate) for gate in found.gates), detail)
