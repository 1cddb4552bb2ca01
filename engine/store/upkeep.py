"""Keeps the state branch small and quick to read: few packs, a commit-graph, bounded size. Must not change what it says.

Everything is done by git, in the background and at the lowest priority, and stands still while a group is being written.
"""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from engine.store import refs
from engine.store.errors import UpkeepFailed
from engine.store.gitproc import BackgroundGit
from engine.store.packfolder import PackFolder

logger = logging.getLogger(__name__)

EPOCH_BYTES: Final = 32 * 1024 * 1024
"""What an ordinary clone pays for the branch, about: it downloads every branch (measured: 100,000 events, 107 MB, 19 s)."""
MAX_PACKS: Final = 32
"""From so many packs on, small ones are put together: with 2,000, one write takes libgit2 15 ms instead of 0.5."""


class Sizes(msgspec.Struct, frozen=True):
    """How big the repository's state is."""

    packs: int
    pack_bytes: int
    """All packs of the repository, the user's too."""
    branch_bytes: int
    """What a clone pays for the state branch."""
    epochs: int
    """The earlier ones that are here."""
    is_graph_written: bool


class Tended(msgspec.Struct, frozen=True):
    """What upkeep did, and whether the branch is so big that it should go on in a new epoch."""

    packs_before: int
    packs_after: int
    is_epoch_full: bool


class Upkeep:
    """Tends the state branch of one repository. Calls block for seconds: make them in a thread."""

    def __init__(
        self, common_dir: Path, ref: str, git: BackgroundGit, epoch_bytes: int = EPOCH_BYTES, large_pack_bytes: int = 0
    ) -> None:
        self._objects = common_dir / "objects"
        self._folder = PackFolder(common_dir)
        self._ref = ref
        self._epoch_bytes = epoch_bytes
        # A pack as large as this is the user's, since the branch begins an epoch before; to write it anew could take hours.
        self._large_pack_bytes = large_pack_bytes or 2 * epoch_bytes
        self._git = git

    def is_due(self) -> bool:
        """Whether there are so many packs that can be put together that tending is worth it."""
        small = (
            pack
            for pack, in_bytes in self._packs().items()
            if in_bytes < self._large_pack_bytes and not pack.with_suffix(".keep").exists()
        )
        return sum(1 for _ in small) >= MAX_PACKS

    def tend(self) -> Tended:
        """Put small packs together and write the commit-graph on; what was done.

        Raises: UpkeepFailed.
        """
        tip = self._git.run("for-each-ref", "--format=%(objectname)", self._ref)
        before = self._packs()
        if not tip:
            return Tended(len(before), len(before), is_epoch_full=False)
        # Geometric: each pack holds twice the objects of the next, so an object is rewritten a logarithmic number of times. `-f`
        # finds more deltas than ours have: half the bytes.
        large = [pack for pack, in_bytes in before.items() if in_bytes >= self._large_pack_bytes]
        kept = [f"--keep-pack={pack.name}" for pack in large]
        self._git.run("repack", "--geometric=2", "-f", "--quiet", "--no-write-bitmap-index", *kept)
        try:
            self._folder.drop_repeated(before, large)
        except OSError as error:
            raise UpkeepFailed(f"packs that are in a newer one could not be removed: {error}") from error
        self._git.run("prune-packed", "--quiet")
        # With Bloom filters of changed paths `git log -- <task file>` reads only the commits that matter.
        graph = ("commit-graph", "write", "--stdin-commits", "--changed-paths", "--split", "--no-progress")
        self._git.run(*graph, stdin=tip)
        tended = Tended(len(before), len(self._packs()), self._is_epoch_full())
        logger.info("state branch tended", extra={"action": "upkeep", **msgspec.structs.asdict(tended)})
        return tended

    def sizes(self) -> Sizes:
        """How big things are now.

        Raises: UpkeepFailed.
        """
        packs = self._packs()
        known = self._git.run("for-each-ref", "--format=%(refname)", self._ref, refs.EPOCHS).split()
        return Sizes(
            packs=len(packs),
            pack_bytes=sum(packs.values()),
            branch_bytes=self._bytes() if self._ref in known else 0,
            epochs=len(set(known) - {self._ref}),
            is_graph_written=(self._objects / "info" / "commit-graphs" / "commit-graph-chain").exists(),
        )

    def _is_epoch_full(self) -> bool:
        if sum(self._packs().values()) < self._epoch_bytes:
            return False
        # A new root takes all files along: it only helps where the history is heavier than they are.
        return self._bytes() >= max(self._epoch_bytes, 2 * self._bytes("--no-walk"))

    def _bytes(self, *options: str) -> int:
        return int(self._git.run("rev-list", "--objects", "--disk-usage", *options, self._ref))

    def _packs(self) -> dict[Path, int]:
        """All packs with their sizes; one that is taken away meanwhile is left out."""
        found: dict[Path, int] = {}
        for pack in (self._objects / "pack").glob("pack-*.pack"):
            with suppress(FileNotFoundError):
                found[pack] = pack.stat().st_size
        return found
