"""What came of the demo, seen from git and the tests alone, and how it is told. Must not ask the engine."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from adapters.wiring import read_board, read_log
from engine.cell.sandbox import CellFactory, probe
from engine.cell.types import CellSpec, CommandResult
from engine.core.blackboard import Blackboard
from engine.core.entities import Task
from engine.core.ids import RunId
from engine.store.gitlog import GitLog
from engine.verify import Fault, verify
from engine.workspace.repository import Repository


class Outcome(msgspec.Struct, frozen=True):
    """How it stands: `tests` is the last line of the tests on main, `story` the log of the task that tells most."""

    folder: str
    run: str
    state: str
    tree: str
    tests_exit_code: int
    tests: str
    landed: int
    retries: int
    merged_red: int
    decisions: int
    events: int
    faults: tuple[Fault, ...]
    leftovers: tuple[str, ...]
    story_of: str
    story: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether the demo showed what it promises."""
        return self.state == "completed" and self.tests_exit_code == 0 and not self.faults and not self.leftovers


async def look_back(folder: Path, run: RunId) -> Outcome:
    """The outcome of the run: tests run again on main, receipts verified, leftovers looked for."""
    repository = Repository.open(folder)
    board = read_board(folder)
    result = await _tests(repository, board, run)
    log = read_log(folder)
    try:
        faults = verify(repository, log)
        tasks = board.run_tasks(run)
        teller = _most_telling(tasks)
        return Outcome(
            folder=str(folder), run=run, state=board.runs[run].state, tree=repository.tree_of(repository.branch_tip("main")),
            tests_exit_code=result.exit_code, tests=(result.output.strip().splitlines() or [""])[-1],
            landed=board.runs[run].landed, retries=sum(max(0, len(task.attempts) - 1) for task in tasks),
            merged_red=_failures(tasks).count("merged_red"), decisions=len(board.decisions), events=board.seq, faults=faults,
            leftovers=tuple(_leftovers(repository)), story_of=teller.id, story=tuple(_story(log, teller)),
        )  # fmt: skip
    finally:
        log.close()


def tell(outcome: Outcome, folder: Path, seconds: float) -> Iterator[str]:
    """The outcome, line by line."""
    yield f"\nThe story of {outcome.story_of}, as git tells it"
    yield f"  git log --reverse --format=%s --grep='^Orch-Task: {outcome.story_of}$' orch-state"
    yield from (f"    {line}" for line in outcome.story)
    green = "green" if outcome.tests_exit_code == 0 else "RED"
    yield f"\nThe run is {outcome.state}: {outcome.landed} tasks landed, {outcome.retries} retries, of which"
    yield f"{outcome.merged_red} because the merged tree was red; {outcome.decisions} decision by a person."
    yield f"The tests on main are {green} ({outcome.tests})."
    if outcome.faults:
        yield from (f"orch verify: {fault.where}: {fault.problem}" for fault in outcome.faults)
    else:
        yield f"orch verify: every receipt holds, and the {outcome.events} events are as they were written."
    yield from (f"left behind: {name}" for name in outcome.leftovers)
    yield f"\nIt took {seconds:.0f} s. The repository lies in {folder}. Look at it:"
    yield f"  git -C {folder} log --graph --oneline main     what landed"
    yield f"  git -C {folder} log --oneline orch-state       everything that happened"
    orch = "orch" if shutil.which("orch") else sys.argv[0]
    yield f"  {orch} show --repo {folder}        the run, its tasks and decisions"
    yield f"  {orch} verify --repo {folder}      the proof, from git alone"


async def _tests(repository: Repository, board: Blackboard, run: RunId) -> CommandResult:
    level = probe()
    cell = await CellFactory(level).open(
        CellSpec(worktree=repository.path, private_gitdir=None, repository=repository.path, hidden=())
    )
    try:
        gate = board.runs[run].gates[0]
        return await cell.run(gate.run, timeout_s=gate.timeout_s)
    finally:
        await cell.close()


def _most_telling(tasks: list[Task]) -> Task:
    return max(tasks, key=lambda task: ("merged_red" in _failures([task]), len(task.attempts)))


def _failures(tasks: list[Task]) -> list[str]:
    return [attempt.failure for task in tasks for attempt in task.attempts]


def _story(log: GitLog, task: Task) -> Iterator[str]:
    return (entry.subject for entry in log.entries() if dict(entry.trailers).get("Orch-Task") == task.id)


def _leftovers(repository: Repository) -> Iterator[str]:
    yield from (f"branch {name}" for name in repository.branches("orch/"))
    yield from (f"worktree {checkout.path}" for checkout in repository.checkouts() if checkout.path != repository.path)
