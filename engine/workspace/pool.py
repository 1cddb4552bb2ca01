"""Hands out worktrees with the files of a commit, warm ones first; must not look at what an agent did in them, only wipe it.

A worktree is a real linked one, so `git worktree list` tells the truth. The cell covers its `.git` file by one that points to a private
gitdir (`private_gitdir.py`); the engine's own index and HEAD lie in the repository, where no cell can write.

Filters (`filter.<name>.clean` and the like, git-lfs for one) are off in these trees: they hold what the repository holds, a pointer as a
pointer. libgit2, which commits, runs no filters, so with a smudged tree every LFS file would look changed; and a filter named by a relative
path would run what the agent landed. In the user's own checkout (`train.py`) the user's filters work as ever.
"""

import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pygit2
from pygit2.enums import DiffOption

from engine.workspace import private_gitdir
from engine.workspace.checkouts import first_line
from engine.workspace.git import GitError, run_git
from engine.workspace.include import copy_included, find_included
from engine.workspace.keeping import remove_folders_aside
from engine.workspace.locks import is_stale
from engine.workspace.objects import object_folders
from engine.workspace.removal import remove_tree
from engine.workspace.repository import Repository
from engine.workspace.worktree import Worktree

__all__ = ["Worktree", "WorktreePool"]

logger = logging.getLogger(__name__)

# The index is copied for the agent and read by libgit2, which knows none of these extensions.
_PLAIN_INDEX = (
    ("core.splitIndex", "false"),
    ("core.untrackedCache", "false"),
    ("core.sparseCheckout", "false"),
    ("index.sparse", "false"),
    ("index.skipHash", "false"),
    ("checkout.defaultRemote", ""),
)


class _Slot(msgspec.Struct, frozen=True):
    """A linked worktree of ours: its folder, and its own folder below `<git-common-dir>/worktrees`."""

    path: Path
    admin: Path

    @property
    def private(self) -> Path:
        return self.path.with_name(self.path.name + ".git")


class WorktreePool:
    """All worktrees of one engine; may be used by many threads."""

    def __init__(self, repository: Repository, home: Path, *, include: tuple[str, ...] = ()) -> None:
        self._repository = repository
        self._home = home.resolve()
        self._include = include
        self._free: list[_Slot] = []
        self._taken: dict[Path, _Slot] = {}
        self._numbers = 0
        self._books = threading.Lock()
        # Two `git worktree add` at a time race for config.lock (agent-orchestrator#4350).
        self._adding = threading.Lock()

    def take(self, base: str) -> Worktree:
        """A worktree with exactly the files of `base`, the included ones, and a fresh private gitdir.

        Raises: UnknownCommit; GitError or OSError when no tree can be made (a full disk, say).
        """
        self._repository.commit(base)  # raises for an unknown one, before a worktree is spent on it
        slot = self._reuse(base) or self._add(base)
        try:
            names = find_included(self._repository, self._include)
            included = copy_included(names, checkout=self._repository.path, tree=slot.path)
            remove_tree(slot.private)
            private_gitdir.create(
                slot.private, base=base, common_dir=self._repository.git_dir, objects=object_folders(self._repository.git_dir),
                index=slot.admin / "index", excluded=included,
            )  # fmt: skip
        except (GitError, OSError):
            self._discard(slot)
            raise
        with self._books:
            self._taken[slot.path] = slot
        return Worktree(slot.path, slot.private, base, slot.admin, included)

    def give_back(self, worktree: Worktree) -> None:
        """Let the worktree be used again; every process in it must be dead. A second time changes nothing."""
        with self._books:
            slot = self._taken.pop(worktree.path, None)
        if slot is None:
            return
        remove_tree(slot.private)
        with self._books:
            self._free.append(slot)

    def clean_leftovers(self) -> None:
        """Remove what a killed engine left: worktrees and gitdirs under home that this pool doesn't use, and git's stale locks.

        Only for the holder of the engine's lock.
        """
        with self._books:
            kept = {slot.path for slot in (*self._free, *self._taken.values())}
        for slot in list(self._registered()):
            if slot.path not in kept:
                self._discard(slot)
        spared = kept | {path.with_name(path.name + ".git") for path in kept}
        if self._home.is_dir():
            for path in self._home.iterdir():
                if path not in spared:
                    remove_tree(path)
        remove_folders_aside(self._repository)
        for lock in (self._repository.git_dir / "refs/heads").rglob("*.lock"):
            if lock.is_relative_to(self._repository.git_dir / "refs/heads/orch") or is_stale(lock):
                lock.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove every worktree, those in use too; `git worktree list` then shows the user's own alone."""
        with self._books:
            slots = [*self._free, *self._taken.values()]
            self._free, self._taken = [], {}
        for slot in slots:
            self._discard(slot)
        if self._home.is_dir() and not any(self._home.iterdir()):
            self._home.rmdir()

    def _reuse(self, base: str) -> _Slot | None:
        with self._books:
            slot = self._free.pop() if self._free else None
        if slot is None:
            return None
        try:
            _relink(slot)
            self._fill(slot, base)
            if _is_pristine(slot):
                return slot
        except (GitError, OSError) as error:
            # A read-only folder or a path too long for git, say: cheaper to begin anew than to repair.
            logger.warning(
                "worktree not reusable",
                extra={"action": "worktree_dropped", "path": str(slot.path), "reason": str(error)},
            )
        self._discard(slot)
        return None

    def _add(self, base: str) -> _Slot:
        with self._adding:
            self._home.mkdir(parents=True, exist_ok=True)
            path = self._next_path()
            # The files come later, outside of the lock: in a large repository they take a second.
            add = ("worktree", "add", "--quiet", "--detach", "--no-checkout", str(path), base)
            run_git(*add, git_dir=self._repository.git_dir, config=_PLAIN_INDEX)
        slot = _Slot(path, Path(first_line(path / ".git").removeprefix("gitdir: ")))
        try:
            self._fill(slot, base)
        except GitError:
            self._discard(slot)
            raise
        return slot

    def _next_path(self) -> Path:
        while True:
            self._numbers += 1
            path = self._home / f"orch-{self._numbers}"
            if not path.exists():
                return path

    def _fill(self, slot: _Slot, base: str) -> None:
        config = (*_PLAIN_INDEX, *_filters_off(self._repository))
        if (slot.admin / "index").exists():
            run_git("clean", "-ffdxq", git_dir=slot.admin, work_tree=slot.path, config=config)
        run_git(
            "checkout", "--quiet", "--force", "--detach", base, git_dir=slot.admin, work_tree=slot.path, config=config
        )

    def _discard(self, slot: _Slot) -> None:
        remove_tree(slot.path)
        remove_tree(slot.private)
        # Not `git worktree prune`, which would also forget a tree of the user's whose disk is not mounted today.
        with self._adding:
            # Somebody's `git worktree prune` may be at it too, now that its tree is gone.
            shutil.rmtree(slot.admin, ignore_errors=True)
            with suppress(OSError):
                slot.admin.parent.rmdir()

    def _registered(self) -> Iterator[_Slot]:
        for pointer in (self._repository.git_dir / "worktrees").glob("*/gitdir"):
            path = Path(first_line(pointer)).parent
            if path.parent == self._home:
                yield _Slot(path, pointer.parent)


def _relink(slot: _Slot) -> None:
    """Let `.git` name the real gitdir again: without a mount namespace it lay open to the agent."""
    link = slot.path / ".git"
    if link.is_symlink() or not link.is_file() or first_line(link) != f"gitdir: {slot.admin}":
        remove_tree(link)
        link.write_text(f"gitdir: {slot.admin}\n", "utf-8", "surrogateescape")


def _filters_off(repository: Repository) -> list[tuple[str, str]]:
    """Settings that empty every filter driver of the user's configuration."""
    keys = [entry.name for entry in repository.handle().config if entry.name.startswith("filter.")]
    names = {key.removeprefix("filter.").rpartition(".")[0] for key in keys}
    parts = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))
    return [(f"filter.{name}.{part}", value) for name in sorted(names) for part, value in parts]


def _is_pristine(slot: _Slot) -> bool:
    flags = (
        DiffOption.INCLUDE_UNTRACKED
        | DiffOption.INCLUDE_IGNORED
        | DiffOption.INCLUDE_TYPECHANGE
        | DiffOption.IGNORE_SUBMODULES
    )
    diff = pygit2.Repository(str(slot.admin)).index.diff_to_workdir(flags)
    return not any(True for _ in diff.deltas) and not _has_special_files(slot.path)


def _has_special_files(root: Path) -> bool:
    """Whether a pipe, socket or device is left: git neither lists nor cleans those, and a test that opens one would wait for ever."""
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif not (entry.is_symlink() or entry.is_file(follow_symlinks=False)):
                    return True
    return False
