"""What the state branch costs: `python -m tests.bench.store --json`, beside SQLite, git fast-import and LangGraph.

The candidates get the same entries in turn, operation by operation, so that a busy disk or core hits all of them alike; a ratio
is one of throughputs (mean times), and what git is shown at last counts too. `bytes_per_event` is what an append of 32 writes, `bytes_per_event_repacked` what upkeep makes of it.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.recovery import load_board
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.verify import verify
from engine.workspace.repository import Repository
from tests.bench.store_peers import FastImport, SqliteLog, fdatasync_s, langgraph_saver
from tests.bench.store_workload import Workload, groups
from tests.fakes.entries import git, new_repository

Figures = dict[str, float | None]


class Scale(msgspec.Struct, frozen=True):
    """How much is measured; the figures of the documentation are those of the defaults."""

    rounds: int = 150
    tasks: int = 1_000
    many_tasks: int = 10_000
    commits: int = 100_000
    verified: int = 20_000
    saves: int = 64


SAMPLE: Final = Scale(rounds=3, tasks=20, many_tasks=40, commits=300, verified=200, saves=2)
_BULK: Final = 1_000
_TEND_EVERY: Final = 256
"""Groups between two upkeeps of the long history; an engine has 32."""


class Place:
    """A folder with a planned workload in a GitLog that is written as the engine does: every 32nd append pays for what git is shown."""

    def __init__(self, folder: Path, tasks: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.repository = new_repository(folder / "repository")
        self._lock = EngineLock(self.repository, since_ms=0)
        self._lock.acquire()
        self.log = GitLog.open(self.repository)
        self.log.write_ahead()
        self.workload = Workload(tasks)

    def tend(self) -> None:
        """Upkeep, of everything there is."""
        self.log.publish()
        self.log.upkeep.tend()

    def pack_bytes(self) -> int:
        """What the packs weigh, with everything there is."""
        self.log.publish()
        return _pack_bytes(self.repository)

    def plan(self, *others: Callable[[Sequence[Entry]], object]) -> None:
        """Append the plan here and to others."""
        for group in groups(self.workload.plan(), _BULK):
            for append in (self.log.append, *others):
                append(group)
        self.log.publish()


def durable_groups(folder: Path, scale: Scale) -> Figures:
    """Groups of 32, against SQLite and fast-import, and what they weigh."""
    place = Place(folder, scale.tasks)
    sqlite, fast = SqliteLog(folder / "sqlite"), FastImport(new_repository(folder / "fast-import"))
    place.plan(sqlite.append, fast.append)
    before = place.pack_bytes()
    candidates = {"git": place.log.append, "sqlite": sqlite.append, "fast-import": fast.append}
    times: dict[str, list[float]] = {name: [] for name in candidates}
    syncs = []
    for _ in range(scale.rounds):
        group = place.workload.steps(32)
        for name, append in candidates.items():
            times[name].append(_seconds(append, group))
        syncs.append(fdatasync_s(folder / "probe"))
    times["git"].append(_seconds(place.log.publish))
    written = (place.pack_bytes() - before) / (scale.rounds * 32)
    sqlite.close()
    fast.close()
    place.tend()
    place.log.close()
    return {
        "g32_vs_sqlite_full": sum(times["sqlite"]) / sum(times["git"]),
        "g32_vs_fast_import": sum(times["fast-import"]) / sum(times["git"]),
        "bytes_per_event": written,
        "fdatasync_p50_ms": statistics.median(syncs) * 1000,
        "g32_per_s": 32 * scale.rounds / sum(times["git"]),
        "g32_p50_ms": statistics.median(times["git"]) * 1000,
    }


def one_at_a_time(folder: Path, tasks: int, rounds: int) -> Figures:
    """One event, against LangGraph's saver with the whole state; and a cold start."""
    place = Place(folder, tasks)
    place.plan()
    save = langgraph_saver(folder / "langgraph")
    ours, theirs = [], []
    for _ in range(rounds):
        (entry,) = place.workload.steps(1)
        ours.append(_seconds(place.log.append, [entry]))
        if save is not None:
            theirs.append(_seconds(save, place.workload.state()))
    ours.append(_seconds(place.log.publish))
    place.tend()
    place.log.close()
    return {
        "ratio": sum(theirs) / sum(ours) if theirs else None,
        "cold_ms": min(_seconds(_cold_start, place.repository) for _ in range(3)) * 1000,
        "p50_ms": statistics.median(ours) * 1000,
    }


def cpu_growth(folder: Path, scale: Scale) -> Figures:
    """How many times the processor time of an event a large plan costs, in groups of 32, the two sizes in turn."""
    places = [Place(folder / "few", 10), Place(folder / "many", scale.many_tasks)]
    spent: list[list[float]] = [[], []]
    for place in places:
        place.plan()
    for _ in range(max(3, scale.rounds // 3)):
        for place, times in zip(places, spent, strict=True):
            group = place.workload.steps(32)
            began = time.process_time()
            place.log.append(group)
            times.append(time.process_time() - began)
    for place in places:
        place.log.close()
    few, many = (statistics.median(times) for times in spent)
    return {"cpu_growth_10_to_10000": many / few, "cpu_us_per_event_10_tasks": few / 32 * 1e6}


def long_history(folder: Path, scale: Scale) -> Figures:
    """The history of one task, and verification, in a long log; bytes after repacking by upkeep alone."""
    place = Place(folder, scale.tasks)
    place.plan()
    for count, group in enumerate(groups(iter(place.workload.steps(scale.commits)), 32)):
        place.log.append(group)
        if count % _TEND_EVERY == _TEND_EVERY - 1:
            place.tend()
    place.tend()
    commits = int(git(place.repository, "rev-list", "--count", "orch-state"))
    weight = place.pack_bytes()
    path = next(path for path, _ in place.log.files(under="runs/R1/tasks"))
    place.log.close()
    command = ["git", "-C", str(place.repository), "log", "--format=%h %s", "orch-state", "--", path]
    return {
        "bytes_per_event_repacked": weight / commits,
        "history_ms": min(_seconds(_printed, command) for _ in range(3)) * 1000,
    }


def verified(folder: Path, scale: Scale) -> Figures:
    """Commits a second that `orch verify` folds and compares."""
    place = Place(folder, scale.tasks)
    place.plan()
    for group in groups(iter(place.workload.steps(scale.verified)), _BULK):
        place.log.append(group)
    git(
        place.repository, "-c", "user.name=a", "-c", "user.email=b", "commit", "--quiet", "--allow-empty", "-m", "first"
    )
    repository = Repository.open(place.repository)
    # The best of three, as where one waits for a whole: what else the machine does can only slow it down.
    seconds = min(_seconds(_proven, repository, place.log) for _ in range(3))
    place.log.close()
    return {"verify_per_s": place.workload.board.seq / seconds}


def measure(scale: Scale, parent: Path | None = None) -> Figures:
    """All figures, by the names under which they are asked for."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-", dir=parent) as name:
        folder = Path(name)
        figures = durable_groups(folder / "g32", scale)
        few = one_at_a_time(folder / "few", scale.tasks, scale.saves)
        many = one_at_a_time(folder / "many", scale.many_tasks, scale.saves)
        figures |= {
            "g1_vs_langgraph_1000": few["ratio"],
            "g1_vs_langgraph_10000": many["ratio"],
            "cold_1000_ms": few["cold_ms"],
            "cold_10000_ms": many["cold_ms"],
            "g1_p50_ms": few["p50_ms"],
        }
        (folder / "cpu").mkdir()
        figures |= cpu_growth(folder / "cpu", scale)
        figures |= verified(folder / "verified", scale)
        figures |= long_history(folder / "long", scale)
    return {name: value if value is None else float(f"{value:.4g}") for name, value in figures.items()}


def _seconds(act: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - began


def _proven(repository: Repository, log: GitLog) -> None:
    if faults := verify(repository, log):
        raise AssertionError(f"the benchmark's own log does not verify: {faults[:3]}")


def _cold_start(repository: Path) -> None:
    log = GitLog.open(repository)
    load_board(log)
    log.close()


def _printed(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _pack_bytes(repository: Path) -> int:
    return sum(path.stat().st_size for path in (repository / ".git" / "objects" / "pack").iterdir())


def main() -> None:
    """Print the figures, a line each or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sample", action="store_true", help="seconds instead of minutes, to see that it works")
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured")
    options = parser.parse_args()
    figures = measure(SAMPLE if options.sample else Scale(), options.folder)
    if options.json:
        sys.stdout.write(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    else:
        for name, value in figures.items():
            sys.stdout.write(f"{name:<28} {'not installed' if value is None else value}\n")


if __name__ == "__main__":
    main()
