"""The folder tree of the state branch, kept in memory so that a change costs only the folders above it.

Must not read or write the repository itself: objects come from an ObjectSource and go to an ObjectSink. A folder's entries stay
in git's order, so that replacing one keeps the order and only a new name sorts again.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Self

from engine.store.objects import ObjectSink, ObjectSource

# What a path's part may be: ASCII without separators, so that every platform can check it out and no part means `.git`.
_PART = re.compile(r"[A-Za-z0-9_+@=:-][A-Za-z0-9._+@=:-]*")
_FILE, _FOLDER = b"100644 ", b"40000 "


class Folder:
    """One folder: its entries, and those of its folders that somebody looked into."""

    __slots__ = ("_path", "_source", "changed", "entries", "key", "opened", "start")

    def __init__(self, source: ObjectSource, content: bytes = b"", *, path: str = "", name: bytes = b"") -> None:
        self._source = source
        self._path = path
        self.key = name + b"/"
        self.start = _FOLDER + name + b"\0"
        self.entries = dict(parse_tree(content))
        self.opened: dict[bytes, Folder] = {}
        self.changed: set[bytes] = set()

    @classmethod
    def load(cls, source: ObjectSource, tree_id: bytes) -> Self:
        """The root folder whose tree object has this id."""
        return cls(source, source.read(tree_id))

    def put(self, parts: Sequence[bytes], blob_id: bytes) -> None:
        """Make the file at this path (from `split_path`) this blob.

        Raises: ValueError when the path runs through a file, or names a folder; then this folder must be thrown away.
        """
        folder = self
        for name in parts[:-1]:
            if name in folder.entries:
                raise _taken(parts, name)
            folder.changed.add(name)
            folder = folder.open_below(name) or folder.make_below(name)
        name = parts[-1]
        if name + b"/" in folder.entries:
            raise _taken(parts, name + b"/")
        folder.put_entry(name, _FILE + name + b"\0" + blob_id)

    def remove(self, parts: Sequence[bytes]) -> bool:
        """Take the file, or the folder with all that is in it, at this path away; whether it was there."""
        name, *rest = parts
        if not rest:
            self.changed.discard(name)
            self.opened.pop(name, None)
            return (self.entries.pop(name, None) or self.entries.pop(name + b"/", None)) is not None
        below = self.open_below(name)
        if below is None or not below.remove(rest):
            return False
        self.changed.add(name)
        return True

    def write(self, sink: ObjectSink) -> bytes:
        """The id of this folder's tree; it and what changed below are now in `sink`."""
        for name in self.changed:
            below = self.opened[name]
            tree_id = below.write(sink)
            if below.entries:
                entry = below.start + tree_id
                if below.key in self.entries:
                    self.entries[below.key] = entry
                else:
                    self.put_entry(below.key, entry)
            else:
                # Git keeps no empty folders.
                del self.opened[name]
                self.entries.pop(below.key, None)
        self.changed.clear()
        return sink.add("tree", b"".join(self.entries.values()), lineage=self._path)

    def open_below(self, name: bytes) -> "Folder | None":
        """The folder of this name, None when there is none."""
        opened = self.opened.get(name)
        if opened is None and (entry := self.entries.get(name + b"/")) is not None:
            return self.make_below(name, self._source.read(entry[-20:]))
        return opened

    def make_below(self, name: bytes, content: bytes = b"") -> "Folder":
        """A folder of this name, kept open; it becomes an entry when it is written."""
        made = Folder(self._source, content, path=f"{self._path}{name.decode()}/", name=name)
        self.opened[name] = made
        return made

    def put_entry(self, key: bytes, entry: bytes) -> None:
        """Set an entry, in git's order."""
        is_new = key not in self.entries
        self.entries[key] = entry
        if is_new:
            self.entries = dict(sorted(self.entries.items()))


def _taken(parts: Sequence[bytes], name: bytes) -> ValueError:
    return ValueError(f"{b'/'.join(parts).decode()}: {name.decode()} is there already, and the other kind of thing")


@lru_cache(maxsize=4096)
def split_path(path: str) -> tuple[bytes, ...]:
    """The parts of a path on the state branch.

    Raises: ValueError when a part is empty, starts with a dot, or holds anything but letters, digits and `._+@=:-`.
    """
    parts = path.split("/")
    for part in parts:
        if not _PART.fullmatch(part):
            raise ValueError(
                f"{path!r} cannot be a path on the state branch: {part!r} is not letters, digits and ._+@=:-"
            )
    return tuple(part.encode() for part in parts)


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
    # Folders that are being walked, outermost first; a generator in a generator would hand each file through all of them.
    open_folders = [(path, parse_tree(source.read(tree_id)))]
    while open_folders:
        at, entries = open_folders[-1]
        for key, entry in entries:
            name = key.decode()
            if not name.endswith("/"):
                yield at + name, entry[-20:]
            elif name[:-1] not in skip:
                open_folders.append((at + name, parse_tree(source.read(entry[-20:]))))
                break
        else:
            open_folders.pop()
