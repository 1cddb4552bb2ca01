"""The tool that lists folders; must not open files or follow links."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator

from pydantic import Field

from engine.crew.fences import name_of_file, quote
from engine.tools.observation import CallRefused
from engine.tools.paths import place
from engine.tools.tool import Arguments, Tool, blocking
from engine.tools.workbench import Workbench

MAX_ENTRIES = 500
_MAX_VISITED = 50_000
_SKIPPED = frozenset({
    ".git", "node_modules", ".venv", "venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox", ".hypothesis",
})  # fmt: skip


class ListDirectory(Arguments):
    """List a folder: folders end with /, links show where they lead. Caches, .git, node_modules and virtual
    environments are left out.
    """

    path: str = Field(default=".", min_length=1, description="The folder, relative to the top of the worktree.")
    recursive: bool = Field(default=False, description="Whether to list everything below it too.")
    pattern: str = Field(
        default="*", min_length=1, max_length=200, description="A glob that file names must match, such as *.py."
    )


def _list(bench: Workbench, wanted: ListDirectory) -> str:
    with place(bench.root, wanted.path) as found:
        try:
            folder = os.open(found.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=found.folder)
        except NotADirectoryError:
            raise CallRefused(f"`{wanted.path}` is a file; use read_file.") from None
        try:
            entries, is_cut = _collect(folder, wanted)
        finally:
            os.close(folder)
    if not entries:
        return f"{found.path}: nothing there matches {wanted.pattern}."
    more = f"\n[... more than {MAX_ENTRIES} entries: list a subfolder, or give a pattern ...]" if is_cut else ""
    return (
        f"{name_of_file(found.path)}: {len(entries)} entries\n{quote(chr(10).join(map(name_of_file, entries)))}{more}"
    )


def _collect(folder: int, wanted: ListDirectory) -> tuple[list[str], bool]:
    entries: list[str] = []
    for visited, (name, line) in enumerate(below(folder, wanted.recursive)):
        if len(entries) == MAX_ENTRIES or visited == _MAX_VISITED:
            return sorted(entries), True
        is_way_on = line.endswith("/") and not wanted.recursive
        if is_way_on or fnmatch.fnmatchcase(name, wanted.pattern):
            entries.append(line)
    return sorted(entries), False


def below(folder: int, recursive: bool) -> Iterator[tuple[str, str]]:
    """Names with the line that shows each: a path that ends with `/` for a folder, with an arrow for a link."""
    for top, folders, files, descriptor in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        prefix = "" if top == "." else f"{top[2:]}/"
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(name for name in files if name not in _SKIPPED):  # a worktree's `.git` is a file
            yield name, f"{prefix}{name}{_arrow(name, descriptor)}"
        for name in folders:
            yield name, f"{prefix}{name}{_arrow(name, descriptor) or '/'}"
        if not recursive:
            return


def _arrow(name: str, folder: int) -> str:
    try:
        return f" -> {os.readlink(name, dir_fd=folder)}"
    except OSError:  # no link
        return ""


LIST_DIRECTORY = Tool.of("list_directory", ListDirectory, blocking(_list))
