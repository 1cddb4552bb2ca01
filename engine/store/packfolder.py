"""Packs on the disk: written whole and durable or not at all, and safe from `git gc`. Knows nothing of what is in them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from engine.store.pack import Pack

_PARTIAL: Final = ".orch-partial"
"""How a file ends until it is whole. Never a name that begins with `tmp_`: `git prune` removes those at any age."""
_KEEP_MARK: Final = b"orch engine: a write under way\n"


class PackFolder:
    """The `objects/pack` folder of a repository."""

    def __init__(self, common_dir: Path) -> None:
        self._folder = common_dir / "objects" / "pack"

    @contextmanager
    def keeping(self, pack: Pack) -> Iterator[None]:
        """Within, the pack is on the disk, durable and kept from `git gc`; make its commits reachable before leaving.

        Raises: OSError; then there is no such pack.
        """
        name, content, index = pack.finish()
        keep = self._folder / f"{name}.keep"
        self._folder.mkdir(parents=True, exist_ok=True)
        keep.write_bytes(_KEEP_MARK)
        try:
            self._write(name, content, index)
            yield
        finally:
            keep.unlink(missing_ok=True)

    def clean_leftovers(self) -> list[Path]:
        """Remove what a killed writer of ours left; the files removed."""
        leftovers = list(self._folder.glob(f"*{_PARTIAL}"))
        leftovers += [keep for keep in self._folder.glob("pack-*.keep") if keep.read_bytes() == _KEEP_MARK]
        for path in leftovers:
            path.unlink(missing_ok=True)
        return leftovers

    def _write(self, name: str, content: bytes, index: bytes) -> None:
        # The index goes last: a pack exists for git once its index does.
        files = {f"{name}.pack": content, f"{name}.idx": index}
        try:
            for file, data in files.items():
                _write_durably(self._folder / f"{file}{_PARTIAL}", data)
            for file in files:
                (self._folder / f"{file}{_PARTIAL}").rename(self._folder / file)
        except OSError:
            for file in files:
                (self._folder / f"{file}{_PARTIAL}").unlink(missing_ok=True)
            raise
        sync_folder(self._folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
