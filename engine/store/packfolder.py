"""Packs on the disk: whole and durable or not at all, and safe from `git gc`. Knows nothing of what is in them."""

import os
import secrets
import struct
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from engine.clock import SystemClock
from engine.store.durable import keeps_order, make_folder, sync_folder
from engine.store.pack import INDEX_HEAD, Pack

_PARTIAL: Final = ".orch-partial"
"""How a file ends until it is whole. Never a name that begins with `tmp_`: `git prune` removes those at any age."""
_ABANDONED_AFTER_S: Final = 3600
_FANOUT_AT: Final = len(INDEX_HEAD)
_KEEP_MARK: Final = b"orch engine: a write under way\n"


class PackOnItsWay:
    """A pack and its index under names that git does not look at: `contents` go into the open files, then they are shown."""

    def __init__(self, folder: Path, name: str, contents: dict[int, bytes], *, syncs: bool) -> None:
        self._folder = folder
        self._syncs = syncs
        self._name = name
        self.contents = contents

    def show(self) -> None:
        """Give both files, synced by the caller, their names; durably at once, or with the ref that is moved next.

        Raises: OSError.
        """
        # The index goes last: a pack exists for git once its index does.
        for suffix in (".pack", ".idx"):
            (self._folder / f"{self._name}{suffix}{_PARTIAL}").rename(self._folder / f"{self._name}{suffix}")
        if self._syncs:
            sync_folder(self._folder)


class PackFolder:
    """The `objects/pack` folder of a repository."""

    def __init__(self, common_dir: Path) -> None:
        self._folder = common_dir / "objects" / "pack"
        self._refs = common_dir / "refs"

    @cached_property
    def _is_ordered(self) -> bool:
        """Whether the sync of a ref's folder makes the names of our packs durable too."""
        return keeps_order(self._folder, self._refs)

    @contextmanager
    def keeping(self, pack: Pack) -> Iterator[PackOnItsWay]:
        """Within, the pack is kept from `git gc`; show it and make its commits reachable before leaving.

        Raises: OSError; then there is no such pack.
        """
        content, index = pack.finish()
        # Never named after its content, as git does it: a killed writer may have left this very pack behind, a `git gc` may have
        # it on its list of packs to delete, and would then delete ours.
        name = f"pack-{secrets.token_hex(20)}"
        make_folder(self._folder)
        with ExitStack() as stack:
            stack.enter_context(_present(self._folder / f"{name}.keep", _KEEP_MARK))
            made = {
                stack.enter_context(_open_partial(self._folder / f"{name}{suffix}{_PARTIAL}")): data
                for suffix, data in ((".pack", content), (".idx", index))
            }
            yield PackOnItsWay(self._folder, name, made, syncs=not self._is_ordered)

    @contextmanager
    def taking(self, made: Path) -> Iterator[None]:
        """Within, the one pack that git made in the folder `made`, on the same file system, is here instead, durable and kept from
        `git gc`; make its commits reachable before leaving.

        Raises: OSError.
        """
        name = f"pack-{secrets.token_hex(20)}"
        make_folder(self._folder)
        with _present(self._folder / f"{name}.keep", _KEEP_MARK):
            for suffix in (".pack", ".idx"):
                (path,) = made.glob(f"*{suffix}")
                with path.open("rb") as file:
                    os.fsync(file.fileno())
                path.rename(self._folder / f"{name}{suffix}")
            sync_folder(self._folder)
            yield

    def drop_repeated(self, old: Collection[Path], large: Collection[Path] = ()) -> None:
        """Remove those old packs whose every object is in a newer one, once the names of the newer ones are durable; a large
        one is left alone.

        `git repack -d` does not wait for that: in a power cut on a file system without a journal both can be gone.

        Raises: OSError.
        """
        present = set(self._folder.glob("pack-*.pack"))
        # After the look at it: what came since counts for nothing.
        sync_folder(self._folder)
        newer = {each for pack in present.difference(old) for each in _ids_in(_index_of(pack))}
        repeated = [pack for pack in present.intersection(old).difference(large) if _is_within(pack, newer)]
        if repeated:
            # It may name one of them. It is derived, and git goes without it until it writes it anew.
            for index in self._folder.glob("multi-pack-index*"):
                index.unlink(missing_ok=True)
        for pack in repeated:
            # The index goes first: without it there is no pack (git's `unlink_pack_path`).
            for suffix in (".idx", ".pack", ".rev", ".bitmap", ".mtimes"):
                pack.with_suffix(suffix).unlink(missing_ok=True)

    def clean_leftovers(self) -> list[Path]:
        """Remove what a killed writer of ours left; the files removed."""
        leftovers = list(self._folder.glob(f"*{_PARTIAL}"))
        # Of a `git repack` that was killed; git itself never removes them (git-repack, "packtmp").
        before_s = SystemClock().now_ms() / 1000 - _ABANDONED_AFTER_S
        leftovers += [path for path in self._folder.glob(".tmp-*-pack-*") if path.stat().st_mtime < before_s]
        # Of a `git commit-graph write` that was killed: while it lies there, no upkeep can write the graph on.
        graphs = self._folder.parent / "info" / "commit-graphs"
        leftovers += [path for path in graphs.glob("commit-graph-chain.lock") if path.stat().st_mtime < before_s]
        leftovers += [keep for keep in self._folder.glob("pack-*.keep") if keep.read_bytes() == _KEEP_MARK]
        for path in leftovers:
            path.unlink(missing_ok=True)
        return leftovers


def _is_within(pack: Path, objects: set[bytes]) -> bool:
    """Whether all of the pack is among the objects; not one that is kept, is a partial clone's, or has no index (yet)."""
    if any(pack.with_suffix(suffix).exists() for suffix in (".keep", ".promisor")):
        return False
    index = _index_of(pack)
    # One by one, so that other threads get their turn in between, and up to the first that is missing.
    return 0 < _count(index) <= len(objects) and all(each in objects for each in _ids_in(index))


def _index_of(pack: Path) -> bytes:
    """The pack's index; empty for one of version 1, or when somebody takes it away meanwhile."""
    try:
        content = pack.with_suffix(".idx").read_bytes()
    except FileNotFoundError:
        return b""
    return content if content.startswith(INDEX_HEAD) else b""


def _count(index: bytes) -> int:
    """How many objects an index names (gitformat-pack)."""
    return struct.unpack_from(">I", index, _FANOUT_AT + 255 * 4)[0] if index else 0


def _ids_in(index: bytes) -> Iterator[bytes]:
    """The objects that an index names."""
    first = _FANOUT_AT + 256 * 4
    return (index[at : at + 20] for at in range(first, first + 20 * _count(index), 20))


@contextmanager
def _present(path: Path, content: bytes) -> Iterator[None]:
    """Within, there is this file; not durable, for a power cut also ends the `git gc` that it is there for."""
    path.write_bytes(content)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _open_partial(path: Path) -> Iterator[int]:
    """A new file to write, as a descriptor; on leaving it is closed, and gone if it still has this name."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)
