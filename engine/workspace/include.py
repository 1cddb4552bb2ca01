"""Copies chosen untracked files of the user's checkout, such as `.env`, into a worktree; reads the checkout and never writes there."""

import logging
import os
import shutil
import stat
from pathlib import Path
from typing import Final

import pygit2

from engine.workspace.git import run_git
from engine.workspace.repository import Repository

INCLUDE_FILE: Final = ".worktreeinclude"
"""At the root of the user's checkout: patterns as in `.gitignore`, one a line (a convention that other tools share)."""

logger = logging.getLogger(__name__)


def find_included(repository: Repository, patterns: tuple[str, ...]) -> list[str]:
    """Untracked files of the user's checkout that match a pattern or a line of `.worktreeinclude`, sorted."""
    listed = repository.path / INCLUDE_FILE
    sources = [f"--exclude={pattern}" for pattern in patterns]
    if listed.is_file():
        sources.append(f"--exclude-from={listed}")
    if repository.is_bare() or not sources:
        return []
    # Taken as ignore rules, git itself finds what matches: no second, slightly different matcher of ours.
    listing = ("ls-files", "-z", "--others", "--ignored", *sources)
    git_dir = Path(pygit2.Repository(str(repository.path)).path)
    finished = run_git(*listing, git_dir=git_dir, work_tree=repository.path)
    return sorted(os.fsdecode(name) for name in finished.stdout.split(b"\0") if name and not name.endswith(b"/"))


def copy_included(names: list[str], *, checkout: Path, tree: Path) -> tuple[str, ...]:
    """Copy regular files into the tree, and tell which; what the tree itself holds, and what lies behind a symlink of it, is left out."""
    return tuple(name for name in names if _copy(checkout / name, tree, name))


def _copy(source: Path, tree: Path, name: str) -> bool:
    target = tree / name
    # The base may hold `config -> /etc`: following it would let a commit choose where we write.
    if not stat.S_ISREG(source.lstat().st_mode) or not _is_plain_path(tree, target):
        logger.warning("include left out", extra={"action": "include_left_out", "path": name})
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target, follow_symlinks=False)
    return True


def _is_plain_path(tree: Path, target: Path) -> bool:
    """Whether nothing is at `target` yet, and each part of the way to it is a real folder or still to be made."""
    parents = [parent for parent in target.parents if parent != tree and parent.is_relative_to(tree)]
    is_way_clear = all(
        not os.path.lexists(parent) or (parent.is_dir() and not parent.is_symlink()) for parent in parents
    )
    return is_way_clear and not os.path.lexists(target)
