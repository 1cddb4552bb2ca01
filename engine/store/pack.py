"""A git pack and its index, built in memory (gitformat-pack); must not touch the disk.

One pack holds all objects of one durable write. A later version of a folder or file within it is stored as an OFS_DELTA against
the one before, which makes 32 versions of a folder little more than one.
"""

import hashlib
import struct
import zlib
from itertools import accumulate
from typing import Final

from engine.store import delta
from engine.store.objects import Kind, name_object

_TYPES: Final[dict[Kind, int]] = {"commit": 1, "tree": 2, "blob": 3}
_OFS_DELTA: Final = 6
_MAX_CHAIN: Final = 50
"""Deltas upon deltas, at most: what `git repack` uses (its `--depth`), so that reading stays fast."""
_FAST: Final = 1
"""zlib's level: level 6 makes packs a tenth smaller and an append slower; upkeep repacks anyway."""
_STORED_UP_TO: Final[dict[Kind, int]] = {"commit": 512, "tree": 0xFFFF, "blob": 64}
"""Bytes up to which zlib is left out. A folder is mostly object ids, which do not compress; what a short commit would gain, 150
bytes, is not worth a tenth of the time of an append."""
_DELTA_STORED_UP_TO: Final = 64
_STORED: Final = struct.Struct("<2sBHH")
_ADLER: Final = struct.Struct(">I")
_MAX_PACK: Final = 0x7FFFFFFF


_Version = tuple[bytes, int, int]
"""Content, offset in the pack, and how many deltas reading it takes."""


class Pack:
    """Objects on their way to the disk: an ObjectSink."""

    def __init__(self) -> None:
        self._chunks = [b""]
        self._size = 12
        self._index: dict[bytes, tuple[int, int]] = {}
        self._versions: dict[str, _Version] = {}

    def add(self, kind: Kind, content: bytes, *, lineage: str | None = None) -> bytes:
        """The 20-byte id of the object, which is now in the pack, once."""
        object_id = name_object(kind, content)
        if object_id in self._index:
            return object_id
        before = self._versions.get(lineage) if lineage is not None else None
        offset = self._size
        chain = self._put_delta(object_id, content, before) if before else 0
        if not chain:
            head = _entry_head(_TYPES[kind], len(content))
            self._put(object_id, head + _deflate(content, _STORED_UP_TO[kind]))
        if lineage is not None and len(content) <= delta.MAX_CONTENT:
            self._versions[lineage] = (content, offset, chain)
        return object_id

    def finish(self) -> tuple[bytes, bytes]:
        """The content of the pack, and of its index."""
        self._chunks[0] = struct.pack(">4sII", b"PACK", 2, len(self._index))
        body = b"".join(self._chunks)
        checksum = hashlib.sha1(body, usedforsecurity=False).digest()
        return body + checksum, self._make_index(checksum)

    def _put_delta(self, object_id: bytes, content: bytes, before: _Version) -> int:
        """Put the object as a delta if that is worth it; how many deltas reading it takes, else 0."""
        base, offset, chain = before
        if chain == _MAX_CHAIN or len(content) > delta.MAX_CONTENT:
            return 0
        difference = delta.between(base, content)
        length = len(difference)
        if length > len(content) // 2:
            return 0
        distance = _distance(self._size - offset)
        if length <= _DELTA_STORED_UP_TO:
            entry_head, stored_head = _SHORT_DELTAS[length]
            checksum = zlib.adler32(difference).to_bytes(4, "big")
            self._put(object_id, b"".join((entry_head, distance, stored_head, difference, checksum)))
        else:
            self._put(object_id, _entry_head(_OFS_DELTA, length) + distance + zlib.compress(difference, _FAST))
        return chain + 1

    def _put(self, object_id: bytes, chunk: bytes) -> None:
        self._index[object_id] = (self._size, zlib.crc32(chunk))
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > _MAX_PACK:
            raise OverflowError("one durable write is over 2 GiB; append fewer entries at a time")

    def _make_index(self, pack_checksum: bytes) -> bytes:
        ids = sorted(self._index)
        counts = [0] * 256
        for object_id in ids:
            counts[object_id[0]] += 1
        body = b"".join(
            (
                b"\xfftOc\0\0\0\2",
                struct.pack(">256I", *accumulate(counts)),
                *ids,
                struct.pack(f">{len(ids)}I", *(self._index[object_id][1] for object_id in ids)),
                struct.pack(f">{len(ids)}I", *(self._index[object_id][0] for object_id in ids)),
                pack_checksum,
            )
        )
        return body + hashlib.sha1(body, usedforsecurity=False).digest()


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


def _deflate(content: bytes, max_stored: int) -> bytes:
    """The content as a zlib stream, stored as it is up to a size."""
    length = len(content)
    if length > max_stored:
        return zlib.compress(content, _FAST)
    # RFC 1950 and 1951: one stored block, without the cost of setting up a compressor.
    return b"".join(
        (_STORED.pack(b"\x78\x01", 1, length, length ^ 0xFFFF), content, _ADLER.pack(zlib.adler32(content)))
    )


_SHORT_DELTAS: Final = tuple(
    (_entry_head(_OFS_DELTA, length), _STORED.pack(b"\x78\x01", 1, length, length ^ 0xFFFF))
    for length in range(_DELTA_STORED_UP_TO + 1)
)
"""The heads of a delta of each length, in the pack and as a stored zlib stream."""
