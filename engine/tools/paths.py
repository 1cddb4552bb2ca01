"""Files of one tree by the path a model wrote: what leads outside is refused; must not know any tool.

Each component is opened from the directory before it, without following links (`dir_fd`, `O_NOFOLLOW`); links are read
and walked by us. So a process that swaps a folder for a link between the check and the use cannot move us outside.
"""

from __future__ import annotations

import os
import secrets
import stat
import unicodedata
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from engine.tools.observation import CallRefused

MAX_PATH_BYTES = 1024
MAX_NAME_BYTES = 255
MAX_FILE_BYTES = 4_000_000
_MAX_LINKS = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not hold us up
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Place(msgspec.Struct, frozen=True):
    """A name inside an open folder. `path` is relative to the root with links resolved; `.` is the root itself."""

    folder: int
    name: str
    path: str


def path_parts(root: Path, path: str) -> list[str]:
    """The components of a path as a model wrote it; empty for the root.

    Raises: CallRefused for what is absolute, climbs, is not a plain name, or enters `.git`.
    """
    _refuse_odd_text(path)
    if path.startswith("/"):
        raise CallRefused(_absolute(root, path))
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise CallRefused(f"`{path}` was refused: `..` is not allowed. Write the path from the top of the worktree.")
    for part in parts:
        _refuse_name(part, path)
    return parts


@contextmanager
def place(root: Path, path: str, *, create_folders: bool = False) -> Iterator[Place]:
    """The place a path leads to, links inside the tree followed; its folder is open until the block ends.

    Raises: CallRefused when it leads outside; OSError when a folder on the way is missing or is a file.
    """
    with ExitStack() as opened:
        yield _walk(opened, root, path, create_folders)


def real_path(root: Path, path: str) -> str:
    """The path inside the tree with its links resolved; as it was written where a folder of it does not exist yet.

    Raises: CallRefused when it leads outside.
    """
    try:
        with place(root, path) as found:
            return found.path
    except FileNotFoundError:
        return "/".join(path_parts(root, path))


def read_bytes(root: Path, path: str) -> tuple[str, bytes]:
    """The file's path inside the tree (links resolved) and its content.

    Raises: CallRefused when it is no regular file, too large or outside; OSError.
    """
    with place(root, path) as found, os.fdopen(_open_regular(found), "rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise CallRefused(f"`{path}` is larger than {MAX_FILE_BYTES:,} bytes; use search_codebase or run_shell.")
        return found.path, content


def write_bytes(root: Path, path: str, content: bytes) -> str:
    """Put the content at the path, folders made on the way; returns the path with links resolved.

    The file is replaced whole and keeps its mode: a hard link to something outside (package caches) is not written through.
    Raises: CallRefused, OSError.
    """
    with place(root, path, create_folders=True) as found:
        mode = _mode_to_keep(found)
        temporary = f".{secrets.token_hex(8)}.orch"
        descriptor = os.open(temporary, _NEW, 0o600, dir_fd=found.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
            os.rename(temporary, found.name, src_dir_fd=found.folder, dst_dir_fd=found.folder)
        except OSError:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=found.folder)
            raise
        return found.path


def delete_file(root: Path, path: str) -> None:
    """Remove one file (a link is removed itself, not what it points to).

    Raises: CallRefused for a folder or a path outside; OSError.
    """
    parts = path_parts(root, path)
    if not parts:
        raise CallRefused("The root cannot be deleted; name one file.")
    with place(root, "/".join(parts[:-1])) as above, ExitStack() as opened:
        folder = os.open(above.name, _FOLDER, dir_fd=above.folder)
        opened.callback(os.close, folder)
        if stat.S_ISDIR(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode):
            raise CallRefused(f"`{path}` is a folder; delete its files one by one, or use run_shell.")
        os.unlink(parts[-1], dir_fd=folder)


def _walk(opened: ExitStack, root: Path, path: str, create_folders: bool) -> Place:
    todo = deque(path_parts(root, path))
    folders = [_opened(opened, os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))]
    names: list[str] = []
    links = 0
    while todo:
        part = todo.popleft()
        if part == "..":
            _climb(folders, names, path)
            continue
        _refuse_name(part, path)
        target = _link_target(part, folders[-1])
        if target is not None:
            links += 1
            todo.extendleft(reversed(_link_parts(target, path, links)))
        elif not todo:
            return Place(folder=folders[-1], name=part, path="/".join([*names, part]))
        else:
            folders.append(_opened(opened, _open_folder(part, folders[-1], create_folders)))
            names.append(part)
    return Place(folder=folders[-1], name=".", path="/".join(names) or ".")


def _opened(opened: ExitStack, descriptor: int) -> int:
    opened.callback(os.close, descriptor)
    return descriptor


def _climb(folders: list[int], names: list[str], path: str) -> None:
    if not names:
        raise CallRefused(f"`{path}` was refused: it is a link that leads outside the worktree.")
    folders.pop()
    names.pop()


def _link_target(name: str, folder: int) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:  # it is no link, or not there: the caller finds out which
        return None


def _link_parts(target: str, path: str, links: int) -> list[str]:
    if target.startswith("/"):
        raise CallRefused(f"`{path}` was refused: it is a link that leads outside the worktree.")
    if links > _MAX_LINKS:
        raise CallRefused(f"`{path}` was refused: its links go round in a circle.")
    return [part for part in target.split("/") if part not in ("", ".")]


def _open_folder(name: str, folder: int, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _open_regular(found: Place) -> int:
    descriptor = os.open(found.name, _FILE, dir_fd=found.folder)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise CallRefused(f"`{found.path}` is a folder; use list_directory.")
    raise CallRefused(f"`{found.path}` is not a regular file.")


def _mode_to_keep(found: Place) -> int:
    try:
        mode = os.stat(found.name, dir_fd=found.folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0o644
    if not stat.S_ISREG(mode):
        raise CallRefused(f"`{found.path}` is not a regular file and cannot be written.")
    return stat.S_IMODE(mode) & 0o777


def _refuse_odd_text(path: str) -> None:
    try:
        size = len(path.encode("utf-8"))
    except UnicodeEncodeError:
        raise CallRefused("The path was refused: it is not valid Unicode.") from None
    if size > MAX_PATH_BYTES:
        raise CallRefused(f"The path was refused: it has {size:,} bytes, more than {MAX_PATH_BYTES:,}.")
    if any(unicodedata.category(char) == "Cc" for char in path):
        raise CallRefused("The path was refused: it contains a control character.")
    if "\\" in path:
        raise CallRefused("The path was refused: write `/` between folders, not a backslash.")


def _refuse_name(name: str, path: str) -> None:
    """`.git` is refused in every spelling that some file system folds to it (CVE-2014-9390, CVE-2019-1352)."""
    folded = "".join(char for char in name if unicodedata.category(char) != "Cf").casefold().rstrip(" .")
    if folded.split(":")[0] in (".git", "git~1"):
        raise CallRefused(f"`{path}` was refused: `.git` belongs to the engine. Use git commands in run_shell to look.")
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        raise CallRefused(f"The path was refused: one of its names has more than {MAX_NAME_BYTES} bytes.")


def _absolute(root: Path, path: str) -> str:
    inside = path.removeprefix(f"{root}/")
    hint = f"write `{inside}`" if inside != path else "write it from the top of the worktree, such as `src/app.py`"
    return f"`{path}` was refused: paths are relative; {hint}."
