"""A merge that conflicts, as a tree with conflict marks and as the three versions of each file; moves no branch and touches no checkout."""

import msgspec
import pygit2

from engine.workspace.commit import ENGINE
from engine.workspace.repository import Repository


class Side(msgspec.Struct, frozen=True):
    """A conflicting file: its text in the merge base, on the target, and in the work; None where it does not exist."""

    path: str
    base: str | None
    target: str | None
    work: str | None


class Marked(msgspec.Struct, frozen=True):
    """A commit that no branch holds: everything merged that could be, and marks where it could not."""

    commit: str
    sides: tuple[Side, ...]


def marked_merge(repository: Repository, *, work: str, tip: str) -> Marked:
    """The merge of work into tip with its conflicts marked; a file that only one side still has is kept as that side has it.

    Raises: UnknownCommit.
    """
    handle = repository.handle()
    theirs, ours = repository.commit(work), repository.commit(tip)
    before = handle[handle.merge_base(ours.id, theirs.id)].peel(pygit2.Tree)
    index = handle.merge_trees(before, ours.tree, theirs.tree)
    sides = []
    for versions in list(index.conflicts or ()):
        entry = _merged(handle, versions)
        path = next(each.path for each in versions if each is not None)
        sides.append(Side(path, *(_text(handle, each) for each in versions)))
        del index.conflicts[path]
        if entry is not None:
            index.add(entry)
    signature = pygit2.Signature(*ENGINE)
    message = f"Both sides of {work[:10]} and {tip[:10]}, not resolved yet"
    commit = handle.create_commit(None, signature, signature, message, index.write_tree(handle), [ours.id])
    return Marked(str(commit), tuple(sides))


Versions = tuple[pygit2.IndexEntry | None, pygit2.IndexEntry | None, pygit2.IndexEntry | None]


def _merged(handle: pygit2.Repository, versions: Versions) -> pygit2.IndexEntry | None:
    """The entry to begin with: both texts between marks, or the one that is left."""
    _, ours, theirs = versions
    if ours is None or theirs is None:
        return ours or theirs
    if not all(each is None or _is_text(handle, each) for each in versions):
        return ours
    merged = handle.merge_file_from_index(*versions)
    text = merged if isinstance(merged, str) else merged.contents
    return pygit2.IndexEntry(ours.path, handle.create_blob(text.encode("utf-8", "surrogateescape")), ours.mode)


def _is_text(handle: pygit2.Repository, entry: pygit2.IndexEntry) -> bool:
    """Whether it is a file that marks can be written into."""
    found = handle[entry.id]
    if not isinstance(found, pygit2.Blob) or found.is_binary:
        return False
    try:
        found.data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(handle: pygit2.Repository, entry: pygit2.IndexEntry | None) -> str | None:
    if entry is None:
        return None
    found = handle[entry.id]
    return found.data.decode("utf-8", "replace") if isinstance(found, pygit2.Blob) else None
