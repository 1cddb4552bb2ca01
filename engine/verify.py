"""Verifies a repository's runs from git alone: the state branch event by event, then every receipt. Must only read."""

from collections.abc import Callable, Iterator

import pygit2

from engine.ports import Log
from engine.proofs import Fault, Proofs, without_receipt
from engine.replay import Replay
from engine.retold import Retold
from engine.store.lock import EngineLock
from engine.workspace.git import GitError
from engine.workspace.repository import Repository

__all__ = ["Fault", "verify"]


def verify(
    repository: Repository, log: Log, *, only_tip: bool = False, tell: Callable[[int], None] | None = None
) -> tuple[Fault, ...]:
    """Everything that is not as an honest engine leaves it, in the order of the log; empty when all is proven.

    After a commit that can't be read or an impossible step, the rest of the log can't be judged and is not. With `only_tip` every
    event is folded, but only the newest commit is compared with the outcome: enough to trust what the branch says now.
    `tell` is called with the number of each event once it is folded.
    """
    return tuple(_faults(repository, log, only_tip, tell))


def _faults(repository: Repository, log: Log, only_tip: bool, tell: Callable[[int], None] | None) -> Iterator[Fault]:
    # Asked before the log is read: what an engine has prepared until then it may record meanwhile, and then end.
    is_at_work, tips = EngineLock.holder(repository.git_dir) is not None, repository.branches("")
    try:
        replay = Replay(repository.handle(), only_tip=only_tip)
        found: list[Fault] = []
        for step in replay.steps(log):
            found += step.faults
            if tell is not None and step.entry is not None:
                tell(step.entry.seq)
        yield from found
        retold = Retold(repository.handle(), log, replay.places)
        yield from retold.check(replay.of_others)
        proofs = Proofs(repository, replay.board, retold.places)
        for landing in replay.landings:
            names = landing.event.run, landing.event.task
            yield from proofs.of_landing(landing, retold.names(landing.commit, names))
        yield from without_receipt(replay.board.tasks)
        yield from proofs.of_carried(replay.board.tasks)
        for run in replay.board.runs.values():
            yield from proofs.of_run(run)
        recorded = {landing.event.receipt.commit for landing in replay.landings}
        if not found and not replay.board.runs:
            yield from proofs.of_lost_branch()
        yield from proofs.of_branches(recorded, tips, is_at_work=is_at_work)
    except (pygit2.GitError, GitError) as error:
        yield Fault(f"git can't read on: {error}; nothing more was verified; `git fsck --full` names all that is lost")
