"""What is durable before git shows it: a write-ahead log in one file, overwritten in place. Must not know what the objects mean.

A pack can't grow once git sees it, and a new pack is two new files, a moved ref and two waits for the disk at the least. A group
that goes here first is durable after one wait: the file has its size and its blocks already. Git gets many groups as one pack.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from engine.store.durable import make_folder, sync_folder

SIZE: Final = 4 * 1024 * 1024
"""Bytes of the file: 32 groups of 64 events are 3 MB."""
_BLOCK: Final = 4096
"""Each group begins a block of its own, so that a write that is torn can't take an earlier group with it."""
_MAGIC: Final = b"orchWAL1"
_HEAD: Final = struct.Struct(">8sII20s20sI")
"""The magic, the checksum of all that follows it, bytes of the body, the tip before and after, and how many objects."""
_CHECKED_FROM: Final = len(_MAGIC) + 4
_LENGTH: Final = struct.Struct(">I")
_NO_TIP: Final = bytes(20)


class Group(msgspec.Struct, frozen=True):
    """The objects of one append, as they go into a pack one after the other, and the commits before and after it."""

    old: str | None
    new: str
    ids: Sequence[bytes]
    chunks: Sequence[bytes]


class WriteAheadLog:
    """The file, open for the one writer that there may be: the holder of the engine's lock."""

    def __init__(self, descriptor: int, seed: int) -> None:
        self._descriptor = descriptor
        self._seed = seed
        self._end = 0

    @classmethod
    def open(cls, path: Path, ref: str) -> Self:
        """The file, made where it isn't there, durably; what was in it is given up.

        Raises: OSError.
        """
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size != SIZE:
                # Written, not only reserved: the first write to a reserved block would have to wait for its map, too.
                os.ftruncate(descriptor, 0)
                _write(descriptor, bytes(SIZE), 0)
                os.fsync(descriptor)
                sync_folder(path.parent)
        except OSError:
            os.close(descriptor)
            raise
        log = cls(descriptor, _seed(ref))
        log.clear()
        return log

    def put(self, group: Group) -> bool:
        """Make the group durable behind those that are there; whether there was room for it.

        Raises: OSError; then it is as if the group had never been given, as far as the disk still obeys.
        """
        record = self._encode(group)
        if self._end + len(record) > SIZE:
            return False
        try:
            _write(self._descriptor, record, self._end)
            os.fdatasync(self._descriptor)
        except BaseException:
            with suppress(OSError):
                self._cut()
                os.fdatasync(self._descriptor)
            raise
        self._end += -(-len(record) // _BLOCK) * _BLOCK
        return True

    def clear(self) -> None:
        """Forget all groups, because git has them. Should they come back, after an error or a power cut, git still has them."""
        self._end = 0
        with suppress(OSError):
            self._cut()

    def close(self) -> None:
        os.close(self._descriptor)

    def _cut(self) -> None:
        _write(self._descriptor, bytes(_HEAD.size), self._end)

    def _encode(self, group: Group) -> bytes:
        lengths = struct.pack(f">{len(group.chunks)}I", *map(len, group.chunks))
        body = b"".join((*group.ids, lengths, *group.chunks))
        old = bytes.fromhex(group.old) if group.old else _NO_TIP
        head = _HEAD.pack(_MAGIC, 0, len(body), old, bytes.fromhex(group.new), len(group.ids))
        checksum = zlib.crc32(body, zlib.crc32(head[_CHECKED_FROM:], self._seed))
        return b"".join((_MAGIC, _LENGTH.pack(checksum), head[_CHECKED_FROM:], body))


def read(path: Path, ref: str) -> list[Group]:
    """The groups of this ref that are whole, in order, each going on from the one before; git may have them already.

    Raises: OSError, but not where there is no file.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return list(_groups(content, _seed(ref)))


def _groups(content: bytes, seed: int) -> Iterator[Group]:
    at, before = 0, None
    while at + _HEAD.size <= len(content):
        magic, checksum, size, old, new, count = _HEAD.unpack_from(content, at)
        body = content[at + _HEAD.size : at + _HEAD.size + size]
        found = zlib.crc32(body, zlib.crc32(content[at + _CHECKED_FROM : at + _HEAD.size], seed))
        # What an earlier round left behind the last group is whole too, but does not go on from it.
        if magic != _MAGIC or found != checksum or before not in (None, old):
            return
        yield _group(old, new, body, count)
        at += -(-(_HEAD.size + size) // _BLOCK) * _BLOCK
        before = new


def _group(old: bytes, new: bytes, body: bytes, count: int) -> Group:
    ids = [body[at : at + 20] for at in range(0, 20 * count, 20)]
    chunks, at = [], 24 * count
    for length in struct.unpack_from(f">{count}I", body, 20 * count):
        chunks.append(body[at : at + length])
        at += length
    return Group(None if old == _NO_TIP else old.hex(), new.hex(), ids, chunks)


def _seed(ref: str) -> int:
    """Where the checksum begins, so that no ref takes another one's groups for its own."""
    return zlib.crc32(ref.encode())


def _write(descriptor: int, content: bytes, at: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
