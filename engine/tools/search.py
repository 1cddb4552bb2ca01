"""The tool that searches the tree; must not match patterns in the engine's process.

`git grep` in the cell does the work: a catastrophic pattern then meets PCRE's own limits and the cell's time limit, and
ignored files (dependencies, build output) are left out.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from typing import Literal

from pydantic import Field

from engine.cell.types import CommandResult
from engine.crew.fences import quote
from engine.tools.commands import run_command
from engine.tools.observation import CallRefused, plain_text
from engine.tools.paths import place
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench

SEARCH_TIMEOUT_S = 20.0
_MAX_LINE_CHARS = 300
_NO_PCRE = "USE_LIBPCRE"
_NO_MATCH = 1


class SearchCodebase(Arguments):
    """Search the files of the worktree by a regular expression, line by line. Ignored and binary files are left out."""

    pattern: str = Field(
        min_length=1, max_length=1_000, description="A regular expression; (?i) in front ignores case."
    )
    path: str = Field(default=".", min_length=1, description="The folder or file to search in.")
    glob: str = Field(default="*", min_length=1, max_length=200, description="Only files that match, such as *.py.")
    show: Literal["lines", "files", "counts"] = Field(
        default="lines", description="The lines, only the files, or how many lines of each file match."
    )
    context: int = Field(default=0, ge=0, le=10, description="Lines to show before and after each match.")
    ignore_case: bool = False
    max_results: int = Field(default=50, ge=1, le=500)


async def _search(bench: Workbench, wanted: SearchCodebase) -> str:
    spec = await asyncio.to_thread(_pathspec, bench, wanted)
    result = await _grep(bench, "-P", wanted, spec)
    if result.exit_code == 128 and _NO_PCRE in result.output:  # a git built without PCRE knows POSIX expressions
        result = await _grep(bench, "-E", wanted, spec)
    if result.timed_out:
        raise CallRefused(
            f"The search took over {SEARCH_TIMEOUT_S:g} s. Use a simpler pattern, or name a folder or a glob."
        )
    if result.exit_code == _NO_MATCH:
        return f"No line matches {wanted.pattern!r} in {wanted.path} ({wanted.glob})."
    if result.exit_code != 0:
        raise CallRefused(
            f"The search failed: {plain_text(result.output).strip()[-500:]}. Check the pattern: "
            r"characters such as ( [ { . * + ? | need a backslash to be taken as they are."
        )
    return _shown(result, wanted)


async def _grep(bench: Workbench, dialect: str, wanted: SearchCodebase, spec: str) -> CommandResult:
    options = [
        "--no-color",
        "--untracked",
        "--exclude-standard",
        "-I",
        *_form(wanted),
        *(["-i"] if wanted.ignore_case else []),
    ]
    command = ["git", "--no-pager", "grep", *options, dialect, "-e", wanted.pattern, "--", spec]
    return await run_command(bench, command, SEARCH_TIMEOUT_S)


def _form(wanted: SearchCodebase) -> list[str]:
    match wanted.show:
        case "lines":
            around = ["-C", str(wanted.context), "--heading", "--break"] if wanted.context else []
            return ["-n", "-m", str(wanted.max_results + 1), *around]
        case "files":
            return ["-l"]
        case "counts":
            return ["-c"]


def _pathspec(bench: Workbench, wanted: SearchCodebase) -> str:
    with place(bench.root, wanted.path) as found:
        mode = os.stat(found.name, dir_fd=found.folder, follow_symlinks=False).st_mode
    literal = re.sub(r"([*?\[\\])", r"\\\1", found.path)
    if not stat.S_ISDIR(mode):
        return f":(top){literal}"
    return f":(top){wanted.glob}" if found.path == "." else f":(top){literal}/{wanted.glob}"


def _shown(result: CommandResult, wanted: SearchCodebase) -> str:
    limit = wanted.max_results * (1 + 2 * wanted.context if wanted.show == "lines" else 1)
    lines = plain_text(result.output).split("\n")
    lines = lines if wanted.context else [line for line in lines if line]
    shown = [line if len(line) <= _MAX_LINE_CHARS else f"{line[:_MAX_LINE_CHARS]} [line cut]" for line in lines[:limit]]
    what = "lines" if wanted.show == "lines" else "files"
    if len(lines) > limit or result.cut_bytes:
        return (
            f"The first {limit} {what} that match:\n{quote(chr(10).join(shown))}\n"
            f"[... more than {limit} {what} match: narrow the pattern, the path or the glob ...]"
        )
    return f"The {what} that match:\n{quote(chr(10).join(shown))}"


SEARCH_CODEBASE = Tool.of("search_codebase", SearchCodebase, _search)
