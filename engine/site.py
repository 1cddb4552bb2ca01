"""A site: a worktree with the files of a commit, and a cell to run commands in it. Must not know what the work is for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from engine.cell.sandbox import CellFactory
from engine.cell.types import Cell, CellSpec
from engine.finishing import to_the_end
from engine.options import Options
from engine.redaction import Redactor
from engine.workspace.objects import object_folders
from engine.workspace.pool import WorktreePool
from engine.workspace.repository import Repository
from engine.workspace.worktree import Worktree

MAX_LEARNED_BYTES: Final = 1 << 16
"""Of a file of the user's that may hold secrets: a `.env` is no longer."""


class SetupFailed(Exception):
    """The project's own set-up command did not succeed; the message shows how it ended."""


class Site(msgspec.Struct, frozen=True):
    """Where an attempt, a review or a gate runs."""

    worktree: Worktree
    cell: Cell


class Sites:
    """Opens sites on commits and clears them away."""

    def __init__(
        self, repository: Repository, pool: WorktreePool, cells: CellFactory, options: Options, redactor: Redactor
    ) -> None:
        self.repository = repository
        self._redactor = redactor
        self._pool = pool
        self._cells = cells
        self._options = options

    @asynccontextmanager
    async def at(self, commit: str) -> AsyncIterator[Site]:
        """A prepared site; on leaving, its processes are dead and the worktree is back in the pool.

        Raises: SetupFailed; NoSandbox; UnknownCommit; GitError or OSError when no worktree can be made.
        """
        # None of these steps is left half done: a tree that is taken while its attempt is cancelled is given back all the same.
        worktree = await to_the_end(asyncio.to_thread(self._pool.take, commit))
        try:
            await asyncio.to_thread(self._learn, worktree)
            cell = await to_the_end(self._cells.open(self._spec(worktree)))
            try:
                await self._set_up(cell)
                yield Site(worktree, cell)
            finally:
                await to_the_end(cell.close())
        finally:
            await to_the_end(asyncio.to_thread(self._pool.give_back, worktree))

    def _learn(self, worktree: Worktree) -> None:
        """Know what is secret in the user's own files before any command shows it or copies it elsewhere."""
        for path in map(worktree.path.joinpath, worktree.included):
            if path.stat().st_size <= MAX_LEARNED_BYTES:
                self._redactor.learn(path.read_text("utf-8", "replace"))

    def _spec(self, worktree: Worktree) -> CellSpec:
        return CellSpec(
            worktree=worktree.path,
            private_gitdir=worktree.private_gitdir,
            repository=self.repository.path,
            hidden=(self.repository.git_dir / "orch", *(Path(path) for path in self._options.hidden)),
            readable=object_folders(self.repository.git_dir),
            network=self._options.network,
        )

    async def _set_up(self, cell: Cell) -> None:
        if not self._options.setup:
            return
        result = await cell.run(self._options.setup, timeout_s=self._options.setup_timeout_s)
        if result.exit_code != 0 or result.timed_out:
            ending = "it ran out of time" if result.timed_out else f"exit code {result.exit_code}"
            raise SetupFailed(
                f"the set-up command of [workspace] in orch.toml failed ({ending}): {self._options.setup}\n"
                f"{result.output[-2000:]}"
            )
