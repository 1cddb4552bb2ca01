"""Tasks with real worktrees, commits and landings, without gates or models, in a repository of 100 files."""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from engine.cell.sandbox import CellFactory
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.dispatch import Dispatcher
from engine.gauge import Gauge
from engine.landing import LocalLander
from engine.ledger import Ledger
from engine.options import Options
from engine.redaction import Redactor
from engine.site import Sites
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.work import Failed, Job, Journal, Proven, Submitted, WorkOutcome
from engine.workspace.commit import commit_worktree
from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository
from tests.fakes.crew import ScriptedCrew, planned

TASKS = 100
SLOTS = 5


class CommittingCrew(ScriptedCrew):
    """Writes one file in a real worktree and commits it; everything else does nothing."""

    def __init__(self, repository: Repository, pool: WorktreePool) -> None:
        super().__init__(tuple(planned(f"x{number}") for number in range(TASKS)))
        self._repository = repository
        self._pool = pool

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        if job.task.role != "coder":
            return await super().work(job, journal)
        return Submitted(await asyncio.to_thread(self._commit, job), "done")

    def _commit(self, job: Job) -> str:
        worktree = self._pool.take(job.base)
        try:
            (worktree.path / f"new-{job.task.id}.txt").write_text("done\n")
            committed = commit_worktree(
                self._repository, worktree, parents=[job.base], message=job.task.title,
                author=("coder", "c@orch.invalid"), find=Redactor().found,
            )  # fmt: skip
            with committed as commit:
                assert commit is not None
                self._repository.set_branch(f"orch/{job.label}", commit)
                return commit
        finally:
            self._pool.give_back(worktree)


class UncheckedLander(LocalLander):
    """Merges and moves, and has nothing to run on the merged tree: the crew's plan has checks because a plan needs them."""

    async def prove(self, job: Job, commit: str) -> Proven | Failed:
        return await super().prove(
            msgspec.structs.replace(job, task=msgspec.structs.replace(job.task, criteria=())), commit
        )


def make_repository(folder: Path) -> Repository:
    """A repository of 100 files with one commit, `main` not checked out."""
    path = Path(tempfile.mkdtemp(dir=folder))
    for number in range(100):
        file = path / f"package{number % 10}" / f"module{number}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"VALUE = {number}\n" * 40)
    git = ["git", "-C", str(path), "-c", "user.name=b", "-c", "user.email=b@orch.invalid"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    return Repository.open(path)


def worktree_ms_per_task(folder: Path) -> float:
    """Milliseconds a task, from the planning to the end of the run."""
    repository = make_repository(folder)
    with EngineLock(repository.path, since_ms=0), closing(GitLog.open(repository.path)) as log:
        log.write_ahead()
        return asyncio.run(_run(repository, log))


async def _run(repository: Repository, log: GitLog) -> float:
    pool = WorktreePool(repository, repository.git_dir / "orch" / "work")
    options = Options(model="none")
    sites = Sites(repository, pool, CellFactory("none"), options, Redactor())
    crew = CommittingCrew(repository, pool)
    lander = UncheckedLander(sites, Gauge(sites, options), log, redact=lambda text: text)
    ledger = Ledger(log, Blackboard(), SystemClock(), lambda text: text)
    dispatcher = Dispatcher(ledger, crew, crew, lander, SystemClock())
    over = asyncio.Event()

    def see(_: Sequence[e.Record], board: Blackboard) -> None:
        if any(run.state in {"completed", "failed"} for run in board.runs.values()):
            over.set()

    ledger.watch(see)
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(ledger.run()), group.create_task(dispatcher.run())]
        began = time.perf_counter()
        config = RunConfig("none", max_workers=SLOTS)
        base = repository.branch_tip("main")
        await ledger.submit(c.StartRun("bench", "main", base, config, "cli:bench"), "cli:bench")
        await over.wait()
        seconds = time.perf_counter() - began
        for part in parts:
            part.cancel()
    assert all(run.landed == TASKS for run in ledger.board.runs.values())
    pool.close()
    return seconds / TASKS * 1000
