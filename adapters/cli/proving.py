"""Proof from git alone: every event and every receipt of the repository, checked again."""

from pathlib import Path
from typing import Final

from adapters.cli import output
from adapters.cli.folder import root_of, tell_of_clone
from adapters.wiring import read_board, read_log
from bot.replies import proof as say
from engine.verify import verify as find_faults
from engine.workspace.repository import Repository

EVENTS_A_WORD: Final = 500
"""About twenty words a second."""


def verify(repo: Path, only_tip: bool, as_json: bool) -> int:
    """0 when all is proven, 1 when something is not; what and where is printed."""
    root = root_of(repo)
    log = read_log(root)
    try:
        faults = find_faults(Repository.open(root, on_a_branch=False), log, only_tip=only_tip, tell=_tell)
    finally:
        output.overwrite("")
        log.close()
    if as_json:
        output.say_json({"proven": not faults, "faults": faults})
    elif faults:
        for fault in faults:
            output.say(say.fault(fault.where, fault.problem))
        output.say(say.not_proven(len(faults)))
    else:
        board = read_board(root)
        receipts = sum(1 for task in board.tasks.values() if task.receipt is not None and task.state == "complete")
        output.say(say.proven(board.seq, receipts, only_tip))
        tell_of_clone(root, board)
    return 1 if faults else 0


def _tell(seq: int) -> None:
    if seq % EVENTS_A_WORD == 0:
        output.overwrite(say.verified_so_far(seq))
