"""Measures commits: runs gates and checks on their trees, once per tree. Must not judge what it sees.

A gate's result belongs to a tree, not to a commit: a merge whose tree equals the reviewed one needs no second run, and the tree
that lands is the next tip's baseline.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from engine.core.entities import Criterion, GateProof, GateSpec
from engine.gates.run import CheckResult, GateResult, run_check, run_gate
from engine.options import Options
from engine.site import Sites

MAX_REMEMBERED = 512


class Measurement(msgspec.Struct, frozen=True):
    """What gates and checks showed on the tree of a commit, in the order in which they were asked for."""

    commit: str
    tree: str
    gates: tuple[GateResult, ...]
    checks: tuple[CheckResult, ...]


class Gauge:
    """Remembers results by tree and command, for as long as the engine lives."""

    def __init__(self, sites: Sites, options: Options) -> None:
        self._sites = sites
        self._options = options
        self._gates: OrderedDict[tuple[str, str], GateResult] = OrderedDict()
        self._checks: OrderedDict[tuple[str, str], CheckResult] = OrderedDict()
        self._busy: dict[str, asyncio.Lock] = {}

    async def measure(self, commit: str, gates: Sequence[GateSpec], criteria: Sequence[Criterion] = ()) -> Measurement:
        """The results on the commit's tree; what is not known yet is run now, in a fresh site.

        Raises: SetupFailed, NoSandbox, GitError, OSError.
        """
        tree = await asyncio.to_thread(self._sites.repository.tree_of, commit)
        commands = [criterion.check for criterion in criteria if criterion.check]
        async with self._busy.setdefault(tree, asyncio.Lock()):
            missing = [gate for gate in gates if (tree, gate.run) not in self._gates]
            unseen = [command for command in commands if (tree, command) not in self._checks]
            if missing or unseen:
                await self._run(commit, tree, missing, unseen)
            found = Measurement(
                commit,
                tree,
                tuple(self._gates[tree, gate.run] for gate in gates),
                tuple(self._checks[tree, command] for command in commands),
            )
        self._forget()
        return found

    async def _run(self, commit: str, tree: str, gates: Sequence[GateSpec], checks: Sequence[str]) -> None:
        async with self._sites.at(commit) as site:
            for command in checks:
                self._checks[tree, command] = await run_check(site.cell, command, self._options.check_timeout_s)
            for gate in gates:
                self._gates[tree, gate.run] = await run_gate(site.cell, gate, worktree=site.worktree.path)

    def _forget(self) -> None:
        while len(self._gates) > MAX_REMEMBERED:
            self._gates.popitem(last=False)
        while len(self._checks) > MAX_REMEMBERED:
            self._checks.popitem(last=False)
        for tree in [tree for tree, lock in self._busy.items() if not lock.locked()]:
            if len(self._busy) > MAX_REMEMBERED:
                del self._busy[tree]


def gate_proof(result: GateResult) -> GateProof:
    """The result as a receipt keeps it: counts instead of names."""
    statuses = list((result.tests or {}).values())
    return GateProof(
        name=result.name,
        run=result.run,
        exit_code=result.exit_code if not result.timed_out else result.exit_code or 124,
        passed=statuses.count("passed"),
        failed=statuses.count("failed"),
        skipped=statuses.count("skipped"),
        duration_s=round(result.duration_s, 3),
    )


def check_proof(result: CheckResult, name: str = "check") -> GateProof:
    """The result of a task's own check as a receipt keeps it."""
    code = result.exit_code if not result.timed_out else result.exit_code or 124
    return GateProof(name=name, run=result.run, exit_code=code, duration_s=round(result.duration_s, 3))
