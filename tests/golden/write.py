"""Writes the golden logs of the core's stories: `python -m tests.golden.write [--force]`. Must not change a written one.

A written log stands for the logs in other people's repositories, which no new version may read differently. So an existing
one is left alone, unless `--force` says that no version with it was ever released.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.core.blackboard import Blackboard
from engine.core.events import Record
from engine.core.subjects import subject
from tests.fakes.board_view import facts
from tests.golden.core_stories import STORIES

LOGS: Final = Path(__file__).parent / "logs"
_json: Final = msgspec.json.Encoder(order="deterministic")


def replay(records: Sequence[Record]) -> tuple[str, str]:
    """The final board as `.board.json` holds it, and the subjects as `.subjects.txt` holds them."""
    board, lines = Blackboard(), []
    for record in records:
        name = getattr(record.event, "task", None)
        before = board.tasks.get(name) if name else None
        board.apply(record)
        lines.append(subject(record, before, board))
    return board_text(board), "".join(f"{line}\n" for line in lines)


def board_text(board: Blackboard) -> str:
    """The board as indented JSON, and a digest of it, so that a difference is seen at once and then found."""
    whole = _json.encode(facts(board))
    digest = hashlib.sha256(whole).hexdigest()
    return msgspec.json.format(_json.encode({"board": msgspec.Raw(whole), "sha256": digest}), indent=1).decode() + "\n"


def write(folder: Path, *, force: bool = False) -> list[Path]:
    """The files written; a story whose log is there is passed over unless forced."""
    written = []
    for name, story in STORIES.items():
        log = folder / f"{name}.jsonl"
        if log.exists() and not force:
            continue
        records = story().records
        board, subjects = replay(records)
        log.write_bytes(b"".join(_json.encode(record) + b"\n" for record in records))
        log.with_suffix(".board.json").write_text(board, "utf-8")
        log.with_suffix(".subjects.txt").write_text(subjects, "utf-8")
        written.append(log)
    return written


def main() -> int:
    """0 when everything was written, 1 when a log was there already."""
    parser = argparse.ArgumentParser(description="Write the golden logs of the core.")
    parser.add_argument("--force", action="store_true", help="replace logs that exist (never after a release)")
    written = write(LOGS, force=parser.parse_args().force)
    kept = len(STORIES) - len(written)
    sys.stdout.write(f"{len(written)} written, {kept} kept as they are\n")
    return 1 if kept else 0


if __name__ == "__main__":
    raise SystemExit(main())
