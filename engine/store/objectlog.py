"""A log made of git objects, wherever they lie: what GitLog and MemoryLog have in common. Must not do I/O of its own."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from engine.store.commits import (
    EVENT,
    FORMAT,
    PREVIOUS_EPOCH,
    Parts,
    decode_commit,
    event_of,
    parents_of,
    sequence_number,
    stored_entry,
)
from engine.store.draft import Draft
from engine.store.entry import Entry, StoredEntry
from engine.store.errors import BrokenLog, LostObject
from engine.store.guide import FORMAT_NUMBER
from engine.store.objects import ObjectSink, ObjectSource
from engine.store.trees import find, walk

_LOGS: Final = "logs"


class ObjectLog(ABC):
    """Appends to one ref and reads from it. Calls block; any thread may make them, appends go one after the other."""

    def __init__(self, source: ObjectSource, ref: str) -> None:
        self.ref = ref
        self._source = source
        self._left_at = self.tip()
        self._draft: Draft | None = None
        self._appending = threading.Lock()
        self._is_epoch_due = False

    @abstractmethod
    def tip(self) -> str | None:
        """The newest commit of the branch, whoever wrote it; None before the first."""

    def begin_epoch(self) -> None:
        """Let the next append go on from a new root; what is there until now is kept under `refs/orch/epoch/`."""
        with self._appending:
            self._is_epoch_due = self._left_at is not None

    @property
    def unpublished(self) -> int:
        """How many appends are durable and not on the branch yet; `publish` puts them there."""
        return 0

    def publish(self) -> None:  # noqa: B027 - a log without anything unpublished has nothing to do
        """Let the branch show all that is durable.

        Raises: LogMovedOn, AppendFailed; then it stays durable beside the branch.
        """

    @abstractmethod
    def _store(self, draft: Draft, entries: Sequence[Entry], old: str | None) -> str:
        """Add the entries to the draft, which is at `old`, make it durable, and return its tip.

        Raises: LogMovedOn when somebody else moved the branch.
        """

    def _begin(self) -> Draft:
        """What the log was left at, to go on from."""
        return Draft(self._source, self._left_at)

    def append(self, entries: Sequence[Entry]) -> str:
        """Make the entries durable, all or none, in this order, and return the new tip.

        Raises: LogMovedOn, AppendFailed (then nothing happened); ValueError for an entry that is out of sequence or
        holds what the branch cannot.
        """
        if not entries:
            raise ValueError("there is nothing to append")
        with self._appending:
            # An error leaves no draft behind, so that the next append starts from what is really there.
            draft, self._draft = self._draft or self._begin(), None
            self._left_at = self._store(draft, entries, self._left_at)
            self._is_epoch_due = False
            self._draft = draft
            return self._left_at

    def _fill(self, draft: Draft, entries: Sequence[Entry], sink: ObjectSink) -> None:
        """Add the entries to the draft, above a new root if one is due."""
        if self._is_epoch_due:
            draft.begin_epoch(entries[0].at_ms, sink)
        for entry in entries:
            draft.add(entry, sink)

    def read(self, path: str, *, at: str | None = None) -> bytes | None:
        """The file at `path` in commit `at` (default: the tip), None when there is none.

        Raises: BrokenLog when there is no such commit, or an object of it is lost.
        """
        commit = at or self.tip()
        if commit is None:
            return None
        with _naming(commit):
            found = self._find(commit, path)
            return None if found is None or found[1] else self._source.read(found[0])

    def files(self, *, at: str | None = None, under: str = "", suffix: str = "") -> Iterator[tuple[str, bytes]]:
        """Path and content of the files of commit `at` (default: the tip), in git's order.

        `under` is a folder; `suffix` is how a path ends. Folders named `logs` are left out, unless `under` leads into one.

        Raises: BrokenLog when there is no such commit, or an object of it is lost.
        """
        commit = at or self.tip()
        if commit is None:
            return
        skip = frozenset() if _LOGS in under.split("/") else frozenset((_LOGS,))
        with _naming(commit):
            found = self._find(commit, under)
            if found is None or not found[1]:
                return
            for path, blob in walk(self._source, found[0], f"{under}/" if under else "", skip):
                if path.endswith(suffix):
                    yield path, self._source.read(blob)

    def entries(self, *, after: str | None = None, until: str | None = None) -> Iterator[StoredEntry]:
        """The entries above commit `after` (default: all) up to and with commit `until` (default: the tip), oldest first.

        Raises: BrokenLog naming the commit that is not what an engine writes: no event or two, or out of sequence.
        """
        until = until or self.tip()
        if until is None or until == after:
            return
        chain = self._chain(after, until)
        below = self._parts(commit := chain.pop())
        seq = sequence_number(commit, below)
        while chain:
            commit = chain.pop()
            parts = self._parts(commit)
            if not parts.parents:
                _check_epoch(commit, parts, below, seq)
            else:
                entry = stored_entry(commit, parts)
                if entry.seq != seq + 1:
                    raise BrokenLog(commit, f"it is number {entry.seq}, but follows number {seq}")
                yield entry
                seq = entry.seq
            below = parts

    def events(self) -> Iterator[tuple[str, str]]:
        """Commit and event of each entry of the present epoch, newest first: quicker than `entries`, which checks them too.

        Raises: BrokenLog when the epoch does not begin as this version reads it.
        """
        commit = self.tip()
        while commit is not None:
            try:
                content = self._commit(commit)
            except BrokenLog:
                # A shallow clone ends before the epoch does, and is enough for whoever needs only what is there.
                return
            if (event := event_of(content)) is not None:
                yield commit, event
            parents = parents_of(content)
            if not parents:
                _check_root(commit, dict(decode_commit(commit, content).trailers))
            commit = parents[0] if parents else None

    def last(self) -> StoredEntry | None:
        """The newest entry, None before the first.

        Raises: BrokenLog.
        """
        tip = self.tip()
        return None if tip is None else self.entry(tip)

    def entry(self, commit: str) -> StoredEntry | None:
        """The entry that this commit holds; None for the root of an epoch, which holds none.

        Raises: BrokenLog.
        """
        parts = self._parts(commit)
        return stored_entry(commit, parts) if parts.parents or EVENT in dict(parts.trailers) else None

    def _chain(self, after: str | None, until: str) -> list[str]:
        """The commits from `until` down to `after` or the first root, both included, through all epochs."""
        chain = [until]
        while (commit := chain[-1]) != after:
            parents = parents_of(self._commit(commit))
            if len(parents) > 1:
                raise BrokenLog(commit, f"it has {len(parents)} parents, expected one")
            before = parents[0] if parents else self._epoch_before(commit, self._parts(commit), after)
            if before is None:
                return chain
            chain.append(before)
        return chain

    def _epoch_before(self, root: str, parts: Parts, after: str | None) -> str | None:
        """The last commit of the epoch before the one that begins with `root`; None when that is the first."""
        trailers = dict(parts.trailers)
        _check_root(root, trailers)
        before = trailers.get(PREVIOUS_EPOCH)
        if before is None and after is not None:
            raise BrokenLog(root, f"the log begins here, and {after} is not in it")
        if before is not None and not self._has(before):
            raise BrokenLog(
                root,
                f"the epoch before it, up to {before}, is not here; "
                "get it with `git fetch origin 'refs/orch/epoch/*:refs/orch/epoch/*'`",
            )
        return before

    def _has(self, commit: str) -> bool:
        try:
            self._commit(commit)
        except BrokenLog:
            return False
        return True

    def _parts(self, commit: str) -> Parts:
        return decode_commit(commit, self._commit(commit))

    def _commit(self, commit: str) -> bytes:
        try:
            return self._source.read(bytes.fromhex(commit))
        except LostObject as error:
            raise BrokenLog(commit, f"it {error.problem}") from error
        except ValueError:
            raise BrokenLog(commit, "that is no commit") from None

    def _find(self, commit: str, path: str) -> tuple[bytes, bool] | None:
        return find(self._source, bytes.fromhex(self._parts(commit).tree), path)


@contextmanager
def _naming(commit: str) -> Iterator[None]:
    """Within, an object that is lost makes this commit a broken one."""
    try:
        yield
    except LostObject as error:
        raise BrokenLog(commit, f"its {error}") from error


def _check_root(root: str, trailers: Mapping[str, str]) -> None:
    if EVENT in trailers:
        raise BrokenLog(root, "it has no parent: what came before it is missing")
    if trailers.get(FORMAT) != str(FORMAT_NUMBER):
        raise BrokenLog(
            root, f"the log is in format {trailers.get(FORMAT)}, this orch reads {FORMAT_NUMBER}; use a newer orch"
        )


def _check_epoch(root: str, parts: Parts, before: Parts, seq: int) -> None:
    if parts.tree != before.tree:
        raise BrokenLog(root, f"it begins an epoch with the files {parts.tree[:10]}, expected {before.tree[:10]}")
    if (found := sequence_number(root, parts)) != seq:
        raise BrokenLog(root, f"it begins an epoch at number {found}, expected {seq}")
