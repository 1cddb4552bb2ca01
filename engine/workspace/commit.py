"""Commits what an attempt left in its tree, unless there is a secret in it; must never run git there, for the tree may hold configuration
that runs the agent's code.

libgit2 runs no hook, filter, monitor or external diff (measured). Only the files count: what the agent committed in its private gitdir is
not looked at.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, DiffOption, FileMode

from engine.workspace.keeping import folder_aside, kept, made_again
from engine.workspace.removal import remove_tree
from engine.workspace.repository import Repository
from engine.workspace.worktree import Worktree

ENGINE = ("orch", "orch@localhost")
"""Committer of everything we write; the author is who did the work."""

logger = logging.getLogger(__name__)


MAX_PLACES = 10
Find = Callable[[str], Mapping[str, int]]
"""The secrets in a text, each with the line it is in."""


class CannotCommit(Exception):
    """The tree as a whole is not for git to hold; the message says why, and is meant for the one who made the tree."""


_FLAGS = (
    DiffOption.INCLUDE_UNTRACKED
    | DiffOption.RECURSE_UNTRACKED_DIRS
    | DiffOption.INCLUDE_TYPECHANGE
    | DiffOption.IGNORE_SUBMODULES
    | DiffOption.DISABLE_PATHSPEC_MATCH
)


@contextmanager
def commit_worktree(
    repository: Repository,
    worktree: Worktree,
    *,
    message: str,
    author: tuple[str, str],
    find: Find,
    parents: Sequence[str],
) -> Iterator[str | None]:
    """The commit of the tree's files on top of `parents`; None when they equal the first parent's. No branch moves.

    Within, no `git gc` takes it away, however it is timed: let a branch hold it before leaving.

    Ignored files, included files, reports and nested `.git` folders stay out; a path that git can't hold is left out and logged.

    Raises: CannotCommit when the whole tree can't be read (folders nested over 100 deep, libgit2's limit), or when there are secrets in
    it: git then has no object with one, for what is in an object is out; UnknownCommit.
    """
    with folder_aside(repository) as folder, ExitStack() as stack:

        def make() -> str | None:
            tree = _with_new_objects_in(folder, repository, worktree)
            tree_id = _tree_of(tree, worktree, find)
            if tree_id == repository.tree_of(parents[0]):
                return None
            signature, committer = pygit2.Signature(*author), pygit2.Signature(*ENGINE)
            commit = str(tree.create_commit(None, signature, committer, message, tree_id, list(parents)))
            stack.enter_context(kept(repository, tree, commit, parents[0]))
            return commit

        yield made_again(make)


def _with_new_objects_in(folder: str, repository: Repository, worktree: Worktree) -> pygit2.Repository:
    """The worktree's repository, which puts new objects there: a `git gc` would even take the folder that one is just written to."""
    tree = pygit2.Repository(str(worktree.admin))
    objects = pygit2.Odb(folder)
    objects.add_disk_alternate(str(repository.git_dir / "objects"))
    tree.set_odb(objects)
    return tree


def _tree_of(tree: pygit2.Repository, worktree: Worktree, find: Find) -> str:
    """The tree of the files."""
    _remove_nested_git(tree, worktree.path)
    index = tree.index
    changes = _changes(index, worktree)
    _refuse_secrets(tree, worktree, changes, find)
    for delta in changes:
        _stage(index, worktree, delta)
    return str(index.write_tree())


def unfit(worktree: Worktree, find: Find) -> str:
    """Why the tree can't be committed as it is, for whoever is still at it; empty when nothing speaks against it."""
    tree = pygit2.Repository(str(worktree.admin))
    try:
        _refuse_secrets(tree, worktree, _changes(tree.index, worktree), find)
    except CannotCommit as error:
        return str(error)
    return ""


def _refuse_secrets(
    tree: pygit2.Repository, worktree: Worktree, changes: Sequence[pygit2.DiffDelta], find: Find
) -> None:
    """Return when the changed files hold no secret that they, or those that they replace, did not hold before.

    Raises: CannotCommit, which tells the places and not the secrets.
    """
    found = [place for delta in changes for place in _secrets_in(worktree, delta, find)]
    if not found:
        return
    before = [delta.old_file for delta in changes if delta.status != DeltaStatus.UNTRACKED]
    blobs = (tree.get(file.id) for file in before)
    old = [
        *(_text(blob.data) for blob in blobs if isinstance(blob, pygit2.Blob)),
        *(_text(file.raw_path) for file in before),
    ]
    known = {secret for text in old for secret in find(text)}
    if new := [where for where, secret in found if secret not in known]:
        more = f" and {len(new) - MAX_PLACES} more" if len(new) > MAX_PLACES else ""
        raise CannotCommit(
            f"there is a secret in {', '.join(new[:MAX_PLACES])}{more}, which git would keep for ever; take it out and let the program "
            "read it where it runs, from its environment say; if it is made up, make it look less like a key"
        )


def _secrets_in(worktree: Worktree, delta: pygit2.DiffDelta, find: Find) -> Iterator[tuple[str, str]]:
    """Where in what is to be committed there is which secret."""
    name = os.fsdecode(delta.new_file.raw_path)
    if delta.status == DeltaStatus.DELETED:
        return
    yield from (("the name of a file", secret) for secret in find(name))
    yield from ((f"{name}:{line}", secret) for secret, line in find(_text(_content(worktree.path / name))).items())


def _content(path: Path) -> bytes:
    """What git would keep of it: a symlink's target, nothing of a folder."""
    try:
        return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    except OSError:  # a nested repository, say; nor can libgit2 read it
        return b""


def _text(content: bytes) -> str:
    """The content as one would read it; without zero bytes, which is nearly all that UTF-16 adds to a key."""
    return content.replace(b"\0", b"").decode("utf-8", "replace")


def _changes(index: pygit2.Index, worktree: Worktree) -> list[pygit2.DiffDelta]:
    """What differs from the base, without what is ours."""
    try:
        deltas = index.diff_to_workdir(_FLAGS).deltas
        return [delta for delta in deltas if not worktree.is_ours(os.fsdecode(delta.new_file.raw_path))]
    except pygit2.GitError as error:
        raise CannotCommit(
            f"the tree cannot be committed: {error}; remove what was made there, or add it to .gitignore"
        ) from None


def _stage(index: pygit2.Index, worktree: Worktree, delta: pygit2.DiffDelta) -> None:
    name = os.fsdecode(delta.new_file.raw_path)
    is_submodule = delta.old_file.mode == FileMode.COMMIT
    if is_submodule and delta.new_file.mode not in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE):
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
