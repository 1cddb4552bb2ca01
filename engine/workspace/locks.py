"""Waits for git's lock files and removes those of killed processes; must not be used where another engine may be alive."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

Result = TypeVar("Result")

STALE_LOCK_S: Final = 10.0
"""git holds a ref's lock for milliseconds; one this old was left by a process that was killed, and blocks every later writer."""

_PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 0.05


def retry_locked(action: Callable[[], Result], lock: Path) -> Result:
    """What `action` returns, tried again while `lock` is held by somebody; a stale lock is removed.

    Raises: OSError when the lock is still held after 15 s; whatever else `action` raises.
    """
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return action()
        except OSError as error:
            # pygit2 turns libgit2's GIT_ELOCKED into a plain OSError.
            if "failed to lock" not in str(error) or time.monotonic() > end:
                raise
        if is_stale(lock):
            lock.unlink(missing_ok=True)
        threading.Event().wait(_PAUSE_S)


def is_stale(lock: Path) -> bool:
    """Whether the lock file is there and older than `STALE_LOCK_S`."""
    try:
        return time.time() - lock.lstat().st_mtime > STALE_LOCK_S
    except FileNotFoundError:
        return False
