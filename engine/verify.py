"""Verifies a repository's runs from git alone: the state branch event by event, then every receipt. Must only read."""

from engine.ports import Log
from engine.proofs import Fault, Proofs, without_receipt
from engine.replay import Replay
from engine.retold import Retold
from engine.workspace.repository import Repository

__all__ = ["Fault", "verify"]


def verify(repository: Repository, log: Log, *, only_tip: bool = False) -> tuple[Fault, ...]:
    """Everything that is not as an honest engine leaves it, in the order of the log; empty when all is proven.

    After a commit that can't be read or an impossible step, the rest of the log can't be judged and is not. With `only_tip` every
    event is folded, but only the newest commit is compared with the outcome: enough to trust what the branch says now.
    """
    replay = Replay(repository.handle(), only_tip=only_tip)
    faults = [fault for step in replay.steps(log) for fault in step.faults]
    retold = Retold(repository.handle(), log, replay.places)
    faults += retold.check(replay.of_others)
    proofs = Proofs(repository, replay.board, retold.places)
    for landing in replay.landings:
        faults += proofs.of_landing(landing, retold.names(landing.commit, (landing.event.run, landing.event.task)))
    faults += without_receipt(replay.board.tasks)
    faults += proofs.of_carried(replay.board.tasks)
    for run in replay.board.runs.values():
        faults += proofs.of_run(run)
    faults += proofs.of_branches()
    return tuple(faults)
