"""Two engines that go on apart from one run, and their histories put together."""

import shutil
from contextlib import closing
from pathlib import Path

from engine.core import commands as c
from engine.core.blackboard import Blackboard, fold
from engine.core.entities import RunConfig
from engine.recovery import load_board
from engine.store.gitlog import GitLog
from engine.sync import Place, Sync, SyncFailed
from engine.union import United, unite
from engine.verify import verify
from engine.workspace.repository import Repository
from tests.engine.proven import ProvenRun
from tests.engine.store.test_store_machine import record_of
from tests.engine.workspace.target import git
from tests.fakes.board_view import facts

NOW_MS = 1_780_000_000_000


class Clone(ProvenRun):
    """The same run as another engine has it, in a repository of its own."""

    def __init__(self, of: ProvenRun, folder: Path) -> None:
        shutil.copytree(of.repository.path, folder)
        self.repository = Repository.open(folder)
        self.log, self.now_ms, self.given, self.edit = GitLog.open(folder), of.now_ms + 500_000, [], of.edit
        self.board = load_board(self.log)


def clone(ours: ProvenRun, folder: Path) -> Clone:
    """An engine that goes on from here, and publishes first."""
    found = Clone(ours, folder)
    git(ours.repository.path, "remote", "add", "origin", str(found.repository.path))
    return found


def put_together(ours: ProvenRun, kind: type[Sync] = Sync, remote: str = "origin") -> United:
    """What `orch sync` does before it pushes."""
    both = kind(ours.repository, Place(remote))
    tip = both.fetch()
    assert tip is not None
    assert both.relation(tip) == "apart"
    with closing(GitLog.open(ours.repository.path)) as log:
        told = list(log.entries(after=both.fork(tip)))
        with closing(GitLog.open(ours.repository.path, ref=both.begin_union(tip))) as union:
            united = unite(load_board(union), told, lambda path, at: log.read(path, at=at), NOW_MS)
            union.append(united.entries)
    both.end_union()
    assert both.relation(tip) == "ahead"
    return united


class Killed(Sync):
    """A union that is killed when the refs of our epochs are moved, and the branch is not."""

    def take_over(self, theirs: str) -> None:
        raise SyncFailed("killed")


def another(run: ProvenRun, objective: str, *, epoch: bool = False) -> None:
    """A further run, perhaps in a new epoch."""
    if epoch:
        run.log.begin_epoch()
    base = run.repository.branch_tip("main")
    run.give(c.StartRun(objective, "main", base, RunConfig("pilot"), "cli:ada"), "cli:ada")


def board(run: ProvenRun) -> Blackboard:
    with closing(GitLog.open(run.repository.path)) as log:
        folded = fold(map(record_of, log.entries()))
        assert facts(load_board(log)) == facts(folded)
        return folded


def proven(run: ProvenRun) -> str:
    with closing(GitLog.open(run.repository.path)) as log:
        return "\n".join(f"{fault.where}: {fault.problem}" for fault in verify(run.repository, log))
