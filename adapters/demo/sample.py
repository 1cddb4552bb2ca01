"""Makes the demo's repository: a tea shop in Python with faults and failing tests. Must not know who will repair it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pygit2

from engine.cell.environment import search_path

TEMPLATES: Final = Path(__file__).with_name("sample")
MARK: Final = "teashop/prices.py"
_PYTHONS: Final = ("python3", "python3.13", "python3.12", "python3.11", "python3.10")
_IS_NEW_ENOUGH: Final = "import sys; sys.exit(sys.version_info < (3, 10))"


class NoRoomForDemo(Exception):
    """The demo can't make its repository there; the message says why and what to do."""


def is_sample(folder: Path) -> bool:
    """Whether a demo's repository lies in the folder already."""
    return (folder / ".git").is_dir() and (folder / MARK).is_file()


def make_sample(folder: Path) -> None:
    """Make the repository with its first commit on `main`, whole or not at all: a crash leaves nothing half made.

    Raises: NoRoomForDemo.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NoRoomForDemo(f"{folder} is not empty; name a folder that is empty or new with --dir")
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".orch-demo-", dir=folder.parent))
    try:
        _write_files(staging, _python())
        _commit(staging)
        staging.chmod(0o755)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_files(root: Path, python: str) -> None:
    for template in sorted(TEMPLATES.rglob("*.txt")):
        name = template.relative_to(TEMPLATES).with_suffix("")
        path = root / (".gitignore" if str(name) == "gitignore" else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.read_text("utf-8").replace("{python}", python), "utf-8")


def _commit(root: Path) -> None:
    repository = pygit2.init_repository(str(root), initial_head="main")
    repository.index.add_all()
    repository.index.write()
    who = pygit2.Signature("The tea shop", "teashop@orch.invalid")
    message = "A tea shop, with four red test files\n"
    repository.create_commit("HEAD", who, who, message, repository.index.write_tree(), [])


def _python() -> str:
    """A Python that commands of a target can use: the name of one on their PATH that is new enough for the sample."""
    path = os.pathsep.join(str(folder) for folder in search_path())
    for name in _PYTHONS:
        found = shutil.which(name, path=path)
        if found and subprocess.run([found, "-c", _IS_NEW_ENOUGH], check=False, timeout=30).returncode == 0:
            return name
    raise NoRoomForDemo("the demo needs a python3 (3.10 or newer) on the PATH, outside of a virtual environment")
