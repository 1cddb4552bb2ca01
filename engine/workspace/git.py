"""Runs the git command line, hardened: no hook, monitor, pager or foreign environment takes part; must not know what we use git for.

Only this module and `engine/store/gitproc.py` may start git (a test holds the engine to that). The tree of an agent is committed through
pygit2 instead (`commit.py`), for there even `git status` can be made to run the agent's code.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path

HARDENED = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("submodule.recurse", "false"),
    ("diff.ignoreSubmodules", "all"),
    ("core.pager", "cat"),
    # A background repack would outlive the command and hold locks in somebody's repository.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)
"""Settings for every command, stronger than any configuration file."""

# Handed on, not read: where git finds itself, the user's `safe.directory`, and the user's own filters. Never GIT_*, never a key.
_INHERITED = ("PATH", "HOME", "XDG_CONFIG_HOME", "USER", "TMPDIR")
_TALKING = ("SSH_AUTH_SOCK",)
_STDERR_TAIL = 2_000
_LOOK_EVERY_S = 0.2


class GitError(Exception):
    """A git command failed: the message names the command and shows the end of what git said."""


def run_git(
    *arguments: str,
    git_dir: Path,
    work_tree: Path | None = None,
    config: Iterable[tuple[str, str]] = (),
    accept: tuple[int, ...] = (0,),
    timeout_s: float = 300,
    talks_until: threading.Event | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What git answered, its exit code being one of `accept`; `config` is added to `HARDENED`; `talks_until` is for commands
    that reach another repository, with the user's own keys: once it is set, nobody waits for them any more.

    It runs in a session of its own, so that Ctrl-C in the user's terminal can't cut a merge in half.

    Raises: GitError when git is missing, is too slow, is not waited for, or ends with another exit code.
    """
    command = ("git", "--no-pager", "--literal-pathspecs", *arguments)
    environment = _environment(git_dir, work_tree, (*HARDENED, *config), _TALKING if talks_until else ())
    try:
        process = subprocess.Popen(
            command,
            cwd=work_tree or git_dir,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise GitError(
            f"cannot run {_shown(arguments)}: {error}; is git installed, and does the folder exist?"
        ) from None
    with process:
        try:
            stdout, stderr = _heard(process, timeout_s, talks_until)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            why = (
                "was not waited for" if talks_until and talks_until.is_set() else f"did not end within {timeout_s:g} s"
            )
            raise GitError(f"{_shown(arguments)} {why}") from None
    if process.returncode not in accept:
        tail = stderr[-_STDERR_TAIL:].decode("utf-8", "replace").strip()
        raise GitError(f"{_shown(arguments)} ended with exit code {process.returncode}: {tail}")
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _heard(process: "subprocess.Popen[bytes]", timeout_s: float, enough: threading.Event | None) -> tuple[bytes, bytes]:
    """What the process said until its end.

    Raises: subprocess.TimeoutExpired when the time is over, or it is enough.
    """
    ends_at = time.monotonic() + timeout_s
    while True:
        left_s = max(0.0, ends_at - time.monotonic())
        try:
            return process.communicate(timeout=left_s if enough is None else min(_LOOK_EVERY_S, left_s))
        except subprocess.TimeoutExpired:
            if left_s <= _LOOK_EVERY_S or enough is None or enough.is_set():
                raise


def _environment(
    git_dir: Path, work_tree: Path | None, config: tuple[tuple[str, str], ...], more: tuple[str, ...]
) -> dict[str, str]:
    environment = {name: os.environ[name] for name in (*_INHERITED, *more) if name in os.environ}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_DIR": str(git_dir), "GIT_EDITOR": "true"}
    if work_tree is not None:
        environment["GIT_WORK_TREE"] = str(work_tree)
    # By environment and not by `-c`, which can't carry a name with `=` in it, as a filter's name may be.
    environment["GIT_CONFIG_COUNT"] = str(len(config))
    for number, (key, value) in enumerate(config):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _shown(arguments: tuple[str, ...]) -> str:
    return "`git " + " ".join(arguments)[:300] + "`"
