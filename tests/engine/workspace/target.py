"""A real target repository for the tests, driven by the git command as a user would."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine.workspace.repository import Repository

AUTHOR = ("coder", "coder@example.org")


def git(folder: Path, *arguments: str) -> str:
    """What git prints in a folder, as its user would run it there (the user's configuration files left aside)."""
    identity = {"GIT_AUTHOR_NAME": "user", "GIT_AUTHOR_EMAIL": "user@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "user", "GIT_COMMITTER_EMAIL": "user@example.org"}
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **identity}
    finished = subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True)
    return finished.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(folder: Path, files: Mapping[str, str], message: str = "change") -> str:
    write(folder, files)
    git(folder, "add", "--all", "--force", *files)
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def make_repository(folder: Path, files: Mapping[str, str]) -> Repository:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, files, "first")
    return Repository.open(folder)


def worktrees(repository: Repository) -> list[str]:
    """The paths that `git worktree list` shows."""
    listed = git(repository.path, "worktree", "list", "--porcelain").splitlines()
    return [line.removeprefix("worktree ") for line in listed if line.startswith("worktree ")]


def files_of(repository: Repository, commit: str) -> dict[str, bytes | None]:
    return {path: repository.read_file(commit, path) for path in repository.list_paths(commit)}
