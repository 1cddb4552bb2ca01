"""The folder that a command works on: the repository it lies in, or a new one made from nothing. Must not overwrite."""

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Final

import pygit2

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.wiring import STATE_BRANCH
from bot.replies import commands as say
from bot.replies import sync as sync_words
from bot.text import clean
from engine.core.blackboard import Blackboard
from engine.workspace.repository import NotARepository, Repository

_IGNORED: Final = ".venv/\n__pycache__/\n*.pyc\nnode_modules/\n.DS_Store\n"
_NAME, _EMAIL = "orch", "engine@orch.invalid"


def root_of(folder: Path) -> Path:
    """The root of the repository that the folder lies in; its git folder, when it is bare.

    Raises: NotARepository.
    """
    if pygit2.discover_repository(str(folder)) is None:
        raise NotARepository(say.not_a_repository(str(folder.resolve())))
    repository = pygit2.Repository(str(folder))
    return Path(repository.workdir or repository.path).resolve()


def tell_of_clone(root: Path, board: Blackboard) -> None:
    """Where nothing was ever run, say how to get what a remote has."""
    remotes = () if board.seq else Repository.open(root, on_a_branch=False).remote_branches(STATE_BRANCH)
    for remote in remotes:
        output.say(sync_words.is_elsewhere(remote))


def typed_here(command: str, root: Path) -> str:
    """The git command as it is typed in the present folder: git reads the paths after a `--` from there, not from the root."""
    folder = str(root)
    with suppress(FileNotFoundError):  # the present folder may be gone
        if Path.cwd() == root:
            return command
        folder = min(os.path.relpath(root), folder, key=len)
    return command.replace("git", f"git -C {shlex.quote(folder)}", 1)


def make_repository(folder: Path, objective: str) -> Path:
    """A new repository in `folder`, whose README.md names the objective.

    Raises: BadInput when the folder holds anything, or can't be made.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        refuse(say.folder_in_use(str(folder)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.md").write_text(f"# {folder.resolve().name}\n\n{clean(objective).strip()}\n", "utf-8")
        (folder / ".gitignore").write_text(_IGNORED, "utf-8")
    except OSError as error:
        refuse(say.folder_unusable(str(folder), str(error)))
    repository = pygit2.init_repository(str(folder), initial_head="main")
    repository.index.add_all(["README.md", ".gitignore"])
    repository.index.write()
    author = _signature(repository)
    tree = repository.index.write_tree()
    repository.create_commit("HEAD", author, author, "Begin\n\nThe objective is in README.md.\n", tree, [])
    return folder


def _signature(repository: pygit2.Repository) -> pygit2.Signature:
    try:
        return repository.default_signature
    except (KeyError, ValueError):
        return pygit2.Signature(_NAME, _EMAIL)
