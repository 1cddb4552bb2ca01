"""Reads the state branch for the console: conversations page by page, diffs. Blocks in a thread, never on the loop; writes nothing."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from adapters.wiring import read_log
from bot.conversations import Unwritten, nothing_unwritten
from engine.agent.outcome import Turn
from engine.core.entities import Attempt, Task
from engine.core.ids import attempt_label
from engine.ports import Log
from engine.store.layout import attempt_folder

Speaker = Literal["work", "review"]
_PREFIX: Final[dict[Speaker, str]] = {"work": "", "review": "review-"}


class ToldTurn(msgspec.Struct, frozen=True):
    """One turn of a conversation, and who held it: the worker, or the strategist in review."""

    speaker: Speaker
    turn: Turn


class TurnPage(msgspec.Struct, frozen=True):
    """Some turns in order; those at the end may come again, once they are written. `next` is the cursor of the page after, None at the end so far; `again` is where to look for more
    while the attempt goes on.
    """

    items: tuple[ToldTurn, ...]
    next: str | None
    again: str


class DiffView(msgspec.Struct, frozen=True):
    """What an attempt changed, as a unified diff; empty `commit` when it never submitted."""

    attempt: int
    base: str
    commit: str
    diff: str


class History:
    """The state branch of one repository, for reading."""

    def __init__(
        self, log: Log, unwritten: Unwritten = nothing_unwritten, publish: Callable[[], None] = lambda: None
    ) -> None:
        self._log = log
        self._unwritten = unwritten
        self._publish = publish
        # libgit2's handles are not made for two threads at once.
        self._one_at_a_time = threading.Lock()

    @classmethod
    def open(cls, repository: Path, unwritten: Unwritten, publish: Callable[[], None]) -> "History":
        """The history of the repository; close it. `publish` lets git show what the engine has recorded.

        Raises: as adapters.wiring.read_log.
        """
        return cls(read_log(repository), unwritten, publish)

    def close(self) -> None:
        """Let go of the files."""
        with self._one_at_a_time:
            self._log.close()

    async def turns(self, task: Task, attempt: int, cursor: str) -> TurnPage:
        """The page of the attempt's conversation at the cursor, empty when nothing is there (yet)."""
        return await asyncio.to_thread(self._turns, task, attempt, cursor)

    async def diff(self, attempt: Attempt) -> DiffView | None:
        """What the attempt changed, None when it kept no diff."""
        kept = next((ref.path for ref in attempt.evidence if ref.path.endswith("/diff.patch")), None)
        content = None if kept is None else await asyncio.to_thread(self._read, kept)
        if content is None:
            return None
        return DiffView(attempt.number, attempt.base, attempt.commit, content.decode("utf-8", "replace"))

    def _read(self, path: str) -> bytes | None:
        self._publish()
        with self._one_at_a_time:
            return self._log.read(path)

    def _batch(self, task: Task, attempt: int, speaker: Speaker, number: int) -> bytes | None:
        folder = attempt_folder(task.run, task.id, attempt)
        return self._read(f"{folder}/{_PREFIX[speaker]}{number:04d}.jsonl")

    def _turns(self, task: Task, attempt: int, cursor: str) -> TurnPage:
        speaker: Speaker = "review" if cursor.startswith("review") else "work"
        number = int(cursor.rpartition("-")[2])
        # Asked for first: what is written before the log is read is then in it.
        lines = self._unwritten(_label(task, attempt, speaker))
        content = self._batch(task, attempt, speaker, number)
        if content is None and speaker == "work":
            # The worker's conversation ends here; the review's may have begun.
            is_reviewed = self._goes_on(task, attempt, speaker, number)
            return TurnPage(_told(speaker, lines), "review-1" if is_reviewed else None, f"work-{number}")
        if content is None:
            return TurnPage(_told(speaker, lines), None, cursor)
        turns = _told(speaker, content.split(b"\n"))
        after = f"{speaker}-{number + 1}"
        return TurnPage(turns, after if self._goes_on(task, attempt, speaker, number + 1) else None, after)

    def _goes_on(self, task: Task, attempt: int, speaker: Speaker, number: int) -> bool:
        if self._batch(task, attempt, speaker, number) is not None:
            return True
        if speaker == "review":
            return False
        return (
            bool(self._unwritten(_label(task, attempt, "review")))
            or self._batch(task, attempt, "review", 1) is not None
        )


def _label(task: Task, attempt: int, speaker: Speaker) -> str:
    return attempt_label(task.run, task.id, attempt, "" if speaker == "work" else speaker)


def _told(speaker: Speaker, lines: Sequence[bytes]) -> tuple[ToldTurn, ...]:
    return tuple(ToldTurn(speaker, msgspec.json.decode(line, type=Turn)) for line in lines if line.strip())
