"""The process between the engine and a command where there is no pid namespace: it leaves no descendant alive.

It runs as its own interpreter (`python -I -S`), reads one JSON line (`Order`) from stdin, starts the command as its
child, and writes `{"exit-code": n}` back into stdin, a socket, when that has ended. It kills all descendants, orphans
and daemons too, when the command has ended or stdin does: the engine closed it, or died. Standard library alone.
"""

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import NoReturn, TypedDict

from engine.cell.confine import become_subreaper, confine, die_with_parent


class Confinement(TypedDict):
    """What Landlock leaves to the command."""

    readable: list[str]
    writable: list[str]
    network: bool


class Order(TypedDict):
    """What the engine asks of the shim; `stdin_fd` is the number of an inherited descriptor for the command."""

    argv: list[str]
    cwd: str
    env: dict[str, str]
    stdin_fd: int
    confinement: Confinement | None


def main() -> None:
    """Carry out the order on stdin; returns when every descendant is dead."""
    order: Order = json.loads(_first_line(0))
    become_subreaper()
    wakes, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    failed, failure = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _become_command(order, failure)
    os.close(failure)
    os.close(order["stdin_fd"])
    status = _wait_for(child, wakes)
    _kill_descendants()
    is_started = not os.read(failed, 1)
    if status is not None and is_started:
        code = os.waitstatus_to_exitcode(status)
        os.write(0, json.dumps({"exit-code": code if code >= 0 else 128 - code}).encode())


def _first_line(fd: int) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(fd, 65536)
        if not chunk:
            sys.exit(1)
        line += chunk
    return bytes(line)


def _become_command(order: Order, failure: int) -> NoReturn:
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        # Python ignores these two, and what is ignored stays so in the command: `yes | head` would not end.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(order["stdin_fd"], 0)
        os.close(order["stdin_fd"])
        os.chdir(order["cwd"])
        if order["confinement"] is not None:
            limits = order["confinement"]
            confine(limits["readable"], limits["writable"], network=limits["network"])
        os.execve(order["argv"][0], order["argv"], order["env"])  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(2, f"{error}\n".encode())
        os.write(failure, b"!")
        os._exit(1)


def _wait_for(child: int, wakes: int) -> int | None:
    """The child's wait status, or None when the engine hung up first."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(wakes, select.POLLIN)
    while True:
        ready = dict(poll.poll())
        if wakes in ready:
            os.read(wakes, 4096)
        ended = _reap_ended()
        if child in ended:
            return ended[child]
        if 0 in ready:
            return None


def _reap_ended() -> dict[int, int]:
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status


def _kill_descendants() -> None:
    """Kill children until there are none; the children of a dead child become ours, so this reaches every descendant."""
    while True:
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
        _reap_ended()


def _children() -> list[int]:
    mine = os.getpid()
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _parent_of(entry) == mine]


def _parent_of(process: Path) -> int:
    try:
        # The name in parentheses is the process's own choice and may hold anything, the fields after it may not.
        return int((process / "stat").read_bytes().rpartition(b")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
