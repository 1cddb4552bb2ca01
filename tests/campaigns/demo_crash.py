"""Kills the demo with `kill -9` at random points, continues it until it ends, and compares with a demo that was left alone.

    python -m tests.campaigns.demo_crash --runs 20 --json

A point is a change that the engine makes in the repository: events that become durable and are not published yet, a move of the state
branch (just before, with its lock taken; just after; a random moment later, among the side effects), or a move of the target. No command of a killed engine may live on, and
none of its processes beyond the next start: an empty bubblewrap may wait until then (engine/cell/scratch.py).
"""

import argparse
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from adapters.wiring import read_board
from engine.workspace.repository import Repository

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h
COMMAND = "from adapters.cli.main import main; main()"
LIMIT_S = 180.0
GONE_WITHIN_S = 3.0
KILLS = ("durable", "lock", "append", "later", "target")


class Kill(msgspec.Struct, frozen=True):
    """When to kill: at which change of which file, and how long after it."""

    kind: str
    change: int
    delay_s: float = 0.0


class Ending(msgspec.Struct, frozen=True):
    """How a demo ended, as far as two of them must be alike."""

    exit_code: int
    tree: str
    tasks: dict[str, str]
    landings: dict[str, int]
    questions: int
    faults: list[str]
    left: list[str]


class Report(msgspec.Struct, frozen=True):
    """One run of the campaign: where it was killed, and what was not as it should be."""

    kills: list[Kill]
    missed: int
    problems: list[str]
    tree: str
    seconds: float


def run_once(folder: Path, kills: list[Kill], expected_tree: str = "") -> Report:
    """Play the demo in a folder, killed at each point in turn and started again; then once more until it ends."""
    began = time.monotonic()
    problems: list[str] = []
    missed = 0
    for kill in kills:
        process = _start(folder)
        struck = _strike(process, folder, kill)
        process.wait()
        problems += [f"outlived its engine: {name}" for name in _survivors() if not _is_empty_cell(name)]
        if not struck:
            missed += 1
            break
    process = _start(folder)
    output, _ = process.communicate(timeout=LIMIT_S)
    problems += [f"outlived the demo: {name}" for name in _survivors()]
    ending = _ending(folder, process.returncode, output)
    problems += _amiss(ending, expected_tree or ending.tree)
    return Report(kills, missed, problems, ending.tree, round(time.monotonic() - began, 1))


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", COMMAND, "demo", "--dir", str(folder), "--json"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def _strike(process: "subprocess.Popen[bytes]", folder: Path, kill: Kill) -> bool:
    """Kill the demo at its point; False when it ended before."""
    names = {"lock": "orch-state.lock", "target": "main", "durable": "../../orch/wal"}
    path = folder / ".git/refs/heads" / names.get(kill.kind, "orch-state")
    seen, last = 0, _mark(path)
    deadline = time.monotonic() + LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        mark = _mark(path)
        if mark != last and mark is not None:
            seen += 1
        last = mark
        if seen >= kill.change:
            end = time.monotonic() + kill.delay_s
            while time.monotonic() < end:
                pass
            process.kill()
            return True
    process.kill()
    return False


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _survivors() -> list[str]:
    """Processes that still live after a moment; orphans are handed to us, since we are their subreaper."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while children := list(_children()):
        if time.monotonic() > deadline:
            return children
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
    return []


def _children() -> Iterator[str]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = entry.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = rest.split()[:2]
        if parent == str(os.getpid()) and state != "Z":
            yield f"{entry.parent.name} {name.partition('(')[2]}"


def _is_empty_cell(name: str) -> bool:
    pid, _, program = name.partition(" ")
    try:
        return program == "bwrap" and not Path("/proc", pid, "task", pid, "children").read_text()
    except FileNotFoundError:
        return True


def _ending(folder: Path, exit_code: int, output: bytes) -> Ending:
    repository, board = Repository.open(folder), read_board(folder)
    outcome = json.loads(output or '{"faults": [{"problem": "the demo died without an outcome"}], "leftovers": []}')
    tip = repository.commit(repository.branch_tip("main"))
    landings: Counter[str] = Counter()
    while tip.parents:
        landings.update(line[11:] for line in tip.message.split("\n") if line.startswith("Orch-Task: "))
        tip = tip.parents[0]
    return Ending(
        exit_code=exit_code,
        tree=repository.tree_of(repository.branch_tip("main")),
        tasks={task.id: task.state for task in board.tasks.values()},
        landings=dict(sorted(landings.items())),
        questions=len(board.decisions),
        faults=[fault["problem"] for fault in outcome["faults"]],
        left=outcome["leftovers"],
    )


EXPECTED_TASKS = dict.fromkeys(("T1", "T2", "T3", "T4", "T5", "T6"), "complete")
EXPECTED_LANDINGS = dict.fromkeys(("T3", "T4", "T5", "T6"), 1)


def _amiss(ending: Ending, expected_tree: str) -> list[str]:
    problems = []
    if ending.exit_code != 0:
        problems.append(f"exit code {ending.exit_code}")
    if ending.tree != expected_tree:
        problems.append(f"the tree on main is {ending.tree}, expected {expected_tree}")
    if ending.tasks != EXPECTED_TASKS:
        problems.append(f"tasks: {ending.tasks}")
    if ending.landings != EXPECTED_LANDINGS:
        problems.append(f"landings: {ending.landings}")
    if ending.questions != 1:
        problems.append(f"{ending.questions} questions, expected 1")
    return problems + ending.faults + ending.left


def points(rng: random.Random) -> list[Kill]:
    """One to three points; a demo has about 110 durable writes, 50 moves of the state branch, and four of the target."""
    found = []
    for _ in range(rng.randint(1, 3)):
        kind = rng.choice(KILLS)
        change = rng.randint(1, 3) if kind == "target" else rng.randint(1, 35)
        found.append(Kill(kind, change, round(rng.uniform(0, 0.4), 3) if kind == "later" else 0.0))
    return found


def campaign(runs: int, seed: int) -> Iterator[Report]:
    """A report for the demo that is left alone, then one for each that is killed."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="orch-crash-") as name:
        alone = run_once(Path(name) / "alone", [])
        yield alone
        for number in range(runs):
            yield run_once(Path(name) / f"run-{number}", points(rng), alone.tree)


def main() -> int:
    """Print a line for each run, or everything as JSON; the exit code is 1 when anything was amiss."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    reports = []
    for report in campaign(options.runs, options.seed):
        reports.append(report)
        if not options.json:
            sys.stdout.write(f"{report.seconds:6.1f} s  {report.kills}  {'; '.join(report.problems) or 'fine'}\n")
            sys.stdout.flush()
    bad = sum(bool(report.problems) for report in reports)
    if options.json:
        struck = sum(len(report.kills) - report.missed for report in reports)
        facts = {"runs": options.runs, "kills": struck, "bad": bad, "reports": msgspec.to_builtins(reports)}
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
