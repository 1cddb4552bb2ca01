"""What the engine needs of the outside, as small protocols: a clock, a log, a search. Must not import an implementation."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from engine.store.entry import Entry, StoredEntry


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards, from an arbitrary start."""
        ...


class Log(Protocol):
    """The state branch, or its twin in memory. All calls block; the engine makes them in a thread."""

    def tip(self) -> str | None:
        """The newest commit, None before the first."""
        ...

    def append(self, entries: Sequence[Entry]) -> str:
        """Make the entries durable, all or none, and return the new tip.

        Raises: LogMovedOn when somebody else wrote; AppendFailed when the disk did not take it.
        """
        ...

    @property
    def unpublished(self) -> int:
        """How many appends are durable while only this log, or the next one here, shows them; reading publishes them too."""
        ...

    def publish(self) -> None:
        """Let everybody see, with git alone, what is durable.

        Raises: LogMovedOn, AppendFailed; nothing that was durable is lost.
        """
        ...

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """A file of the branch, None when there is none."""
        ...

    def files(self, *, at: str | None = None, under: str = "", suffix: str = "") -> Iterator[tuple[str, bytes]]:
        """Files of the branch with their paths, without conversation logs unless `under` leads there."""
        ...

    def entries(self, *, after: str | None = None, until: str | None = None) -> Iterator[StoredEntry]:
        """The commits of the branch, oldest first.

        Raises: BrokenLog naming the commit that is not as the engine writes them.
        """
        ...

    def events(self) -> Iterator[tuple[str, str]]:
        """Commit and event of each entry of the present epoch, newest first; nothing else of them is checked.

        Raises: BrokenLog when the epoch does not begin as this version reads it.
        """
        ...

    def last(self) -> StoredEntry | None:
        """The newest entry, None before the first.

        Raises: BrokenLog.
        """
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class Hit(msgspec.Struct, frozen=True):
    """A page that a search found; all of it is a stranger's text."""

    title: str
    url: str
    excerpt: str


class SearchFailed(Exception):
    """A search had no answer; the message says why."""


class Search(Protocol):
    """The web, by a search service."""

    async def search(self, query: str, max_hits: int) -> tuple[Hit, ...]:
        """Pages about the query, best first.

        Raises: SearchFailed.
        """
        ...
