"""Commits what an attempt left in its tree; must never run git there, for the tree may hold configuration that runs the agent's code.

libgit2 runs no hook, filter, monitor or external diff (measured). Only the files count: what the agent committed in its private gitdir is
not looked at.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, DiffOption, FileMode

from engine.workspace.removal import remove_tree
from engine.workspace.repository import Repository
from engine.workspace.worktree import Worktree

ENGINE = ("orch", "orch@localhost")
"""Committer of everything we write; the author is who did the work."""

logger = logging.getLogger(__name__)


class CannotCommit(Exception):
    """The tree as a whole is beyond what git can hold; the message says why, and is meant for the one who made the tree."""


_FLAGS = (
    DiffOption.INCLUDE_UNTRACKED
    | DiffOption.RECURSE_UNTRACKED_DIRS
    | DiffOption.INCLUDE_TYPECHANGE
    | DiffOption.IGNORE_SUBMODULES
    | DiffOption.DISABLE_PATHSPEC_MATCH
)


def commit_worktree(
    repository: Repository,
    worktree: Worktree,
    *,
    parent: str,
    message: str,
    author: tuple[str, str],
    parents: Sequence[str] = (),
) -> str | None:
    """The commit of the tree's files on top of `parent` (or of `parents`); None when they equal the parent's. No branch moves.

    Ignored files, included files, reports and nested `.git` folders stay out; a path that git can't hold is left out and logged.

    Raises: CannotCommit when the whole tree can't be read (folders nested over 100 deep, libgit2's limit); UnknownCommit.
    """
    tree = pygit2.Repository(str(worktree.admin))
    _remove_nested_git(tree, worktree.path)
    index = tree.index
    for delta in _changes(index):
        _stage(index, worktree, delta)
    tree_id = index.write_tree()
    if str(tree_id) == repository.tree_of(parent):
        return None
    signature, committer = pygit2.Signature(*author), pygit2.Signature(*ENGINE)
    return str(
        repository.handle().create_commit(None, signature, committer, message, tree_id, list(parents) or [parent])
    )


def _changes(index: pygit2.Index) -> list[pygit2.DiffDelta]:
    try:
        return list(index.diff_to_workdir(_FLAGS).deltas)
    except pygit2.GitError as error:
        raise CannotCommit(
            f"the tree cannot be committed: {error}; remove what was made there, or add it to .gitignore"
        ) from None


def _stage(index: pygit2.Index, worktree: Worktree, delta: pygit2.DiffDelta) -> None:
    name = os.fsdecode(delta.new_file.raw_path)
    is_submodule = delta.old_file.mode == FileMode.COMMIT
    if worktree.is_ours(name) or (
        is_submodule and delta.new_file.mode not in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE)
    ):
        return
    if delta.status == DeltaStatus.DELETED:
        index.remove(name)
        return
    if _has_same_bytes(worktree.path / name, delta):
        return
    try:
        index.add(name)
    except (pygit2.GitError, OSError, ValueError) as error:
        logger.warning(
            "path left out of the commit", extra={"action": "path_left_out", "path": name, "reason": str(error)}
        )


def _has_same_bytes(path: Path, delta: pygit2.DiffDelta) -> bool:
    """Whether a file that only looks changed, as one whose line ends the repository would normalise, holds what git holds."""
    if delta.status != DeltaStatus.MODIFIED or delta.old_file.mode != delta.new_file.mode or path.is_symlink():
        return False
    return pygit2.hashfile(str(path)) == delta.old_file.id


def _remove_nested_git(tree: pygit2.Repository, root: Path) -> None:
    """Remove each `.git` below the root, so that the files around it are files of this tree and not a repository within it."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        for path in _subfolders(folder):
            if path.name == ".git":
                continue
            if os.path.lexists(path / ".git"):
                remove_tree(path / ".git")
            # What is ignored stays out anyway, and `node_modules` alone can hold thousands of folders.
            if not tree.path_is_ignored(f"{path.relative_to(root)}/"):
                waiting.append(path)


def _subfolders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError as error:
        logger.warning(
            "folder not read", extra={"action": "folder_not_read", "path": str(folder), "reason": str(error)}
        )
        return []
