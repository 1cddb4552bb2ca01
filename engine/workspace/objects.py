"""Finds the folders that hold a repository's objects, its own and those it borrows; only reads git's own small files."""

from pathlib import Path


def object_folders(git_dir: Path) -> tuple[Path, ...]:
    """The folder of objects of a git directory that all work trees share, and those it borrows from, resolved.

    A linked worktree, a submodule, a clone with `--separate-git-dir` or `--reference`: each has objects elsewhere than below its files.
    """
    found: dict[Path, None] = {}
    ahead = [git_dir / "objects"]
    while ahead:
        folder = ahead.pop(0).resolve()
        if folder not in found and folder.is_dir():
            found[folder] = None
            ahead += _borrowed(folder)
    return tuple(found)


def _borrowed(objects: Path) -> list[Path]:
    """What `info/alternates` names, relative to the folder itself (gitrepository-layout(5))."""
    try:
        text = (objects / "info/alternates").read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return []
    return [objects / line for line in text.split("\n") if line and not line.startswith("#")]
