"""One attempt's tree, its private gitdir, and the files in it that never belong to a commit."""

from pathlib import Path
from typing import Final

import msgspec

REPORT_NAME: Final = ".orch-junit.xml"
"""Where a gate's report is written, at the root of the worktree."""


class Worktree(msgspec.Struct, frozen=True, omit_defaults=True):
    """A folder with the files of `base`, for one attempt.

    `private_gitdir` is what the cell shows as the tree's repository, `admin` the real one, where no cell can write; `included` are the
    user's untracked files that were copied in.
    """

    path: Path
    private_gitdir: Path
    base: str
    admin: Path
    included: tuple[str, ...] = ()

    def is_ours(self, path: str) -> bool:
        """Whether a file is the engine's or the user's own, and so never part of the work."""
        return path == REPORT_NAME or path in self.included
