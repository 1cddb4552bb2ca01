"""Git objects as bytes: their names, and the two ways to keep them; must not touch the disk."""

import hashlib
from typing import Final, Literal, Protocol

from engine.store.errors import LostObject

Kind = Literal["commit", "tree", "blob"]

_HEADERS: Final[dict[Kind, bytes]] = {"commit": b"commit %d\0", "tree": b"tree %d\0", "blob": b"blob %d\0"}


class ObjectSink(Protocol):
    """Where new objects go."""

    def add(self, kind: Kind, content: bytes, *, lineage: str | None = None, differs_at: int = 0) -> bytes:
        """The 20-byte id of the object, which is now kept.

        `lineage` names what this is a version of (a path); versions of one thing are near each other in content. `differs_at` is
        where, above 0, only an object id is another one than in the version before, as far as the caller knows.
        """
        ...


class ObjectSource(Protocol):
    """Where objects are read."""

    def read(self, object_id: bytes) -> bytes:
        """The content of the object with this 20-byte id.

        Raises: LostObject.
        """
        ...


def name_object(kind: Kind, content: bytes) -> bytes:
    """The 20-byte id that git gives this object (SHA-1 names objects here; it is no secret's guard)."""
    return hashlib.sha1(_HEADERS[kind] % len(content) + content, usedforsecurity=False).digest()


class ObjectsInMemory:
    """Objects in a dictionary: an ObjectSink and an ObjectSource."""

    def __init__(self) -> None:
        self._contents: dict[bytes, bytes] = {}

    def add(
        self, kind: Kind, content: bytes, *, lineage: str | None = None, differs_at: int = 0,  # noqa: ARG002 - of the port
    ) -> bytes:  # fmt: skip
        object_id = name_object(kind, content)
        self._contents[object_id] = content
        return object_id

    def read(self, object_id: bytes) -> bytes:
        if object_id not in self._contents:
            raise LostObject(object_id.hex(), "is missing")
        return self._contents[object_id]
