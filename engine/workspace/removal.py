"""Removes folders that an agent filled: any depth, any permissions, never following a symlink out of them."""

import os
import tempfile
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a folder (or file, or symlink) and all below it; nothing happens when it is not there.

    Every folder found is first moved up into one flat folder beside `path`. So no path grows beyond the kernel's limit and nothing recurses,
    whereas `shutil.rmtree` (RecursionError) and `git clean` (ENAMETOOLONG) both fail at 2,000 levels.
    """
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    path.parent.chmod(path.parent.stat().st_mode | 0o700)
    with tempfile.TemporaryDirectory(prefix="removing-", dir=path.parent) as flat:
        _dissolve(path, Path(flat))


def _dissolve(path: Path, flat: Path) -> None:
    waiting = [path]
    moved = 0
    while waiting:
        folder = waiting.pop()
        # Without these bits its owner can neither list it nor move what is in it.
        folder.chmod(0o700)
        with os.scandir(folder) as entries:
            found = [(Path(entry.path), entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in found:
            if not is_folder:
                name.unlink()
                continue
            moved += 1
            target = flat / str(moved)
            # Moving a folder rewrites its `..`, which needs the right to write in it.
            name.chmod(0o700)
            name.rename(target)
            waiting.append(target)
        folder.rmdir()
