"""The temporary folder of one cell: made, locked as long as its engine lives, and removed, also after a crash."""

import fcntl
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

PREFIX = "orch-cell-"
UNLOCKED_PREFIX = "orch-new-cell-"
LOCK = "lock"


class Scratch:
    """`tmp` is what a cell's commands know as their temporary folder, `git_file` stands in for a worktree's `.git`."""

    def __init__(self, folder: Path, lock_fd: int) -> None:
        self._folder = folder
        self._lock_fd = lock_fd
        self.tmp = folder / "tmp"
        self.git_file = folder / "git-file"

    @classmethod
    def make(cls, private_gitdir: Path | None) -> Self:
        """A new folder under the system's temporary one, readable by the engine's user alone."""
        unlocked = Path(tempfile.mkdtemp(prefix=UNLOCKED_PREFIX))
        lock_fd = os.open(unlocked / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock_fd, fcntl.LOCK_EX)
        # Under its final name it is locked from the first moment, so no other engine takes it for a leftover.
        folder = unlocked.rename(unlocked.with_name(unlocked.name.replace(UNLOCKED_PREFIX, PREFIX)))
        scratch = cls(folder, lock_fd)
        (scratch.tmp / "home").mkdir(parents=True)
        if private_gitdir is not None:
            scratch.git_file.write_bytes(b"gitdir: " + os.fsencode(private_gitdir.resolve()) + b"\n")
        return scratch

    def remove(self) -> None:
        """Remove all of it; harmless when it is gone."""
        if self._lock_fd >= 0:
            _remove_tree(self._folder)
            os.close(self._lock_fd)
            self._lock_fd = -1


def remove_leftovers() -> None:
    """Remove the folders of cells whose engine was killed, and what still waits in them."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        # Another engine may be removing the same one.
        with suppress(FileNotFoundError):
            if lock.stat().st_uid == os.getuid():
                _remove_if_unlocked(lock)


def _remove_if_unlocked(lock: Path) -> None:
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _kill_stranded(lock.parent)
        _remove_tree(lock.parent)


def _kill_stranded(folder: Path) -> None:
    """Kill the processes that were started to work in the folder.

    A bubblewrap that loses its engine between its first and its second process leaves the second one waiting for ever for a word
    of the first: nothing runs in it, and no signal of a parent's death reaches it (measured: one in some 20 kills under load).
    """
    for entry in Path("/proc").glob("[0-9]*"):
        # A process may end at any moment; what is held by its descriptor cannot become another one meanwhile.
        with suppress(OSError):
            handle = os.pidfd_open(int(entry.name))
            try:
                if os.fsencode(folder / "tmp") in (entry / "cmdline").read_bytes().split(b"\0"):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
            finally:
                os.close(handle)


def _remove_tree(folder: Path) -> None:
    """Remove a tree whose folders its owner may have made unwritable, as Go's module cache is."""
    for parent, names, _files in os.walk(folder):
        for name in names:
            inner = Path(parent, name)
            # Never through a link: an agent made this tree.
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
