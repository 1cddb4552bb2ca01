"""A git pack and its index, built in memory (gitformat-pack); must not touch the disk.

One pack holds all objects of what git is shown at once. A later version of a folder or file within it is stored as an OFS_DELTA against
the one before, which makes 32 versions of a folder little more than one.
"""

import hashlib
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, islice
from operator import itemgetter
from typing import Final

from isal import isal_zlib

from engine.store import delta
from engine.store.objects import Kind, name_object

_TYPES: Final[dict[Kind, int]] = {"commit": 1, "tree": 2, "blob": 3}
_OFS_DELTA: Final = 6
_MAX_CHAIN: Final = 50
"""Deltas upon deltas, at most: what `git repack` uses (its `--depth`), so that reading stays fast."""
_LEVEL: Final = 1
"""Of ISA-L, whose streams are as small as zlib's fastest, in a third of the time (1 KB: 6 us, 15 us); upkeep repacks anyway."""
_STORED_UP_TO: Final[dict[Kind, int]] = {"commit": 1024, "tree": 0xFFFF, "blob": 64}
"""Bytes up to which compression is left out. A folder is mostly object ids, which do not compress; what a commit would gain, 200
bytes, is not worth a twentieth of the time of an append, since upkeep gets it back."""
_WHOLE_UP_TO: Final = 128
"""Bytes up to which an object is never a delta: it would save 60, and cost more time than to write it down."""
_DELTA_STORED_UP_TO: Final = 1024
_STORED: Final = struct.Struct("<2sBHH")
_MAX_PACK: Final = 0x7FFFFFFF
_HEAD_BYTES: Final = 12
INDEX_HEAD: Final = b"\xfftOc\0\0\0\2"
"""How an index of version 2 begins."""

_Version = tuple[bytes, int, int]
"""Content, offset in the pack, and how many deltas reading it takes."""


class Pack:
    """Objects on their way to the disk: an ObjectSink."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = _HEAD_BYTES
        self._index: dict[bytes, int] = {}
        self._versions: dict[str, _Version] = {}

    def __len__(self) -> int:
        """How many objects are in it."""
        return len(self._chunks)

    def since(self, count: int) -> tuple[list[bytes], list[bytes]]:
        """The objects after the first `count`: their ids, and their bytes in the pack."""
        return self._ids_after(count), self._chunks[count:]

    def extend(self, ids: Sequence[bytes], chunks: Sequence[bytes]) -> None:
        """Put objects in that `since` of a pack like this one gave."""
        for object_id, chunk in zip(ids, chunks, strict=True):
            self._put(object_id, chunk)

    def rewind(self, count: int) -> None:
        """Be again as after the first `count` objects."""
        for object_id in reversed(self._ids_after(count)):
            self._size = self._index.pop(object_id)
        del self._chunks[count:]
        self._versions.clear()

    def add(self, kind: Kind, content: bytes, *, lineage: str | None = None, differs_at: int = 0) -> bytes:
        """The 20-byte id of the object, which is now in the pack, once."""
        object_id = name_object(kind, content)
        if object_id in self._index:
            return object_id
        chunk: bytes | None = None
        if lineage is not None and _WHOLE_UP_TO < len(content) <= delta.MAX_CONTENT:
            offset, chain = self._size, 0
            before = self._versions.get(lineage)
            if before is not None and before[2] < _MAX_CHAIN:
                base, base_offset, chain = before
                chunk = _as_delta(base, content, differs_at, offset - base_offset)
            self._versions[lineage] = content, offset, chain + 1 if chunk else 0
        self._put(object_id, chunk or _whole(kind, content))
        return object_id

    def finish(self) -> tuple[bytes, bytes]:
        """The content of the pack, and of its index."""
        body = b"".join((struct.pack(">4sII", b"PACK", 2, len(self._index)), *self._chunks))
        checksum = hashlib.sha1(body, usedforsecurity=False).digest()
        return body + checksum, self._make_index(checksum)

    def _ids_after(self, count: int) -> list[bytes]:
        # From the end: a pack that many groups share is much longer than the last of them.
        return list(islice(reversed(self._index), len(self._chunks) - count))[::-1]

    def _put(self, object_id: bytes, chunk: bytes) -> None:
        self._index[object_id] = self._size
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _MAX_PACK:
            raise OverflowError("one durable write is over 2 GiB; append fewer entries at a time")

    def _make_index(self, pack_checksum: bytes) -> bytes:
        ids = sorted(self._index)
        checksums = dict(zip(self._index, map(zlib.crc32, self._chunks), strict=True))
        counts = Counter(map(itemgetter(0), ids))
        body = b"".join(
            (
                INDEX_HEAD,
                struct.pack(">256I", *accumulate(counts[first] for first in range(256))),
                *ids,
                struct.pack(f">{len(ids)}I", *map(checksums.__getitem__, ids)),
                struct.pack(f">{len(ids)}I", *map(self._index.__getitem__, ids)),
                pack_checksum,
            )
        )
        return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _as_delta(base: bytes, content: bytes, differs_at: int, distance: int) -> bytes | None:
    """The object as a delta of one that is so many bytes before it, if that is worth it."""
    if differs_at and delta.differ_in_id(base, content, differs_at):
        object_id = content[differs_at : differs_at + delta.ID_BYTES]
        head, start, end, checksum = _replacing(len(content), differs_at)
        checksum = zlib.adler32(end, zlib.adler32(object_id, checksum))
        return b"".join((head, _distance(distance), start, object_id, end, checksum.to_bytes(4, "big")))
    difference = delta.between(base, content)
    if len(difference) > len(content) // 2:
        return None
    return b"".join((_entry_head(_OFS_DELTA, len(difference)), _distance(distance), _deflate(difference)))


@lru_cache(maxsize=4096)
def _replacing(size: int, at: int) -> tuple[bytes, bytes, bytes, int]:
    """A delta that replaces an id: the entry's head, what of the stored stream comes before the id and after it, the checksum so far."""
    start, end = delta.replacing_id(size, at)
    length = len(start) + delta.ID_BYTES + len(end)
    return _entry_head(_OFS_DELTA, length), _stored_head(length) + start, end, zlib.adler32(start)


def _whole(kind: Kind, content: bytes) -> bytes:
    size = len(content)
    if size > _STORED_UP_TO[kind]:
        return _entry_head(_TYPES[kind], size) + isal_zlib.compress(content, _LEVEL)
    return b"".join((_head_of_stored(kind, size), content, zlib.adler32(content).to_bytes(4, "big")))


@lru_cache(maxsize=4096)
def _head_of_stored(kind: Kind, size: int) -> bytes:
    return _entry_head(_TYPES[kind], size) + _stored_head(size)


def _deflate(content: bytes) -> bytes:
    if len(content) > _DELTA_STORED_UP_TO:
        return isal_zlib.compress(content, _LEVEL)
    return b"".join((_stored_head(len(content)), content, zlib.adler32(content).to_bytes(4, "big")))


def _stored_head(length: int) -> bytes:
    """The beginning of a zlib stream of one stored block (RFC 1950, 1951), which costs no compressor."""
    return _STORED.pack(b"\x78\x01", 1, length, length ^ 0xFFFF)


def _entry_head(type_number: int, size: int) -> bytes:
    first, size = type_number << 4 | size & 0x0F, size >> 4
    if not size:
        return bytes((first,))
    if size <= 0x7F:
        return bytes((first | 0x80, size))
    head = [first | 0x80]
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)


def _distance(back: int) -> bytes:
    if 0x7F < back < 0x4080:
        return bytes(((back >> 7) - 1 | 0x80, back & 0x7F))
    encoded = [back & 0x7F]
    while back := back >> 7:
        back -= 1
        encoded.append(back & 0x7F | 0x80)
    return bytes(reversed(encoded))
