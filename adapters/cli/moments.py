"""Moments as they are typed: `R7@1841` is R7 right after event 1841; `3d` and `2026-11-25` are times."""

import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from adapters.cli.errors import refuse
from adapters.wiring import read_log
from bot.replies import history as say
from engine.clock import iso
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from engine.history import History
from engine.recovery import load_board
from engine.store.entry import StoredEntry
from engine.workspace.repository import Repository

_AGE: Final = re.compile(r"([0-9]{1,6})([mhdw])")
_UNIT_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}


class Moment(msgspec.Struct, frozen=True):
    """How things stand, or stood: `entry` is the event it is right after; None is now."""

    board: Blackboard
    entry: StoredEntry | None

    @property
    def commit(self) -> str:
        """What git calls it."""
        return self.entry.commit if self.entry is not None else "orch-state"

    def facts(self) -> dict[str, object]:
        """The moment for programs; nothing when it is now."""
        if self.entry is None:
            return {}
        return {"as_of": {"seq": self.entry.seq, "at": iso(self.entry.at_ms), "commit": self.entry.commit}}


def split_moment(typed: str) -> tuple[str, int | None]:
    """The name, and the number after its @.

    Raises: BadInput when that is no number.
    """
    name, at, number = typed.partition("@")
    if not at:
        return name, None
    if not (number.isascii() and number.isdigit() and len(number) <= 12):
        refuse(say.bad_moment(number[:40]))
    return name, int(number)


def moment_of(root: Path, seq: int | None) -> Moment:
    """The board of the repository right after an event, or now.

    Raises: NotInHistory.
    """
    with closing(read_log(root)) as log:
        entry = None if seq is None else History(Repository.open(root, on_a_branch=False), log).commit_of(seq)
        return Moment(load_board(log, entry), entry)


def commit_with_files(root: Path, moment: Moment, run: RunId) -> str:
    """What git calls a commit in which the run's own files are as they were at the moment: they go when it is put away."""
    if not moment.board.runs[run].sealed_at:
        return moment.commit
    with closing(read_log(root)) as log:
        return History(Repository.open(root, on_a_branch=False), log).before_sealing(run) or moment.commit


def time_of(typed: str, now_ms: int) -> int:
    """Unix milliseconds for a date, a time (UTC unless it says otherwise), or an age.

    Raises: BadInput.
    """
    text = typed.strip()
    if age := _AGE.fullmatch(text):
        return max(0, now_ms - int(age[1]) * _UNIT_MS[age[2]])
    try:
        found = datetime.fromisoformat(text)
        return max(0, int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        refuse(say.bad_since(typed[:40]))
