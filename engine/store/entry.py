"""What goes onto the state branch and what comes back; must not know what the events mean."""

from collections.abc import Mapping

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event to append: it becomes one commit."""

    seq: int
    """Its place in the log: the one before plus one, the first is 1."""
    at_ms: int
    """When it happened, in unix milliseconds, UTC. Git keeps whole seconds."""
    committed_at_ms: int = 0
    """When it was written here, where that is later; the commit keeps both times."""
    subject: str
    author: str
    author_email: str
    trailers: tuple[tuple[str, str], ...] = ()
    """For machines, in this order, as in `(("Orch-Run", "R7"), ("Orch-Task", "T12"))`."""
    event: str
    """One line of ASCII JSON."""
    files: Mapping[str, bytes | None]
    """The files that change: path to new content; `None` deletes, a folder with everything in it. In this order."""


class StoredEntry(msgspec.Struct, frozen=True):
    """One event as read back from its commit."""

    commit: str
    tree: str
    seq: int
    at_ms: int
    """Unix milliseconds, UTC, in whole seconds: the exact time is the event's own."""
    subject: str
    author: str
    trailers: tuple[tuple[str, str], ...]
    """As appended, without `Orch-Seq` and `Orch-Event`."""
    event: str
    parents: tuple[str, ...]
    committed_at_ms: int = 0
    """When it was written; 0 where the commit's committer is not an engine."""
