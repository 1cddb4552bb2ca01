"""A host for cells to live on: a repository, a worktree with a private gitdir, a hidden folder; and the levels to try."""

import os
import select
import subprocess
from pathlib import Path

import msgspec

from engine.cell.bubblewrap import working_bubblewrap
from engine.cell.confine import landlock_abi
from engine.cell.sandbox import CellFactory
from engine.cell.types import CellSpec, CommandResult, Level

GIVE_UP_S = 20.0
IDENTITY = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
HAS: dict[Level, bool] = {"bubblewrap": working_bubblewrap() is not None, "landlock": landlock_abi() > 0}
CONFINED: list[Level] = [level for level, has in HAS.items() if has]
LEVELS: list[Level] = [*CONFINED, "none"]


class Site(msgspec.Struct, frozen=True):
    """Where things lie on the host."""

    repository: Path
    worktree: Path
    private_gitdir: Path
    hidden: Path

    def spec(self, *, network: bool = False) -> CellSpec:
        return CellSpec(
            self.worktree, self.private_gitdir, self.repository, (self.hidden,), network=network, env=IDENTITY
        )

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """What git prints on the host."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.hidden), **IDENTITY}
        return subprocess.run(
            ["git", *arguments], cwd=cwd or self.repository, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def refs(self) -> str:
        return self.git("for-each-ref") + self.git("rev-parse", "HEAD")


def make_site(folder: Path) -> Site:
    """A repository with one commit, a linked worktree at it, and a gitdir for the inside."""
    site = Site(folder / "repo", folder / "worktree", folder / "state" / "gitdir", folder / "state")
    site.repository.mkdir()
    site.hidden.mkdir()
    (site.hidden / "secret").write_text("planted-secret")
    site.git("init", "-q", "-b", "main")
    (site.repository / "app.py").write_text("print('hello')\n")
    site.git("add", "app.py")
    site.git("commit", "-q", "-m", "first")
    site.git("worktree", "add", "-q", "--detach", str(site.worktree))
    _make_private_gitdir(site)
    return site


def _make_private_gitdir(site: Site) -> None:
    (site.private_gitdir / "objects" / "info").mkdir(parents=True)
    (site.private_gitdir / "refs").mkdir()
    (site.private_gitdir / "HEAD").write_text(site.git("rev-parse", "main") + "\n")
    (site.private_gitdir / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    (site.private_gitdir / "objects" / "info" / "alternates").write_text(f"{site.repository}/.git/objects\n")
    site.git(f"--git-dir={site.private_gitdir}", f"--work-tree={site.worktree}", "read-tree", "HEAD")


async def outputs(
    level: Level, spec: CellSpec, *commands: str | list[str], timeout_s: float = GIVE_UP_S, beside: str = ""
) -> list[CommandResult]:
    """The results of commands run one after the other in one cell, which is closed again; `beside` runs in its background."""
    cell = await CellFactory(level).open(spec)
    try:
        if beside:
            await cell.start(beside)
        return [await cell.run(command, timeout_s=timeout_s) for command in commands]
    finally:
        await cell.close()


class Lifeline:
    """A FIFO that a command holds open (`HOLD`): it tells when the command runs, and when all that inherited it is dead."""

    HOLD = "exec 9>lifeline; echo up >&9; "

    def __init__(self, worktree: Path) -> None:
        path = worktree / "lifeline"
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def wait_up(self) -> None:
        assert self._read() == b"up\n"

    def is_cut(self, within_s: float) -> bool:
        """Whether no process holds the other end any more, at the latest after some seconds."""
        ready, _, _ = select.select([self._fd], [], [], within_s)
        return bool(ready) and self._read() == b""

    def close(self) -> None:
        os.close(self._fd)

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._fd], [], [], GIVE_UP_S)
        assert ready, "the command did not start"
        return os.read(self._fd, 64)
