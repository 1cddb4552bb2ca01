"""Entries for the log, and the git command to look at what became of them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from engine.store.entry import Entry


def entry(seq: int, **said: object) -> Entry:
    """An entry that changes a task's file, unless told otherwise (by Entry's own names)."""
    plain = Entry(
        seq=seq,
        at_ms=1_700_000_000_000 + seq * 1000,
        subject=f"T{seq} planned -> ready by engine",
        author="orch engine",
        author_email="engine@orch.invalid",
        trailers=(("Orch-Run", "R1"), ("Orch-Task", f"T{seq}")),
        event=f'{{"kind":"task-became-ready","task":"T{seq}"}}',
        files={f"runs/R1/tasks/T{seq}.json": b'{"seq": %d}\n' % seq},
    )
    return msgspec.structs.replace(plain, **said)


def git(repository: Path, *arguments: str) -> str:
    """What `git` prints, with nobody's settings; raises CalledProcessError when it fails."""
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def new_repository(path: Path, *arguments: str) -> Path:
    """An empty repository at `path`."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", *arguments)
    return path


def lose(repository: Path, name: str) -> None:
    """Take one object out of the repository, as a damaged disk might."""
    objects = repository / ".git" / "objects"
    with tempfile.TemporaryDirectory() as folder:
        for pack in [*objects.glob("pack/*.pack")]:
            aside = shutil.move(pack, folder)
            with Path(aside).open("rb") as content:
                subprocess.run(["git", "-C", str(repository), "unpack-objects", "-q"], stdin=content, check=True)
    for left in objects.glob("pack/*"):
        left.unlink()
    (objects / name[:2] / name[2:]).unlink()
