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


def keeps_order(*folders: Path) -> bool:
    """Whether one sync of the last folder makes all earlier changes of names in the others durable too, or none of the later ones.

    So it is where a single journal orders them: ext4 that has one (jbd2 commits in order), and XFS (its log is forced up to the
    folder's last change). Where that can't be told, each folder has to be synced.
    """
    devices = {folder.stat().st_dev for folder in folders}
    if len(devices) != 1:
        return False
    (device,) = devices
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
        # proc(5): the third word is the device, the first after the lone dash the kind of file system.
        kinds = {line.partition(" - ")[2].split()[0] for line in mounts if line.split()[2] == number}
        name = Path(f"/sys/dev/block/{number}").resolve().name
        if kinds == {"ext4"}:
            return "none" not in Path(f"/sys/fs/ext4/{name}/journal_task").read_text("utf-8")
    except OSError:
        return False
    else:
        return kinds == {"xfs"}


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, durably, where they are not there yet.

    Raises: OSError.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
