"""Finds the work trees of a repository and what each has checked out; only reads git's own small files."""

from pathlib import Path

import msgspec

_UNDER_WAY = (
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
)


class Checkout(msgspec.Struct, frozen=True):
    """A work tree, the user's or ours; `branch` is "" when detached, `busy` names what is under way there ("a rebase") or is ""."""

    path: Path
    git_dir: Path
    branch: str
    busy: str


def find_checkouts(common_dir: Path, main: Path | None) -> list[Checkout]:
    """Every work tree that exists on disk, the main one (None in a bare repository) first."""
    trees = [
        (Path(first_line(pointer)).parent, pointer.parent) for pointer in (common_dir / "worktrees").glob("*/gitdir")
    ]
    trees.sort()
    if main is not None:
        trees.insert(0, (main, common_dir))
    return [_checkout(path, git_dir) for path, git_dir in trees if path.is_dir()]


def common_dir_of(git_dir: Path) -> Path:
    """The folder that all work trees share: `git_dir` itself, unless it belongs to a linked work tree."""
    shared = first_line(git_dir / "commondir")
    return (git_dir / shared).resolve() if shared else git_dir.resolve()


def first_line(path: Path) -> str:
    """The first line of a small file, without its end; "" when there is no such file."""
    try:
        return path.read_text("utf-8", "surrogateescape").split("\n", 1)[0]
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""


def _checkout(path: Path, git_dir: Path) -> Checkout:
    busy = next((name for file, name in _UNDER_WAY if (git_dir / file).exists()), "")
    # During a rebase HEAD is detached, but the branch is moved at its end: git counts it as checked out, and so do we.
    rebased = first_line(git_dir / "rebase-merge/head-name") or first_line(git_dir / "rebase-apply/head-name")
    head = rebased or first_line(git_dir / "HEAD").removeprefix("ref: ")
    branch = head.removeprefix("refs/heads/") if head.startswith("refs/heads/") else ""
    return Checkout(path, git_dir, branch, busy)
