"""The tools that read and change single files; must not follow anything out of the worktree (paths.py does the opening).

The docstring and the field descriptions of each arguments model are what the language model reads.
"""

from __future__ import annotations

from pydantic import Field

from engine.crew.fences import name_of_file, quote
from engine.tools.edits import closest_hunk, lines_of, numbered, small_diff, syntax_fault
from engine.tools.observation import CallRefused
from engine.tools.paths import delete_file, read_bytes, real_path, write_bytes
from engine.tools.tool import Arguments, PathText, Tool, blocking
from engine.tools.workbench import Workbench

MAX_READ_CHARS = 24_000
_MAX_CONTENT_CHARS = 1_000_000


class ReadFile(Arguments):
    """Read a text file, with line numbers. The numbers and the ` | ` are not part of the file."""

    path: PathText
    start_line: int = Field(default=1, ge=1, description="The first line to show, counted from 1.")
    max_lines: int = Field(default=400, ge=1, le=2_000, description="How many lines to show at most.")


class WriteFile(Arguments):
    """Write a whole file, new or existing; folders are made. An existing file must have been read first.
    For a small change of an existing file use str_replace instead.
    """

    path: PathText
    content: str = Field(max_length=_MAX_CONTENT_CHARS, description="The complete text of the file.")


class AppendFile(Arguments):
    """Add text at the end of a file (made if it is missing). Good for writing a long file in several parts."""

    path: PathText
    content: str = Field(min_length=1, max_length=_MAX_CONTENT_CHARS, description="The text to add, as it is.")


class StrReplace(Arguments):
    """Replace one piece of a file that you have read. `old` must be in the file exactly once, with the same spaces and line breaks and
    without line numbers; add neighbouring lines until it is unique.
    """

    path: PathText
    old: str = Field(min_length=1, max_length=_MAX_CONTENT_CHARS, description="The exact text to replace.")
    new: str = Field(max_length=_MAX_CONTENT_CHARS, description="What to put there; empty to remove it.")


class DeleteFile(Arguments):
    """Delete one file."""

    path: PathText


def _read(bench: Workbench, wanted: ReadFile) -> str:
    path, text = _text_of(bench, wanted.path, errors="replace")
    bench.note_read(path)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        return f"{path} is empty."
    if wanted.start_line > len(lines):
        raise CallRefused(f"{path} has {len(lines)} lines; start_line must be at most that.")
    return _excerpt(path, lines, wanted)


def _excerpt(path: str, lines: list[str], wanted: ReadFile) -> str:
    first = wanted.start_line
    shown = lines[first - 1 : first - 1 + wanted.max_lines]
    size = 0
    for count, line in enumerate(shown):
        size += min(len(line), 2_000) + 8
        if size > MAX_READ_CHARS and count:
            shown = shown[:count]
            break
    last = first + len(shown) - 1
    more = f"; continue with start_line={last + 1}" if last < len(lines) else ""
    return f"{name_of_file(path)}, lines {first}-{last} of {len(lines)}{more}\n{quote(numbered(shown, first))}"


def _write(bench: Workbench, wanted: WriteFile) -> str:
    bench.refuse_unwritable(wanted.path)
    try:
        path, before = _text_of(bench, wanted.path, errors="replace")
    except FileNotFoundError:
        return _save(bench, wanted.path, "", wanted.content)
    _refuse_unread(bench, path)
    if before == wanted.content:
        raise CallRefused(f"`{path}` already has exactly this content; nothing was changed.")
    return _save(bench, path, before, wanted.content)


def _refuse_unread(bench: Workbench, path: str) -> None:
    if not bench.has_read(path):
        raise CallRefused(
            f"`{path}` exists and you have not read it; nothing was changed. Read it with read_file first, then change what "
            "must change (str_replace for a part, write_file for the whole)."
        )


def _append(bench: Workbench, wanted: AppendFile) -> str:
    bench.refuse_unwritable(wanted.path)
    try:
        path, before = _text_of(bench, wanted.path)
    except FileNotFoundError:
        path, before = wanted.path, ""
    return _save(bench, path, before, before + wanted.content)


def _replace(bench: Workbench, wanted: StrReplace) -> str:
    bench.refuse_unwritable(wanted.path)
    path, before = _text_of(bench, wanted.path)
    _refuse_unread(bench, path)
    old, new = wanted.old, wanted.new
    if old == new:
        raise CallRefused("`old` and `new` are the same; nothing was changed.")
    if old not in before and "\r\n" in before and "\r" not in old:
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    found = lines_of(before, old)
    if not found:
        raise CallRefused(_miss(path, before, old))
    if len(found) > 1:
        lines = ", ".join(str(line) for line in found[:20])
        raise CallRefused(
            f"`old` is in {path} {len(found)} times (lines {lines}); nothing was changed. Add neighbouring lines to make it unique."
        )
    return _save(bench, path, before, before.replace(old, new, 1))


def _delete(bench: Workbench, wanted: DeleteFile) -> str:
    bench.refuse_unwritable(wanted.path)
    delete_file(bench.root, wanted.path)
    bench.forget_read(wanted.path)
    return f"Deleted {wanted.path}."


def _save(bench: Workbench, path: str, before: str, after: str) -> str:
    # A second look, at the path with its links resolved: a link must not be a way around the protection.
    bench.refuse_unwritable(real_path(bench.root, path))
    written = write_bytes(bench.root, path, after.encode("utf-8"))
    bench.note_read(written)
    fault = syntax_fault(written, after)
    warning = f"\nWARNING: {fault}. Mend it before you go on." if fault else ""
    diff = small_diff(written, before, after)
    return f"Wrote {name_of_file(written)} ({len(after):,} characters).{warning}" + (
        f"\n{quote(diff, 'diff')}" if diff else ""
    )


def _text_of(bench: Workbench, path: str, errors: str = "strict") -> tuple[str, str]:
    real_path, content = read_bytes(bench.root, path)
    if b"\0" in content[:8_192]:
        raise CallRefused(
            f"`{real_path}` is a binary file of {len(content):,} bytes; look at it with run_shell if you must."
        )
    try:
        return real_path, content.decode("utf-8", errors)
    except UnicodeDecodeError:
        raise CallRefused(
            f"`{real_path}` is not UTF-8 text; change it with run_python, keeping its encoding."
        ) from None


def _miss(path: str, text: str, old: str) -> str:
    nearest = closest_hunk(text, old)
    where = (
        f"The closest lines are:\n{quote(nearest)}\nCopy"
        if nearest
        else "Nothing in the file resembles it. Read the file and copy"
    )
    return f"`old` is not in {path} exactly; nothing was changed. {where} the text exactly (without the numbers)."


READ_FILE = Tool.of("read_file", ReadFile, blocking(_read))
WRITE_FILE = Tool.of("write_file", WriteFile, blocking(_write))
APPEND_FILE = Tool.of("append_file", AppendFile, blocking(_append))
STR_REPLACE = Tool.of("str_replace", StrReplace, blocking(_replace))
DELETE_FILE = Tool.of("delete_file", DeleteFile, blocking(_delete))
