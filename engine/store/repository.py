"""Opening a repository for the state branch, whichever of its folders one is given. Must not write."""

from pathlib import Path

import pygit2

from engine.store.errors import RepositoryUnusable


def open_repository(path: Path) -> pygit2.Repository:
    """The repository at `path`: its working folder, a linked worktree, its `.git`, or bare.

    Raises: RepositoryUnusable when there is none, or it has a format that libgit2 cannot write.
    """
    try:
        return pygit2.Repository(str(path))
    except pygit2.GitError as error:
        raise RepositoryUnusable(
            f"{path} cannot be used as a git repository: {error}. "
            f"It needs `git init`, SHA-1 object names and files for refs (the defaults), and you as its owner"
        ) from error


def common_dir(path: Path) -> Path:
    """The folder that all worktrees of the repository at `path` share (gitrepository-layout, "commondir").

    Raises: RepositoryUnusable.
    """
    git_dir = Path(open_repository(path).path)
    pointer = git_dir / "commondir"
    return (git_dir / pointer.read_text().strip()).resolve() if pointer.exists() else git_dir.resolve()
