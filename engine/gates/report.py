"""Reads and removes a file in a tree that an agent filled: no symlink is followed, no pipe is waited for, no size is unbounded."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_beneath(root: Path, path: str, max_bytes: int) -> bytes:
    """The content of a regular file below `root`.

    Raises: FileNotFoundError; OSError when the path leads through a symlink or out of `root`, is no regular file, or is too large.
    """
    with _parent_of(root, path) as (parent, name):
        descriptor = os.open(name, _FILE, dir_fd=parent)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(f"{path} is not a regular file")
            # One byte more than allowed, for the file may still be growing.
            data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise OSError(f"{path} is larger than {max_bytes} bytes")
    return data


def remove_beneath(root: Path, path: str) -> None:
    """Remove a file, symlink or pipe below `root`, if it is there.

    Raises: OSError when it can't be reached or removed, so that what is found there later proves nothing.
    """
    with suppress(FileNotFoundError), _parent_of(root, path) as (parent, name):
        os.unlink(name, dir_fd=parent)


@contextmanager
def _parent_of(root: Path, path: str) -> Iterator[tuple[int, str]]:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise OSError(f"{path!r} is not a path below the worktree")
    current = os.open(root, _FOLDER)
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _FOLDER, dir_fd=current)
            os.close(current)
            current = deeper
        yield current, parts[-1]
    finally:
        os.close(current)
