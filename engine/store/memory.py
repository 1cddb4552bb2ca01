"""The state branch in memory: the same objects and the same rules, gone with the process."""

import threading
from collections.abc import Sequence

from engine.store.draft import Draft
from engine.store.entry import Entry
from engine.store.errors import LogMovedOn
from engine.store.objectlog import ObjectLog
from engine.store.objects import ObjectsInMemory


class MemoryBranch:
    """What several logs may share, as a repository is shared: objects, and a ref that moves by compare-and-swap."""

    def __init__(self) -> None:
        self.objects = ObjectsInMemory()
        self.tip: str | None = None
        self._moving = threading.Lock()

    def move(self, ref: str, old: str | None, new: str) -> None:
        """Move the ref, named `ref` in the error.

        Raises: LogMovedOn when it is not at `old`.
        """
        with self._moving:
            if self.tip != old:
                raise LogMovedOn(ref, old, self.tip)
            self.tip = new


class MemoryLog(ObjectLog):
    """The port Log on a MemoryBranch, its own unless one is given."""

    def __init__(self, branch: MemoryBranch | None = None) -> None:
        self._branch = branch or MemoryBranch()
        super().__init__(self._branch.objects, "orch-state (in memory)")

    def tip(self) -> str | None:
        return self._branch.tip

    def close(self) -> None:
        """Nothing is open; the branch lives as long as somebody refers to it."""

    def _store(self, draft: Draft, entries: Sequence[Entry], old: str | None) -> str:
        self._fill(draft, entries, self._branch.objects)
        new = draft.tip or ""
        self._branch.move(self.ref, old, new)
        return new
