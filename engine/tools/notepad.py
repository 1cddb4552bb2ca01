"""Where an attempt puts what others should know, until the next turn is written down; must not reach the state branch itself."""

from __future__ import annotations

import msgspec

from engine.core import limits
from engine.core.entities import Nudge


class InsightNote(msgspec.Struct, frozen=True, tag="insight"):
    """Something learnt that others should know."""

    summary: str
    topics: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class DesignNote(msgspec.Struct, frozen=True, tag="design"):
    """A question of design that was settled."""

    area: str
    summary: str
    reason: str = ""
    applies_to: tuple[str, ...] = ()


class WatchNote(msgspec.Struct, frozen=True, tag="watch"):
    """What the guardian saw."""

    nudge: Nudge


Note = InsightNote | DesignNote | WatchNote


class Notepad:
    """Holds the notes of one conversation; refuses what is too much, or said already."""

    def __init__(self) -> None:
        self._seen: list[InsightNote | DesignNote] = []
        self._waiting: list[Note] = []

    def put(self, note: WatchNote) -> None:
        """Take what the guardian saw; its looks are bounded by the turns."""
        self._waiting.append(note)

    def add(self, note: InsightNote | DesignNote) -> str:
        """Why the note was refused; empty when it was taken."""
        if any(type(each) is type(note) and each.summary == note.summary for each in self._seen):
            return "you have said so already"
        if sum(type(each) is type(note) for each in self._seen) >= limits.MAX_NOTES_PER_ATTEMPT:
            return f"an attempt may post {limits.MAX_NOTES_PER_ATTEMPT} of them, and you have"
        self._seen.append(note)
        self._waiting.append(note)
        return ""

    def take(self) -> tuple[Note, ...]:
        """The notes that nobody has taken yet."""
        taken, self._waiting = tuple(self._waiting), []
        return taken
