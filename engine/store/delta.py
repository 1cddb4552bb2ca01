"""The difference between two versions of one thing as git's delta (gitformat-pack, "Deltified representation")."""

import struct
from typing import Final

MAX_CONTENT: Final = 0xFFFF
"""Bytes of either version: one copy instruction with two-byte operands covers it."""
_COPY: Final = struct.Struct("<BHH")
_COPY_HEAD: Final = 0x80 | 0x01 | 0x02 | 0x10 | 0x20
_MAX_INSERT: Final = 0x7F

ID_BYTES: Final = 20


def between(base: bytes, new: bytes) -> bytes:
    """The delta that turns `base` into `new`, each at most MAX_CONTENT: the common beginning, what is new, the common end.

    A version on the state branch differs from the one before in one place (an entry of a folder, a state in a file), so this
    finds nearly all there is, at the price of a subtraction.
    """
    head, tail = _common_ends(base, new)
    end = len(new) - tail
    pieces = [_size(len(base)), _size(len(new))]
    if head:
        pieces.append(_COPY.pack(_COPY_HEAD, 0, head))
    for start in range(head, end, _MAX_INSERT):
        piece = new[start : min(start + _MAX_INSERT, end)]
        pieces += (bytes((len(piece),)), piece)
    if tail:
        pieces.append(_COPY.pack(_COPY_HEAD, len(base) - tail, tail))
    return b"".join(pieces)


def differ_in_id(base: bytes, new: bytes, at: int) -> bool:
    """Whether the object id at `at` is all that differs, which is what an event does to each of the folders above its file."""
    end = at + ID_BYTES
    return len(base) == len(new) and base[:at] == new[:at] and base[end:] == new[end:]


def replacing_id(size: int, at: int) -> tuple[bytes, bytes]:
    """What comes before and after the new id in the delta that replaces the one at `at` in so many bytes."""
    mark, end = _size(size), at + ID_BYTES
    start = mark + mark + _COPY.pack(_COPY_HEAD, 0, at) + bytes((ID_BYTES,))
    return start, _COPY.pack(_COPY_HEAD, end, size - end) if end < size else b""


def _common_ends(base: bytes, new: bytes) -> tuple[int, int]:
    """How many bytes the two begin with in common, and how many of the rest they end with in common."""
    # As numbers, because Python has no other way to compare bytes one by one that is as fast.
    shorter = min(len(base), len(new))
    difference = int.from_bytes(base[:shorter], "big") ^ int.from_bytes(new[:shorter], "big")
    rest = difference.bit_length() + 7 >> 3
    head = shorter - rest
    if rest == 0:
        return head, 0
    if len(base) != len(new):
        difference = int.from_bytes(base[-rest:], "big") ^ int.from_bytes(new[-rest:], "big")
    return head, (difference & -difference).bit_length() - 1 >> 3 if difference else rest


def _size(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
