"""The state branch in a git repository: durable when `append` returns, safe from `git gc`, moved by compare-and-swap.

One append is one pack: kept, fsynced, renamed, then the ref moves, then the pack is let go. Loose objects are never written:
they cost an fsync each, and `git gc --prune=now` takes them away between their birth and the ref's move.
"""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import pygit2
from pygit2.enums import ReferenceType

from engine.store.draft import Draft
from engine.store.entry import Entry
from engine.store.errors import AppendFailed, LockNotHeld, LogMovedOn, RepositoryUnusable
from engine.store.lock import held_by_this_process
from engine.store.objectlog import ObjectLog
from engine.store.pack import Pack
from engine.store.packfolder import PackFolder
from engine.store.repository import common_dir, open_repository

_REF_WAIT_S: Final = 2.0
"""How long another git process may hold the ref's lock; `git pack-refs` holds it for milliseconds."""
_RETRY_S: Final = 0.01
_STALE_AFTER_S: Final = 0.5
"""A lock that stays this long, while only the engine writes this ref, was left by a killed one."""


class GitLog(ObjectLog):
    """The port Log on one ref of a repository."""

    def __init__(self, repository: pygit2.Repository, ref: str) -> None:
        self._repository = repository
        self._path = Path(repository.path)
        self._packs = PackFolder(common_dir(self._path))
        self._ref_lock = common_dir(self._path) / f"{ref}.lock"
        self._closed = threading.Event()
        super().__init__(_Odb(repository), ref)

    @classmethod
    def open(cls, repository: Path, *, ref: str = "refs/heads/orch-state") -> Self:
        """The log on `ref` of the repository (any worktree of it, or bare); the ref need not exist.

        Raises: RepositoryUnusable.
        """
        opened = open_repository(repository)
        # Without it libgit2 lets a power cut take away a ref that `append` said was there. It holds for the whole process.
        pygit2.settings.enable_fsync_gitdir(True)
        found = opened.references.get(ref)
        if found is not None and found.type != ReferenceType.DIRECT:
            raise RepositoryUnusable(
                f"{ref} in {repository} only points to another branch; delete it or choose another"
            )
        return cls(opened, ref)

    def tip(self) -> str | None:
        found = self._repository.references.get(self.ref)
        return None if found is None else str(found.target)

    def close(self) -> None:
        """Let go of the repository's files; the log cannot be used any more."""
        self._closed.set()
        self._repository.free()

    def clean_leftovers(self) -> list[Path]:
        """Remove the stale lock, temporary files and keep marks of a killed engine; the files removed.

        Raises: LockNotHeld when this process does not hold the engine's lock: they may be a living engine's.
        """
        if not held_by_this_process(self._path):
            raise LockNotHeld("only the engine that holds the repository may clean up; acquire the EngineLock first")
        removed = self._packs.clean_leftovers()
        deadline = time.monotonic() + _STALE_AFTER_S
        while self._ref_lock.exists():
            if time.monotonic() > deadline:
                self._ref_lock.unlink(missing_ok=True)
                return [*removed, self._ref_lock]
            self._closed.wait(_RETRY_S)
        return removed

    def _publish(self, draft: Draft, entries: Sequence[Entry], old: str | None) -> str:
        if self._closed.is_set():
            raise AppendFailed(f"the log on {self.ref} is closed; open it again")
        pack = Pack()
        for entry in entries:
            draft.add(entry, pack)
        new = draft.tip or ""
        try:
            with self._packs.keeping(pack):
                self._move_ref(old, new)
        except OSError as error:
            raise AppendFailed(
                f"{self.ref} could not be written: {error}. Free or repair the disk and try again"
            ) from error
        return new

    def _move_ref(self, old: str | None, new: str) -> None:
        deadline = time.monotonic() + _REF_WAIT_S
        while True:
            try:
                self._compare_and_swap(old, new)
            except pygit2.GitError as error:
                if time.monotonic() > deadline:
                    raise AppendFailed(
                        f"{self.ref} could not be moved: {error}. If no git command is running, remove {self._ref_lock}"
                    ) from error
                self._closed.wait(_RETRY_S)
            else:
                return

    def _compare_and_swap(self, old: str | None, new: str) -> None:
        # The transaction takes the lock file that git itself takes, so nobody moves the ref between the look and the move.
        with self._repository.transaction() as change:
            change.lock_ref(self.ref)
            found = self.tip()
            if found != old:
                raise LogMovedOn(self.ref, old, found)
            change.set_target(self.ref, new)


class _Odb:
    """The repository's objects: an ObjectSource."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._odb = repository.odb

    def read(self, object_id: bytes) -> bytes:
        _, content = self._odb.read(pygit2.Oid(raw=object_id))
        return content
