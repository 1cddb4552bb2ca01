"""Git commands that tend the repository in the background: at the lowest priority, one at a time, and held while we write.

Must not be used for what somebody waits for. What each command is for is said in upkeep.py.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.store.errors import UpkeepFailed

_SETTINGS: Final = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    # One core is the engine's.
    ("pack.threads", "1"),
    # What replaces durable packs must be as durable before they go (git-config, core.fsync).
    ("core.fsync", "committed"),
    ("core.fsyncMethod", "fsync"),
)
_INHERITED: Final = ("PATH", "HOME", "XDG_CONFIG_HOME", "USER", "TMPDIR")
_STDERR_TAIL: Final = 2_000


class BackgroundGit:
    """Runs git in one repository, at most one command at a time."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._note = git_dir / "orch" / "upkeep.pid"
        self._running = threading.Lock()
        self._state = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._holds = 0
        self._is_stopped = False

    def run(self, *arguments: str, stdin: str = "", timeout_s: float = 3600) -> str:
        """What git printed.

        Raises: UpkeepFailed when git is missing, is too slow, or fails.
        """
        named = "`git " + " ".join(arguments) + "`"
        with self._running:
            try:
                process = self._start(arguments)
            except OSError as error:
                raise UpkeepFailed(f"{named} cannot be run: {error}; is git installed?") from error
            try:
                printed, said = process.communicate(stdin.encode(), timeout=timeout_s)
            except subprocess.TimeoutExpired:
                raise UpkeepFailed(f"{named} did not end within {timeout_s:g} s") from None
            finally:
                self._end(process)
        if process.returncode:
            tail = said[-_STDERR_TAIL:].decode("utf-8", "replace").strip()
            raise UpkeepFailed(f"{named} ended with exit code {process.returncode}: {tail}")
        return printed.decode("utf-8", "replace")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, the command that runs stands still: it takes neither the disk nor a core from whoever writes."""
        self._hold(1)
        try:
            yield
        finally:
            self._hold(-1)

    def stop(self) -> None:
        """Ask the command that runs to end, and run none any more: whoever waits or comes gets UpkeepFailed.

        Git removes its own temporary files.
        """
        with self._state:
            self._is_stopped = True
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)

    def end_left_over(self) -> bool:
        """Whether a command of a killed engine still stood still, for ever, and is now gone. For the holder of the engine's lock.

        The kernel ends it as a rule; not when the engine died between the order to stop and the stop.
        """
        try:
            pid = int(self._note.read_text("ascii"))
            is_stopped = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "T"
            is_ours = f"GIT_DIR={self._git_dir}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return False
        if is_stopped and is_ours:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        return is_stopped and is_ours

    def _start(self, arguments: tuple[str, ...]) -> "subprocess.Popen[bytes]":
        with self._state:
            if self._is_stopped:
                raise UpkeepFailed("no git command is run any more: the log is being closed")
            self._process = subprocess.Popen(
                ("git", "--no-pager", *arguments),
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A group of its own, in our session: it is held as a whole, Ctrl-C does not reach it, and when we are killed
                # while it is held the kernel wakes and ends it (POSIX, "orphaned process group").
                process_group=0,
            )
            self._note.parent.mkdir(mode=0o700, exist_ok=True)
            self._note.write_text(f"{self._process.pid}\n", "ascii")
            os.setpriority(os.PRIO_PGRP, self._process.pid, 19)
            self._signal(signal.SIGSTOP if self._holds else None)
            return self._process

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        with self._state:
            if process.poll() is None:
                self._signal(signal.SIGKILL)
            self._process = None
        process.communicate()

    def _hold(self, change: int) -> None:
        with self._state:
            before, self._holds = self._holds, self._holds + change
            if not before:
                self._signal(signal.SIGSTOP)
            elif not self._holds:
                self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals | None) -> None:
        # An ended process whose exit code nobody has taken yet keeps its number, so no other group is ever hit.
        if number is not None and self._process is not None and self._process.returncode is None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def _environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment |= {"LC_ALL": "C", "GIT_DIR": str(self._git_dir), "GIT_CONFIG_COUNT": str(len(_SETTINGS))}
        for number, (key, value) in enumerate(_SETTINGS):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return environment
