"""Keeps what was just made from `git gc --prune=now`, which takes away whatever no branch holds yet; must not make anything.

Loose objects can go at any moment, some of a commit's and some not; a pack that has a `.keep` beside it stays whole.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import pygit2
from pygit2.enums import FileMode

from engine.store.packfolder import PackFolder
from engine.workspace.git import GitError
from engine.workspace.removal import remove_tree
from engine.workspace.repository import Repository, UnknownCommit

Made = TypeVar("Made")

_ASIDE: Final = "orch-new-"
"""How a folder beside the repository's objects is named that git does not look into."""
_TRIES: Final = 5


def folder_aside(repository: Repository) -> "TemporaryDirectory[str]":
    """A folder for objects on their way into the repository."""
    return TemporaryDirectory(prefix=_ASIDE, dir=repository.git_dir / "objects")


def remove_folders_aside(repository: Repository) -> None:
    """Remove those that a killed engine left."""
    for path in (repository.git_dir / "objects").glob(f"{_ASIDE}*"):
        remove_tree(path)


def made_again(make: Callable[[], Made]) -> Made:
    """What `make` returns; it is called anew when objects were pruned between two of its steps."""
    for _ in range(_TRIES - 1):
        with suppress(KeyError, OSError, pygit2.GitError, GitError, UnknownCommit):
            return make()
    return make()


@contextmanager
def kept(repository: Repository, handle: pygit2.Repository, commit: str, base: str) -> Iterator[None]:
    """Within, nothing of the commit and its history that is not the base's too is pruned: let a branch hold it before leaving.

    Raises: KeyError, pygit2.GitError when some of it is gone already; OSError.
    """
    history = handle.walk(pygit2.Oid(hex=commit))
    history.hide(pygit2.Oid(hex=base))
    with folder_aside(repository) as folder:
        pack = pygit2.PackBuilder(handle)
        for made in history:
            for each in (made.id, *_added(made.tree, handle[base].peel(pygit2.Commit).tree)):
                pack.add(each)
        pack.write(folder)
        with PackFolder(repository.git_dir).taking(Path(folder)):
            yield


def _added(new: pygit2.Tree, old: pygit2.Tree | None) -> Iterator[pygit2.Oid]:
    """The folders and files of a tree that differ from the old one's, itself among them."""
    before = {entry.raw_name: entry for entry in old or ()}
    yield new.id
    for entry in new:
        twin = before.get(entry.raw_name)
        if entry.filemode == FileMode.COMMIT or (twin is not None and twin.id == entry.id):
            continue
        if isinstance(entry, pygit2.Tree):
            yield from _added(entry, twin if isinstance(twin, pygit2.Tree) else None)
        else:
            yield entry.id
