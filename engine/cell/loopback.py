"""A network of loopback alone that the commands of one cell share, so that a server in one is reached by another.

Each bubblewrap has a network namespace of its own, and can join none. So the first one is made by a bubblewrap that ends at once
(two open descriptors keep its namespaces alive), and later ones are started inside it, by `nsenter`.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from pathlib import Path

HOLD = ("--unshare-user", "--unshare-net", "--cap-drop", "ALL", "--ro-bind", "/", "/")
ENTRY = ("/bin/sh", "-c", "echo $$; exec cat")
"""Tells its pid and lives until we close its stdin, so the pid cannot have gone to a stranger while we look at it."""
TRIAL_S = 10.0


class Loopback:
    """`words` stand in front of a command that is to run in the shared network."""

    def __init__(self, nsenter: str, user_fd: int, net_fd: int) -> None:
        self._fds: tuple[int, ...] = (user_fd, net_fd)
        # By the engine's own /proc entry, and not inherited: a command must not hold these descriptors.
        folder = f"/proc/{os.getpid()}/fd"
        self.words = (
            nsenter,
            f"--user={folder}/{user_fd}",
            f"--net={folder}/{net_fd}",
            "--preserve-credentials",
            "--",
        )

    def close(self) -> None:
        """Let the network go, once the last process in it has ended; harmless the second time."""
        for fd in self._fds:
            os.close(fd)
        self._fds = ()


def make_loopback(bubblewrap: str) -> Loopback | None:
    """A network with a loopback of its own, or None where the system cannot share one; takes some 10 ms."""
    nsenter = shutil.which("nsenter")
    if nsenter is None:
        return None
    try:
        fds = _namespaces(bubblewrap)
    except (OSError, ValueError):
        return None
    loopback = Loopback(nsenter, *fds)
    if _is_the_hosts(fds[1]) or not _can_be_entered(loopback):
        loopback.close()
        return None
    return loopback


def _namespaces(bubblewrap: str) -> tuple[int, int]:
    """Descriptors of a new user and a new network namespace.

    Raises: OSError, ValueError when there are none to be had.
    """
    with subprocess.Popen(
        (bubblewrap, *HOLD, "--", *ENTRY),
        env={},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as holder:
        try:
            folder = Path("/proc", str(int(_line_of(holder))), "ns")
            user_fd = os.open(folder / "user", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return user_fd, os.open(folder / "net", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                os.close(user_fd)
                raise
        finally:
            holder.kill()


def _line_of(holder: subprocess.Popen[bytes]) -> bytes:
    if holder.stdout is None or not select.select([holder.stdout], [], [], TRIAL_S)[0]:
        return b""
    return holder.stdout.readline()


def _is_the_hosts(net_fd: int) -> bool:
    return os.fstat(net_fd).st_ino == Path("/proc/self/ns/net").stat().st_ino


def _can_be_entered(loopback: Loopback) -> bool:
    trial = (*loopback.words, "/bin/sh", "-c", "exit 0")
    try:
        return subprocess.run(trial, env={}, capture_output=True, timeout=TRIAL_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
