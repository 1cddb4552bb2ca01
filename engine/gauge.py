"""Measures commits: runs gates and checks on their trees, once per tree. Must not judge what it sees.

A gate's result belongs to a tree, not to a commit: a merge whose tree equals the reviewed one needs no second run, and the tree
that lands is the next tip's baseline.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from engine.core.entities import Criterion, GateProof, GateSpec
from engine.gates.run import CheckResult, GateResult, run_check, run_gate
from engine.options import Options
from engine.site import Sites

MAX_REMEMBERED: Final = 100
"""Results; one of a large test suite takes a megabyte."""

_TIMED_OUT: Final = 124
"""As timeout(1) ends, for a command that caught its signal and ended with 0."""


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
        self._gates: OrderedDict[tuple[str, GateSpec], GateResult] = OrderedDict()
        self._checks: OrderedDict[tuple[str, str], CheckResult] = OrderedDict()
        self._busy: dict[str, asyncio.Lock] = {}

    async def measure(self, commit: str, gates: Sequence[GateSpec], criteria: Sequence[Criterion] = ()) -> Measurement:
        """The results on the commit's tree; what is not known yet is run now, in a fresh site.

        Raises: SetupFailed, NoSandbox, UnknownCommit, GitError, OSError.
        """
        tree = await asyncio.to_thread(self._sites.repository.tree_of, commit)
        commands = [criterion.check for criterion in criteria if criterion.check]
        async with self._busy.setdefault(tree, asyncio.Lock()):
            seen_gates = {gate: self._gates[tree, gate] for gate in gates if (tree, gate) in self._gates}
            seen_checks = {check: self._checks[tree, check] for check in commands if (tree, check) in self._checks}
            new_gates = [gate for gate in dict.fromkeys(gates) if gate not in seen_gates]
            new_checks = [check for check in dict.fromkeys(commands) if check not in seen_checks]
            if new_gates or new_checks:
                async with self._sites.at(commit) as site:
                    # Gates first, on the tree as it is: a check is a planner's command, and may leave files behind.
                    for gate in new_gates:
                        seen_gates[gate] = await run_gate(site.cell, gate, worktree=site.worktree.path)
                    for check in new_checks:
                        seen_checks[check] = await run_check(site.cell, check, self._options.check_timeout_s)
        self._remember(tree, seen_gates, seen_checks)
        return Measurement(
            commit, tree, tuple(seen_gates[gate] for gate in gates), tuple(seen_checks[check] for check in commands)
        )

    def _remember(self, tree: str, gates: Mapping[GateSpec, GateResult], checks: Mapping[str, CheckResult]) -> None:
        self._gates.update({(tree, gate): found for gate, found in gates.items() if not found.shows_nothing})
        self._checks.update({(tree, check): found for check, found in checks.items() if not found.shows_nothing})
        while len(self._gates) > MAX_REMEMBERED:
            self._gates.popitem(last=False)
        while len(self._checks) > MAX_REMEMBERED:
            self._checks.popitem(last=False)
        if len(self._busy) > MAX_REMEMBERED:
            self._busy = {tree: lock for tree, lock in self._busy.items() if lock.locked()}


def gate_pairs(before: Measurement, after: Measurement) -> list[tuple[GateResult, GateResult]]:
    """What each gate showed before and after; both were measured with the same gates."""
    return list(zip(before.gates, after.gates, strict=True))


def gate_proof(result: GateResult) -> GateProof:
    """The result as a receipt keeps it: counts instead of names."""
    statuses = list((result.tests or {}).values())
    return GateProof(
        name=result.name,
        run=result.run,
        exit_code=_exit_code(result),
        passed=statuses.count("passed"),
        failed=statuses.count("failed"),
        skipped=statuses.count("skipped"),
        duration_s=round(result.duration_s, 3),
    )


def check_proof(result: CheckResult) -> GateProof:
    """The result of a task's own check as a receipt keeps it."""
    return GateProof("check", result.run, exit_code=_exit_code(result), duration_s=round(result.duration_s, 3))


def _exit_code(result: GateResult | CheckResult) -> int:
    return result.exit_code or (_TIMED_OUT if result.timed_out else 0)
