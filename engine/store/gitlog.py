"""The state branch in a git repository: durable when `append` returns, safe from `git gc`, moved by compare-and-swap.

One append is one pack. Three waits for the disk, each for what the one before made possible: pack, index and the ref's lock file
hold their content; pack and index have their names; the ref has its new value. Loose objects are never written: they cost an fsync
each, and `git gc --prune=now` takes them away between their birth and the ref's move.
"""

import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Self

import pygit2
from pygit2.enums import ReferenceType

from engine.store.draft import Draft
from engine.store.durable import Disk
from engine.store.entry import Entry
from engine.store.errors import AppendFailed, LockNotHeld, LogMovedOn, RepositoryUnusable
from engine.store.gitproc import BackgroundGit
from engine.store.lock import held_by_this_process
from engine.store.looseref import LooseRef
from engine.store.objectlog import ObjectLog
from engine.store.pack import Pack
from engine.store.packfolder import PackFolder
from engine.store.repository import common_dir, open_repository
from engine.store.upkeep import Tended, Upkeep

EPOCHS: Final = "refs/orch/epoch/"
"""Where the last commits of earlier epochs are kept, numbered from 1. No clone fetches them unless it is asked to."""

_REREAD_AFTER_S: Final = (0.0, 0.02, 0.1)


class GitLog(ObjectLog):
    """The port Log on one ref of a repository."""

    def __init__(self, repository: pygit2.Repository, ref: str) -> None:
        self._repository = repository
        self._path = Path(repository.path)
        self._disk = Disk()
        self._packs = PackFolder(common_dir(self._path))
        self._ref = LooseRef(common_dir(self._path), ref, self._disk.release)
        self._background = BackgroundGit(common_dir(self._path))
        self.upkeep = Upkeep(common_dir(self._path), ref, self._background)
        self._closed = threading.Event()
        super().__init__(_Odb(repository), ref)

    @classmethod
    def open(cls, repository: Path, *, ref: str = "refs/heads/orch-state") -> Self:
        """The log on `ref` of the repository (any worktree of it, or bare); the ref need not exist.

        Raises: RepositoryUnusable.
        """
        opened = open_repository(repository)
        # The store syncs what it writes by itself. This is for merges, which the workspace writes through libgit2: a receipt must
        # not outlive, in a power cut, the merge that it vouches for. It holds for the whole process.
        pygit2.settings.enable_fsync_gitdir(True)
        found = opened.references.get(ref)
        if found is None:
            _check_name(opened, ref)
        elif found.type != ReferenceType.DIRECT:
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
        self._ref.close()
        self._disk.close()
        self._repository.free()

    def clean_leftovers(self) -> list[Path]:
        """Remove the stale lock, temporary files and keep marks of a killed engine, and end its git; the files removed.

        Raises: LockNotHeld when this process does not hold the engine's lock: they may be a living engine's.
        """
        if not held_by_this_process(self._path):
            raise LockNotHeld("only the engine that holds the repository may clean up; acquire the EngineLock first")
        self._background.end_left_over()
        removed = self._packs.clean_leftovers()
        return [*removed, self._ref.lock_path] if self._ref.remove_stale_lock() else removed

    def is_tending_due(self) -> bool:
        """Whether there are so many packs that `tend` is worth it."""
        return self.upkeep.is_due()

    def tend(self) -> Tended:
        """Put small packs together and write the commit-graph on; a branch that grew too big begins an epoch with its next entry.

        Takes seconds, beside appends and in a thread of its own.

        Raises: UpkeepFailed.
        """
        tended = self.upkeep.tend()
        if tended.is_epoch_full:
            self.begin_epoch()
        return tended

    def stop_tending(self) -> None:
        """Let a `tend` that is under way in another thread end soon, by UpkeepFailed, and begin none any more; nothing is lost."""
        self._background.stop()

    def _publish(self, draft: Draft, entries: Sequence[Entry], old: str | None) -> str:
        if self._closed.is_set():
            raise AppendFailed(f"the log on {self.ref} is closed; open it again")
        pack = Pack()
        self._fill(draft, entries, pack)
        new = draft.tip or ""
        try:
            with self._background.held():
                self._write(pack, old, new)
        except OSError as error:
            raise AppendFailed(
                f"{self.ref} could not be written: {error}. Free or repair the disk and try again"
            ) from error
        return new

    def _write(self, pack: Pack, old: str | None, new: str) -> None:
        with self._packs.keeping(pack) as on_its_way, self._ref.locked() as lock:
            found = self.tip()
            if found != old:
                raise LogMovedOn(self.ref, old, found)
            self._disk.fill({**on_its_way.contents, lock.descriptor: f"{new}\n".encode()})
            on_its_way.show()
            if self._is_epoch_due and old is not None:
                self._keep_epoch(old)
            lock.move()

    def _keep_epoch(self, last: str) -> None:
        """Give the epoch that ends with this commit a ref of its own, durably: the branch is about to leave it."""
        names = [name for name in self._repository.references if name.startswith(EPOCHS)]
        latest = max((int(name.removeprefix(EPOCHS)) for name in names), default=0)
        # A crash between this and the move of the branch leaves a ref inside the epoch that goes on: then it moves up.
        is_left_over = latest and self._repository.descendant_of(
            last, str(self._repository.references[f"{EPOCHS}{latest}"].target)
        )
        number = latest if is_left_over else latest + 1
        epoch = LooseRef(common_dir(self._path), f"{EPOCHS}{number}", self._disk.release)
        with closing(epoch), epoch.locked() as lock:
            self._disk.fill({lock.descriptor: f"{last}\n".encode()})
            lock.move()


def _check_name(repository: pygit2.Repository, ref: str) -> None:
    """A ref cannot be both a file and a folder (git-check-ref-format), not even when one of the two is packed."""
    for name in repository.references:
        if name.startswith(f"{ref}/") or ref.startswith(f"{name}/"):
            raise RepositoryUnusable(f"{ref} cannot be made beside {name}; rename that branch, or choose another ref")


class _Odb:
    """The repository's objects: an ObjectSource."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._path = repository.path
        self._odb = repository.odb
        self._pause = threading.Event()

    def read(self, object_id: bytes) -> bytes:
        oid = pygit2.Oid(raw=object_id)
        for pause_s in _REREAD_AFTER_S:
            try:
                return self._odb.read(oid)[1]
            except (KeyError, pygit2.GitError):
                # A `git gc` may have put the object into another pack between libgit2's look at the folder and at the pack.
                self._pause.wait(pause_s)
                self._odb = pygit2.Repository(self._path).odb
        return self._odb.read(oid)[1]
