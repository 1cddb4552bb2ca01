"""The state branch in a git repository: durable when `append` returns, safe from `git gc`, moved by compare-and-swap.

Git is shown one pack at a time. Three waits for the disk, each for what the one before made possible: pack, index and the ref's lock
file hold their content; pack and index have their names; the ref has its new value. Loose objects are never written: they cost an
fsync each, and `git gc --prune=now` takes them away between their birth and the ref's move.

The engine, which appends all the time, has a write-ahead log in front: an append waits for that alone, and `publish` shows git what
came since as one pack. Commits have their ids from the beginning, so what is published after a crash is what was acknowledged.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import pygit2
from pygit2.enums import ReferenceType

from engine.store import refs
from engine.store.draft import Draft
from engine.store.durable import Disk, sync_folder
from engine.store.entry import Entry
from engine.store.errors import AppendFailed, AppendUnsure, LockNotHeld, LogMovedOn, LostObject, RepositoryUnusable
from engine.store.gitproc import BackgroundGit
from engine.store.lock import held_by_this_process
from engine.store.looseref import LooseRef, RefUnsure, remove_stale_locks
from engine.store.objectlog import ObjectLog
from engine.store.pack import Pack
from engine.store.packfolder import PackFolder
from engine.store.repository import common_dir, open_repository
from engine.store.upkeep import EPOCH_BYTES, Tended, Upkeep
from engine.store.wal import Group, WriteAheadLog
from engine.store.wal import read as read_groups

logger = logging.getLogger(__name__)

MAX_UNPUBLISHED: Final = 32
"""Appends that git is not shown yet, at most; the next one shows them. Sixteen times fewer packs, and one wait a group."""

MAX_TIPS: Final = 64
"""After so many new tips the packs are opened anew: libgit2 keeps each that it ever read open, those that upkeep removed too."""

_REREAD_AFTER_S: Final = (0.0, 0.02, 0.1)


class GitLog(ObjectLog):
    """The port Log on one ref of a repository."""

    def __init__(self, repository: pygit2.Repository, ref: str, epoch_bytes: int) -> None:
        self._repository = repository
        self._path = Path(repository.path)
        self._disk = Disk()
        self._packs = PackFolder(common_dir(self._path))
        self._ref = LooseRef(common_dir(self._path), ref, self._disk.release)
        self._wal_path = common_dir(self._path) / "orch" / "wal"
        self._wal: WriteAheadLog | None = None
        self._pack = Pack()
        self._unpublished = 0
        self._background = BackgroundGit(common_dir(self._path))
        self.upkeep = Upkeep(common_dir(self._path), ref, self._background, epoch_bytes)
        self._closed = threading.Event()
        self._odb = Odb(common_dir(self._path) / "objects")
        super().__init__(self._odb, ref)
        self._published = self._left_at

    @classmethod
    def open(cls, repository: Path, *, ref: str = refs.STATE, epoch_bytes: int = EPOCH_BYTES) -> Self:
        """The log on `ref` of the repository (any worktree of it, or bare); the ref need not exist. An epoch ends at `epoch_bytes`.

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
        return cls(opened, ref, epoch_bytes)

    def tip(self) -> str | None:
        self._show()
        tip = self._target()
        self._odb.meet(tip)
        return tip

    @property
    def unpublished(self) -> int:
        return self._unpublished

    def publish(self) -> None:
        with self._appending:
            self._publish()

    def close(self) -> None:
        """Let go of the repository's files; the log cannot be used any more."""
        with self._appending:
            try:
                self._publish()
            except (LogMovedOn, AppendFailed) as error:
                extra = {"action": "unpublished", "reason": str(error)}
                logger.info("what git was not shown is in the write-ahead log", extra=extra)
            self._closed.set()
            if self._wal is not None:
                self._wal.close()
                self._wal = None
            self._ref.close()
            self._disk.close()
            self._repository.free()

    def clean_leftovers(self) -> list[Path]:
        """Publish what a killed engine had no time to, remove its stale lock, temporary files and keep marks, and end its git;
        the files removed.

        Raises: LockNotHeld when this process does not hold the engine's lock: they may be a living engine's; AppendFailed.
        """
        self._check_lock()
        self._background.end_left_over()
        removed = self._packs.clean_leftovers()
        removed += remove_stale_locks(common_dir(self._path), self.ref, refs.OWN)
        if self._wal is None:
            self._recover()
        return removed

    def has_leftovers(self) -> bool:
        """Whether there are events that a killed engine had no time to publish."""
        groups = read_groups(self._wal_path, self.ref)
        return bool(groups) and groups[-1].new != self._target()

    def write_ahead(self) -> None:
        """From now on let an append wait for the write-ahead log alone, until `close`.

        Raises: LockNotHeld when this process does not hold the engine's lock; AppendFailed.
        """
        self._check_lock()
        if self._wal is not None:
            return
        self._recover()
        with self._refusals():
            self._wal = WriteAheadLog.open(self._wal_path, self.ref)

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

    def _begin(self) -> Draft:
        self._publish()
        return super()._begin()

    def _store(self, draft: Draft, entries: Sequence[Entry], old: str | None) -> str:
        if self._closed.is_set():
            raise AppendFailed(f"the log on {self.ref} is closed; open it again")
        if self._is_epoch_due or self._unpublished >= MAX_UNPUBLISHED:
            self._publish()
        before = len(self._pack)
        try:
            self._fill(draft, entries, self._pack)
            new = draft.tip or ""
            if self._wal is not None and not self._is_epoch_due and self._write_ahead(self._wal, before, old, new):
                self._unpublished += 1
            else:
                self._write(new, epoch_end=self._published if self._is_epoch_due else None)
        except BaseException:
            self._pack.rewind(before)
            raise
        return new

    def _write_ahead(self, wal: WriteAheadLog, before: int, old: str | None, new: str) -> bool:
        """Whether the objects after the first `before` are durable in the write-ahead log."""
        self._check_target()
        with self._refusals(), self._background.held():
            return wal.put(Group(old, new, *self._pack.since(before)))

    def _publish(self) -> None:
        """As `publish`, for who holds the lock on appending."""
        if self._unpublished:
            self._write(self._left_at or "")

    def _show(self) -> None:
        """Publish for a reader, who gets what git has if that is not possible; the next append says why."""
        if self._unpublished:
            with suppress(LogMovedOn, AppendFailed):
                self.publish()

    def _write(self, new: str, epoch_end: str | None = None) -> None:
        """Let git have the pack, whose newest commit is `new`, and begin another one; `epoch_end` is left by the branch."""
        keeping = self._packs.keeping(self._pack)
        with self._refusals(), self._background.held(), keeping as on_its_way, self._ref.locked() as lock:
            self._check_target()
            self._disk.fill({**on_its_way.contents, lock.descriptor: f"{new}\n".encode()})
            on_its_way.show()
            if epoch_end is not None:
                self._keep_epoch(epoch_end)
            lock.move()
        self._pack, self._unpublished, self._published = Pack(), 0, new
        if self._wal is not None:
            self._wal.clear()

    def _target(self) -> str | None:
        """Where the branch is."""
        found = self._repository.references.get(self.ref)
        return None if found is None else str(found.target)

    def _check_target(self) -> None:
        if (found := self._target()) != self._published:
            raise LogMovedOn(self.ref, self._published, found)

    def _check_lock(self) -> None:
        if not held_by_this_process(self._path):
            raise LockNotHeld("only the engine that holds the repository may do this; acquire the EngineLock first")

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Within, what the disk refuses is an AppendFailed."""
        try:
            yield
        except RefUnsure as error:
            raise AppendUnsure(
                f"{self.ref} has the entries, but the disk did not confirm them: {error}. Repair it, and look with "
                f"`orch log` at what is there before you repeat anything"
            ) from error
        except OSError as error:
            raise AppendFailed(
                f"{self.ref} could not be written: {error}. Free or repair the disk and try again"
            ) from error

    def _commit(self, commit: str) -> bytes:
        self._show()
        return super()._commit(commit)

    def _recover(self) -> None:
        """Publish the groups that a killed engine left in the write-ahead log, unless git has them."""
        groups = read_groups(self._wal_path, self.ref)
        # An engine may have gone on between our opening and its end.
        self._published = self._left_at = self._target()
        self._draft, self._pack = None, Pack()
        if not groups:
            return
        new = groups[-1].new
        if self._is_published(new):
            with self._refusals():
                self._sync_names()
        else:
            for group in groups:
                self._pack.extend(group.ids, group.chunks)
            if groups[0].old == self._published:
                self._write(new)
                self._left_at = new
                logger.info("published what a killed engine had no time to", extra={"action": "recovered", "tip": new})
            else:
                with self._refusals():
                    self._set_aside(groups[0].old, new)
        with self._refusals():
            WriteAheadLog.open(self._wal_path, self.ref).close()

    def _sync_names(self) -> None:
        """Make durable what a killed engine may have renamed and not synced: the last reason to give its groups up."""
        common = common_dir(self._path)
        for folder in (common / "objects" / "pack", common / refs.EPOCHS, (common / self.ref).parent):
            if folder.is_dir():
                sync_folder(folder)

    def _is_published(self, commit: str) -> bool:
        """Whether the branch, or an epoch before it, holds this commit."""
        if commit not in self._repository:
            return False
        ends = [self._target(), *(str(self._repository.references[name].target) for name in self._epochs())]
        return any(end == commit or self._repository.descendant_of(end, commit) for end in filter(None, ends))

    def _set_aside(self, old: str | None, new: str) -> None:
        """Keep commits that the branch can't go on with, because somebody moved it before they were published."""
        if old is not None and old not in self._repository:
            kept = self._wal_path.rename(self._wal_path.with_name(f"wal-{new[:12]}"))
            extra = {"action": "set_aside", "ref": self.ref, "file": str(kept)}
            logger.error(
                "somebody moved the branch away from events that were not published: %s holds them", kept, extra=extra
            )
            return
        aside = f"{refs.APART}{new[:12]}"
        with self._packs.keeping(self._pack) as on_its_way, closing(self._new_ref(aside)) as ref, ref.locked() as lock:
            self._disk.fill({**on_its_way.contents, lock.descriptor: f"{new}\n".encode()})
            on_its_way.show()
            lock.move()
        self._pack = Pack()
        extra = {"action": "set_aside", "ref": self.ref, "kept": aside}
        logger.error(
            "somebody moved the branch before events of ours were published: `git log %s` shows them",
            aside,
            extra=extra,
        )

    def _new_ref(self, name: str) -> LooseRef:
        return LooseRef(common_dir(self._path), name, self._disk.release)

    def _epochs(self) -> list[str]:
        return [name for name in self._repository.references if name.startswith(refs.EPOCHS)]

    def _keep_epoch(self, last: str) -> None:
        """Give the epoch that ends with this commit a ref of its own, durably: the branch is about to leave it."""
        latest = max((int(name.removeprefix(refs.EPOCHS)) for name in self._epochs()), default=0)
        # A crash between this and the move of the branch leaves a ref inside the epoch that goes on: then it moves up.
        is_left_over = latest and self._repository.descendant_of(
            last, str(self._repository.references[f"{refs.EPOCHS}{latest}"].target)
        )
        number = latest if is_left_over else latest + 1
        with closing(self._new_ref(f"{refs.EPOCHS}{number}")) as epoch, epoch.locked() as lock:
            self._disk.fill({lock.descriptor: f"{last}\n".encode()})
            lock.move()


def _check_name(repository: pygit2.Repository, ref: str) -> None:
    """A ref cannot be both a file and a folder (git-check-ref-format), not even when one of the two is packed."""
    for name in repository.references:
        if name.startswith(f"{ref}/") or ref.startswith(f"{name}/"):
            raise RepositoryUnusable(f"{ref} cannot be made beside {name}; rename that branch, or choose another ref")


class Odb:
    """The repository's objects: an ObjectSource, with a handle of its own, which can be let go."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._reopen()
        self._tip: str | None = None
        self._met = 0
        self._pause = threading.Event()

    def meet(self, tip: str | None) -> None:
        """Know what the next reads begin with."""
        if tip != self._tip:
            self._tip, self._met = tip, self._met + 1
            if self._met % MAX_TIPS == 0:
                self._reopen()

    def read(self, object_id: bytes) -> bytes:
        oid = pygit2.Oid(raw=object_id)
        for pause_s in _REREAD_AFTER_S:
            with suppress(KeyError, pygit2.GitError):
                return self._odb.read(oid)[1]
            # A `git gc` may have put the object into another pack between libgit2's look at the folder and at the pack.
            self._pause.wait(pause_s)
            self._reopen()
        try:
            return self._odb.read(oid)[1]
        except KeyError:
            raise LostObject(object_id.hex(), "is missing") from None
        except pygit2.GitError as error:
            raise LostObject(object_id.hex(), f"is damaged ({error})") from error

    def _reopen(self) -> None:
        self._odb = pygit2.Odb(self._folder)
