"""The folder tree of the state branch, kept in memory so that a change costs only the folders above it.

Must not read or write the repository itself: objects come from an ObjectSource and go to an ObjectSink. A folder's entries stay
in git's order, so that replacing one keeps the order and only a new name sorts again.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Self

from engine.store.objects import ObjectSink, ObjectSource

# What a path's part may be: ASCII without separators, so that every platform can check it out and no part means `.git`.
_PART = re.compile(r"[A-Za-z0-9_+@=:-][A-Za-z0-9._+@=:-]*")
_FILE, _FOLDER = b"100644 ", b"40000 "


class Folder:
    """One folder: its entries, and those of its folders that somebody looked into."""

    __slots__ = ("_changed", "_entries", "_opened", "_source")

    def __init__(self, source: ObjectSource, content: bytes = b"") -> None:
        self._source = source
        self._entries = dict(parse_tree(content))
        self._opened: dict[bytes, Folder] = {}
        self._changed: set[bytes] = set()

    @classmethod
    def load(cls, source: ObjectSource, tree_id: bytes) -> Self:
        """The folder whose tree object has this id."""
        return cls(source, source.read(tree_id))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it; git keeps no empty folders."""
        return not self._entries

    def put(self, parts: Sequence[bytes], blob_id: bytes) -> None:
        """Make the file at this path (from `split_path`) this blob.

        Raises: ValueError when the path runs through a file, or names a folder.
        """
        name, *rest = parts
        taken = name if rest else name + b"/"
        if taken in self._entries:
            raise ValueError(
                f"{b'/'.join(parts).decode()}: {taken.decode()} is there already, and the other kind of thing"
            )
        if rest:
            below = self._open(name) or self._opened.setdefault(name, Folder(self._source))
            below.put(rest, blob_id)
            self._changed.add(name)
        else:
            self._set(name, _FILE + name + b"\0" + blob_id)

    def remove(self, parts: Sequence[bytes]) -> bool:
        """Take the file at this path away; whether it was there."""
        name, *rest = parts
        if not rest:
            return self._entries.pop(name, None) is not None
        below = self._open(name)
        if below is None or not below.remove(rest):
            return False
        self._changed.add(name)
        return True

    def write(self, sink: ObjectSink, path: str = "") -> bytes:
        """The id of this folder's tree; it and what changed below are now in `sink`."""
        for name in self._changed:
            below = self._opened[name]
            tree_id = below.write(sink, f"{path}{name.decode()}/")
            if below.is_empty:
                del self._opened[name]
                self._entries.pop(name + b"/", None)
            else:
                self._set(name + b"/", _FOLDER + name + b"\0" + tree_id)
        self._changed.clear()
        return sink.add("tree", b"".join(self._entries.values()), lineage=path)

    def _open(self, name: bytes) -> "Folder | None":
        opened = self._opened.get(name)
        if opened is None and (entry := self._entries.get(name + b"/")) is not None:
            opened = self._opened[name] = Folder(self._source, self._source.read(entry[-20:]))
        return opened

    def _set(self, key: bytes, entry: bytes) -> None:
        is_new = key not in self._entries
        self._entries[key] = entry
        if is_new:
            self._entries = dict(sorted(self._entries.items()))


def split_path(path: str) -> list[bytes]:
    """The parts of a path on the state branch.

    Raises: ValueError when a part is empty, starts with a dot, or holds anything but letters, digits and `._+@=:-`.
    """
    parts = path.split("/")
    for part in parts:
        if not _PART.fullmatch(part):
            raise ValueError(
                f"{path!r} cannot be a path on the state branch: {part!r} is not letters, digits and ._+@=:-"
            )
    return [part.encode() for part in parts]


def parse_tree(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a tree object: the name as git sorts it (a folder ends in `/`), and the entry's bytes."""
    start = 0
    while start < len(content):
        zero = content.index(b"\0", start)
        end = zero + 21
        mode, _, name = content[start:zero].partition(b" ")
        yield (name + b"/" if mode == b"40000" else name), content[start:end]
        start = end


def find(source: ObjectSource, tree_id: bytes, path: str) -> tuple[bytes, bool] | None:
    """The id at `path` below this tree and whether it is a folder, or None; `""` is the tree itself."""
    found, is_folder = tree_id, True
    for part in path.split("/") if path else ():
        entries = dict(parse_tree(source.read(found))) if is_folder else {}
        name = part.encode()
        is_folder = name + b"/" in entries
        entry = entries.get(name + b"/") or entries.get(name)
        if entry is None:
            return None
        found = entry[-20:]
    return found, is_folder


def walk(source: ObjectSource, tree_id: bytes, path: str, skip: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    """The path and blob id of every file below this tree, whose own path is `path`, without folders named in `skip`."""
    for key, entry in parse_tree(source.read(tree_id)):
        name = key.decode()
        if not name.endswith("/"):
            yield path + name, entry[-20:]
        elif name[:-1] not in skip:
            yield from walk(source, entry[-20:], path + name, skip)
