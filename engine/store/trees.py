"""The folder tree of the state branch, kept in memory so that a change costs only the folders above it.

Must not read or write the repository itself: objects come from an ObjectSource and go to an ObjectSink. A folder is kept as git
writes it, so that a new version of what is in it is twenty bytes, and only another name makes it anew.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Self

from engine.store.objects import ObjectSink, ObjectSource

# What a path's part may be: ASCII without separators, so that every platform can check it out and no part means `.git`.
_PART = re.compile(r"[A-Za-z0-9_+@=:-][A-Za-z0-9._+@=:-]*")
_FILE, _FOLDER = b"100644 ", b"40000 "
_ID_BYTES = 20


class Folder:
    """One folder: its content, where in it each entry's object id is, and those of its folders that somebody looked into."""

    __slots__ = ("_content", "_differs_at", "_path", "_source", "changed", "ids_at", "key", "opened", "start")

    def __init__(self, source: ObjectSource, content: bytes = b"", *, path: str = "", name: bytes = b"") -> None:
        self._source = source
        self._path = path
        self.key = name + b"/"
        self.start = _FOLDER + name + b"\0"
        self._content = bytearray(content)
        self.ids_at = _ids_at(parse_tree(content))
        self._differs_at = 0
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
            if name in folder.ids_at:
                raise _taken(parts, name)
            folder.changed.add(name)
            folder = folder.open_below(name) or folder.make_below(name)
        name = parts[-1]
        if name + b"/" in folder.ids_at:
            raise _taken(parts, name + b"/")
        folder.put_entry(name, _FILE + name + b"\0", blob_id)

    def remove(self, parts: Sequence[bytes]) -> bool:
        """Take the file, or the folder with all that is in it, at this path away; whether it was there."""
        name, *rest = parts
        if not rest:
            self.changed.discard(name)
            self.opened.pop(name, None)
            return self._remove_entry(name) or self._remove_entry(name + b"/")
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
            if below.ids_at:
                self.put_entry(below.key, below.start, tree_id)
            else:
                # Git keeps no empty folders.
                del self.opened[name]
                self._remove_entry(below.key)
        self.changed.clear()
        differs_at, self._differs_at = self._differs_at, 0
        return sink.add("tree", bytes(self._content), lineage=self._path, differs_at=differs_at)

    def open_below(self, name: bytes) -> "Folder | None":
        """The folder of this name, None when there is none."""
        opened = self.opened.get(name)
        if opened is None and (at := self.ids_at.get(name + b"/")) is not None:
            return self.make_below(name, self._source.read(bytes(self._content[at : at + _ID_BYTES])))
        return opened

    def make_below(self, name: bytes, content: bytes = b"") -> "Folder":
        """A folder of this name, kept open; it becomes an entry when it is written."""
        made = Folder(self._source, content, path=f"{self._path}{name.decode()}/", name=name)
        self.opened[name] = made
        return made

    def put_entry(self, key: bytes, start: bytes, object_id: bytes) -> None:
        """Set an entry to this id; `start` is what git writes before it."""
        at = self.ids_at.get(key)
        if at is None:
            self._set_entries({**self._entries(), key: start + object_id})
        else:
            self._content[at : at + _ID_BYTES] = object_id
            # Of several the last: where that is not all, whoever looks there sees it.
            self._differs_at = at

    def _remove_entry(self, key: bytes) -> bool:
        entries = self._entries()
        if entries.pop(key, None) is None:
            return False
        self._set_entries(entries)
        return True

    def _entries(self) -> dict[bytes, bytes]:
        return dict(parse_tree(bytes(self._content)))

    def _set_entries(self, entries: dict[bytes, bytes]) -> None:
        ordered = sorted(entries.items())
        self._content = bytearray(b"".join(entry for _, entry in ordered))
        self.ids_at = _ids_at(ordered)


def _ids_at(entries: Iterable[tuple[bytes, bytes]]) -> dict[bytes, int]:
    ends = 0
    found: dict[bytes, int] = {}
    for key, entry in entries:
        ends += len(entry)
        found[key] = ends - _ID_BYTES
    return found


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
