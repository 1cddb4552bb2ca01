"""What dispatching costs: `python -m tests.bench.dispatch --json`, beside LangGraph and bare asyncio in the same run.

1,000 tasks that do nothing, in a layered graph with durable state on a real state branch. `dispatch_vs_bare_store` divides the
whole by the time that the very same groups of events take when nobody but the store writes them, run by run in turn, each group
straight into git. `dispatch_vs_store_ahead` divides it by what they take behind a write-ahead log, which is how the engine writes:
the rest is what dispatching itself costs.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from engine.clock import SystemClock
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Criterion, RunConfig, Spec
from engine.core.ids import RunId
from engine.core.plan import PlannedTask
from engine.dispatch import Dispatcher
from engine.ledger import Ledger
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.work import Job, Journal, PlanMade, SpecMade, Submitted, WorkOutcome
from tests.bench.peers import asyncio_ms_per_task, langgraph_ms_per_task
from tests.bench.worktrees import worktree_ms_per_task
from tests.fakes.crew import COMMIT, ScriptedCrew

L = TypeVar("L", bound=GitLog)
WIDTH = 40
PARTS = 5
"""Planners that share the graph, as many as a director may ask for."""


class Timings(msgspec.Struct):
    """One dispatched run: seconds in all, seconds from a dependency's landing to its dependent's start, and the groups."""

    seconds: float
    releases_s: list[float]
    groups: list[Sequence[Entry]]


class RecordingLog(GitLog):
    """A GitLog that remembers the groups it was given."""

    groups: list[Sequence[Entry]]

    def append(self, entries: Sequence[Entry]) -> str:
        self.groups.append(tuple(entries))
        return super().append(entries)


class LayeredCrew(ScriptedCrew):
    """Layers of WIDTH tasks; each task waits for its neighbour one layer up, so that no layer is a barrier."""

    def __init__(self, tasks: int) -> None:
        super().__init__(())
        self.tasks = tasks
        self.begun: dict[str, float] = {}

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        if job.task.role == "director":
            domains = tuple(PlannedTask(f"d{n}", f"Part {n}", "planner", priority=9) for n in range(PARTS))
            return SpecMade(Spec("bench"), domains)
        if job.task.role == "planner":
            return PlanMade(self._slice(int(job.task.title.split()[1])))
        if job.task.role == "coder":
            self.begun[job.task.id] = time.perf_counter()
            return Submitted(COMMIT, "done")
        return await super().work(job, journal)

    def _slice(self, number: int) -> tuple[PlannedTask, ...]:
        check = (Criterion("done", "true"),)
        size = self.tasks // PARTS
        found = []
        for place in range(number * size, (number + 1) * size):
            above = place - WIDTH
            waits: tuple[str, ...] = ()
            if above >= number * size:
                waits = (f"k{above}",)
            found.append(PlannedTask(f"k{place}", f"Task {place}", "coder", criteria=check, depends_on=waits))
        return tuple(found)


def new_repository(folder: Path) -> Path:
    """An empty repository in a new folder."""
    path = Path(tempfile.mkdtemp(dir=folder))
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


@contextmanager
def writing(kind: type[L], folder: Path) -> Iterator[L]:
    """A log of its own, written as the engine writes."""
    repository = new_repository(folder)
    with EngineLock(repository, since_ms=0), closing(kind.open(repository)) as log:
        log.write_ahead()
        yield log


async def dispatch(tasks: int, slots: int, folder: Path) -> Timings:
    """Run the layered graph with so many slots."""
    with writing(RecordingLog, folder) as log:
        return await _dispatch(log, tasks, slots)


async def _dispatch(log: RecordingLog, tasks: int, slots: int) -> Timings:
    log.groups = []
    crew = LayeredCrew(tasks)
    ledger = Ledger(log, Blackboard(), SystemClock(), lambda text: text)
    dispatcher = Dispatcher(ledger, crew, crew, crew, SystemClock())
    merged: dict[str, float] = {}
    over = asyncio.Event()

    def see(records: Sequence[e.Record], board: Blackboard) -> None:
        now = time.perf_counter()
        merged.update({r.event.task: now for r in records if isinstance(r.event, e.WorkMerged)})
        if any(run.state in {"completed", "failed"} for run in board.runs.values()):
            over.set()

    ledger.watch(see)
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(ledger.run()), group.create_task(dispatcher.run())]
        run = await _plan(ledger, slots)
        began = time.perf_counter()
        await ledger.submit(c.ResumeRun(run), "cli:bench")
        await over.wait()
        seconds = time.perf_counter() - began
        for part in parts:
            part.cancel()
    board = ledger.board
    assert board.runs[run].state == "completed", board.runs[run]
    releases = [
        crew.begun[task.id] - max(merged[name] for name in task.depends_on)
        for task in board.tasks.values()
        if task.depends_on and task.role == "coder"
    ]
    return Timings(seconds, releases, log.groups)


async def _plan(ledger: Ledger, slots: int) -> RunId:
    """A run that is paused before its director begins."""
    config = RunConfig("none", max_workers=slots)
    answer = await ledger.submit(c.StartRun("bench", "main", COMMIT, config, "cli:bench"), "cli:bench")
    assert not isinstance(answer, c.Refused)
    run = answer[0].event.run
    await ledger.submit(c.PauseRun(run), "cli:bench")
    return run


def bare(groups: Sequence[Sequence[Entry]], folder: Path) -> float:
    """Seconds that git takes for the same groups, one after the other."""
    with closing(GitLog.open(new_repository(folder))) as log:
        return _seconds(log, groups)


def store_ahead(groups: Sequence[Sequence[Entry]], folder: Path) -> float:
    """Seconds that the store takes for them as the engine has it."""
    with writing(GitLog, folder) as log:
        return _seconds(log, groups)


def _seconds(log: GitLog, groups: Sequence[Sequence[Entry]]) -> float:
    began = time.perf_counter()
    for group in groups:
        log.append(group)
    log.publish()
    return time.perf_counter() - began


def fdatasync_ms(folder: Path) -> float:
    """What one durable write costs on this disk, the physical limit of a group."""
    import os

    times = []
    with (folder / "probe").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def measure(tasks: int, rounds: int) -> dict[str, float | None]:
    """All figures of this page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ratios: list[float] = []
        ratios_ahead: list[float] = []
        per_task: dict[int, list[float]] = {5: [], 50: []}
        releases: list[float] = []
        for _ in range(rounds):
            for slots, found in per_task.items():
                timings = asyncio.run(dispatch(tasks, slots, folder))
                ratios.append(timings.seconds / bare(timings.groups, folder))
                ratios_ahead.append(timings.seconds / store_ahead(timings.groups, folder))
                found.append(timings.seconds / tasks * 1000)
                if slots > WIDTH:
                    releases += timings.releases_s
        return {
            "tasks": tasks,
            "dispatch_vs_bare_store": round(statistics.median(ratios), 3),
            "dispatch_vs_store_ahead": round(statistics.median(ratios_ahead), 3),
            "per_task_ms_5": round(statistics.median(per_task[5]), 3),
            "per_task_ms_50": round(statistics.median(per_task[50]), 3),
            "release_p50_ms": round(statistics.median(releases) * 1000, 3),
            "per_task_worktree_ms": round(worktree_ms_per_task(folder), 3),
            "langgraph_per_task_ms": langgraph_ms_per_task(tasks, folder),
            "asyncio_per_task_ms": round(asyncio_ms_per_task(tasks), 4),
            "fdatasync_p50_ms": round(fdatasync_ms(folder), 3),
        }


def main() -> None:
    """Print the figures, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = measure(options.tasks, options.rounds)
    if options.json:
        print(json.dumps(figures))  # noqa: T201 - a program of its own
    else:
        for name, value in figures.items():
            print(f"{name:<26} {'not installed' if value is None else value}")  # noqa: T201 - a program of its own


if __name__ == "__main__":
    main()
