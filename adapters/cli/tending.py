"""Looks after a state branch from the command line, whether or not an engine runs."""

from contextlib import closing
from pathlib import Path

import msgspec

from adapters.cli import output
from adapters.cli.folder import root_of
from adapters.wiring import read_log, read_settings
from bot.replies import upkeep as say
from engine.caretaker import due_for_sealing
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core.ids import RunId
from engine.ledger import ENGINE, carry_out
from engine.recovery import load_board
from engine.store.entry import Entry
from engine.store.errors import EngineRunning
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock


def upkeep(repo: Path, as_json: bool) -> None:
    """Seal what is due (unless an engine holds the repository), tend the branch, and print what came of it."""
    root = root_of(repo)
    settings = read_settings(root)
    with closing(read_log(root, settings.epoch_bytes)) as log:
        sealed = _seal_without_engine(root, log, settings.keep_logs_days)
        tended = log.tend()
        sizes = log.upkeep.sizes()
    if as_json:
        output.say_json({"sealed": sealed, "tended": msgspec.to_builtins(tended), "sizes": msgspec.to_builtins(sizes)})
        return
    if sealed is None:
        output.say(say.engine_is_running())
    output.say(say.tended(len(sealed or ()), tended.packs_before, tended.packs_after))
    if tended.is_epoch_full:
        output.say(say.epoch_is_full(settings.epoch_bytes))
    output.say(say.sizes(sizes.branch_bytes, sizes.pack_bytes, sizes.packs, sizes.epochs))


def _seal_without_engine(root: Path, log: GitLog, keep_logs_days: float) -> list[RunId] | None:
    """The runs that were sealed; None when a running engine holds the repository."""
    clock = SystemClock()
    try:
        with EngineLock(root, since_ms=clock.now_ms()):
            log.clean_leftovers()
            board = load_board(log)
            due = due_for_sealing(board, clock.now_ms(), keep_logs_days)
            entries: list[Entry] = []
            for run in due:
                carry_out(board, c.SealRun(run), ENGINE, {}, clock.now_ms(), entries)
            if entries:
                log.append(entries)
            return due
    except EngineRunning:
        return None
