"""Files that are durable once they have their name: written under another one, synced, renamed, and their folder synced.

Knows nothing of git. Syncs are asked for together, from several threads, because a journalling file system answers them with one
commit of its journal: three files then cost one wait for the disk instead of three.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_HELPERS: Final = 2
"""Threads beside the caller's: a write of ours has three files."""


class Disk:
    """Writes files durably; `close` ends its threads."""

    def __init__(self) -> None:
        self._helpers = ThreadPoolExecutor(_HELPERS, thread_name_prefix="orch-sync")

    def close(self) -> None:
        """Nothing can be written any more."""
        self._helpers.shutdown()

    def release(self, descriptor: int) -> None:
        """Close a descriptor soon, while nobody waits: the last one of a deleted file frees its blocks."""
        self._helpers.submit(os.close, descriptor)

    def fill(self, files: Mapping[int, bytes]) -> None:
        """Put the contents into open, empty files (by descriptor), durable on return; the descriptors stay open.

        Raises: OSError.
        """
        for descriptor, content in files.items():
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
        first, *others = files
        # A new file's size and blocks are synced by fdatasync too: without them its content could not be read back.
        syncing = [self._helpers.submit(os.fdatasync, descriptor) for descriptor in others]
        try:
            os.fdatasync(first)
        finally:
            # All of them, also after an error: a descriptor must not be closed while a thread syncs it.
            errors = [sync.exception() for sync in syncing]
        for error in filter(None, errors):
            raise error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises: OSError.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, durably, where they are not there yet.

    Raises: OSError.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
