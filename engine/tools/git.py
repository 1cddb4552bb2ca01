"""The tools for the agent's own git: status, diff, log, commit; must not run git outside of the cell.

In the cell `.git` is a private one over the repository's objects: what is committed here are checkpoints that nobody else sees.
The engine makes the commit that counts, from the files, whatever was committed here.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from engine.crew.fences import quote
from engine.tools.commands import report, run_command
from engine.tools.observation import CallRefused, plain_text, shorten
from engine.tools.paths import path_parts
from engine.tools.tool import Arguments, Tool
from engine.tools.workbench import Workbench

GIT_TIMEOUT_S = 60.0
_BASE = ("git", "--no-pager", "-c", "color.ui=false", "-c", "core.quotePath=false", "-c", "core.fsmonitor=false")
_REVISION = r"^[A-Za-z0-9_][A-Za-z0-9_./~^@{}-]*$"
"""What cannot be an option, and holds no `:` that would name a file of any commit."""


class GitStatus(Arguments):
    """Show which files differ from the last commit of your tree, and which are new."""


class GitDiff(Arguments):
    """Show the changes of your tree since the last commit, or since `since`. New files show once they are committed."""

    path: str = Field(default=".", min_length=1, max_length=1_024, description="Only this file or folder.")
    since: str = Field(
        default="HEAD", max_length=200, pattern=_REVISION, description="A commit or branch to compare with."
    )
    is_summary: bool = Field(default=False, description="Only the names and the number of changed lines.")


class GitLog(Arguments):
    """Show commits, newest first; with a path those that changed it, with `is_patch` what they changed."""

    path: str = Field(default=".", min_length=1, max_length=1_024, description="Only this file or folder.")
    at: str = Field(default="HEAD", max_length=200, pattern=_REVISION, description="The commit to begin at.")
    max_count: int = Field(default=10, ge=1, le=100)
    is_patch: bool = Field(default=False, description="With the changes of each commit.")


class GitCommit(Arguments):
    """Commit all files of your tree as a checkpoint that only you see: to compare with it, or to go back to it with git in
    run_shell. It hands nothing in; finish does.
    """

    message: str = Field(min_length=1, max_length=4_000)


async def _status(bench: Workbench, _: GitStatus) -> str:
    text = await _git(bench, ("status", "--short", "--branch", "--untracked-files=all"))
    differs = "Files that differ from the last commit:" if "\n" in text else "Nothing differs from the last commit:"
    return f"{differs}\n{quote(text)}"


async def tree_status(bench: Workbench) -> str:
    """What git says of the tree; empty where it has nothing to say, or cannot."""
    try:
        return await _git(bench, ("status", "--short", "--untracked-files=all"))
    except (CallRefused, OSError):
        return ""


async def _diff(bench: Workbench, wanted: GitDiff) -> str:
    shape = ("--stat=120",) if wanted.is_summary else ("--no-ext-diff", "--no-textconv")
    where = _literal(bench, wanted.path)
    text = await _git(bench, ("diff", *shape, wanted.since, "--", where))
    if text:
        return f"The changes since {wanted.since}:\n{quote(text, 'diff')}"
    return f"No tracked file in {wanted.path} differs from {wanted.since}. New files are in git_status."


async def _log(bench: Workbench, wanted: GitLog) -> str:
    shape = ("--patch", "--no-ext-diff", "--no-textconv") if wanted.is_patch else ("--stat=100",)
    style = "--format=%n%h %ad %an%n    %s%n%w(0,4,4)%-b"
    where = _literal(bench, wanted.path)
    options = (f"--max-count={wanted.max_count}", "--date=short", style, *shape)
    text = await _git(bench, ("log", *options, wanted.at, "--", where))
    return f"Commits, newest first:\n{quote(text)}" if text.strip() else f"No commit changed {wanted.path}."


async def _commit(bench: Workbench, wanted: GitCommit) -> str:
    await _git(bench, ("add", "--all"))
    command = (*_BASE, "commit", "--no-verify", "--no-gpg-sign", "--cleanup=whitespace", "--file=-")
    result = await run_command(bench, command, GIT_TIMEOUT_S, wanted.message.encode("utf-8", "replace"))
    if result.exit_code == 1 and "nothing to commit" in result.output:
        raise CallRefused("Nothing differs from the last commit, so there is nothing to commit.")
    if result.exit_code != 0:
        raise CallRefused(f"git commit failed. {report(result, GIT_TIMEOUT_S)}")
    return f"{quote(result.output)}\nA checkpoint of your own: the work is handed in with finish."


async def _git(bench: Workbench, arguments: Sequence[str]) -> str:
    """What git printed.

    Raises: CallRefused, with what it said, when it failed.
    """
    result = await run_command(bench, (*_BASE, *arguments), GIT_TIMEOUT_S)
    if result.timed_out or result.exit_code != 0:
        raise CallRefused(
            f"git {arguments[0]} failed. {report(result, GIT_TIMEOUT_S)}\nCorrect the call, or use run_shell."
        )
    return shorten(plain_text(result.output).rstrip("\n"))


def _literal(bench: Workbench, path: str) -> str:
    """The path as git takes it, without any of its pattern magic. A deleted file may be named, so it need not exist."""
    parts = path_parts(bench.root, path)
    return f":(top,literal){'/'.join(parts)}" if parts else ":(top)"


GIT_STATUS = Tool.of("git_status", GitStatus, _status)
GIT_DIFF = Tool.of("git_diff", GitDiff, _diff)
GIT_LOG = Tool.of("git_log", GitLog, _log)
GIT_COMMIT = Tool.of("git_commit", GitCommit, _commit)
