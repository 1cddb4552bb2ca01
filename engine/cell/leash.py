"""What holds a running command, so that it ends when we say so and nothing of it is left; must not read its output."""

import asyncio
import os
import re
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

REPORT_S = 5.0
"""How long bubblewrap may take to say which process it made; measured: 3 ms."""
KILL_S = 2.0
"""How long a shim may take to kill everything (measured: under 50 ms) before it is killed itself."""
KILLED = 128 + signal.SIGKILL
NOT_STARTED = 126
CHANNEL_BYTES = 4096


class Wires(msgspec.Struct, frozen=True):
    """A command's ends: its stdin, its stdout, its stderr, and a socket between its keeper and the engine."""

    stdin_fd: int
    output_fd: int
    errors_fd: int
    keeper_end: socket.socket
    engine_end: socket.socket


class Leash(Protocol):
    """One command with all its processes."""

    @property
    def pid(self) -> int:
        """Its keeper's; it ends when the command has."""

    async def begin(self) -> None:
        """The command runs, or could not be started, on return; harmless the second time."""

    def poll(self) -> int | None:
        """The exit code of a command that has ended, 126 when it could not be started; None while it runs."""

    async def finished(self) -> int | None:
        """The exit code, when the command has ended by itself or by `kill`; None when it could not be started."""

    async def kill(self) -> None:
        """Every process is dead on return; harmless after the end."""


class BubblewrapLeash:
    """Holds bubblewrap and, by a pidfd, the first process of its pid namespace: when that is gone, so are the others.

    bubblewrap itself returns before its namespace is torn down, hence the second hold. The sandbox waits for our word
    (`--block-fd`), so the pid that is reported cannot have gone to a stranger by the time we take hold of it.
    """

    def __init__(self, program: Sequence[str], arguments: Sequence[str], wires: Wires) -> None:
        with wires.keeper_end.dup() as block_end:
            channels = (wires.keeper_end.fileno(), block_end.fileno())
            options = ("--json-status-fd", str(channels[0]), "--block-fd", str(channels[1]))
            self._process = _spawn((*program, *options, *arguments), wires, channels)
        self._channel = wires.engine_end
        self._report = b""
        self._first_process: int | None = None
        self._is_reported = self._is_cut = self._is_dead = False
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int:
        """As `Leash` says."""
        return self._process.pid

    async def begin(self) -> None:
        """As `Leash` says."""
        async with self._lock:
            await self._take_hold()

    def poll(self) -> int | None:
        """As `Leash` says."""
        return None if self._process.poll() is None else _or_not_started(self._last_word())

    async def finished(self) -> int | None:
        """As `Leash` says."""
        await self.begin()
        await _ended(self._process)
        return self._last_word()

    def _last_word(self) -> int | None:
        self._report += _pending(self._channel)
        return _exit_code(self._report, self._process.returncode, is_cut=self._is_cut)

    async def kill(self) -> None:
        """As `Leash` says."""
        async with self._lock:
            if self._is_dead:
                return
            self._is_cut = True
            try:
                await self._take_hold()
            finally:
                self._signal_all()
            await _ended(self._process)
            if self._first_process is not None:
                await _readable(self._first_process)
                os.close(self._first_process)
            self._is_dead = True

    async def _take_hold(self) -> None:
        if self._is_reported:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(REPORT_S):
                await self._await_report()
        self._is_reported = True

    async def _await_report(self) -> None:
        while True:
            await _readable(self._channel.fileno())
            chunk = self._channel.recv(CHANNEL_BYTES)
            self._report += chunk
            if found := re.search(rb'"child-pid": (\d+)', self._report):
                self._first_process = os.pidfd_open(int(found[1]))
                self._channel.send(b"\n")
                return
            if not chunk:
                return

    def _signal_all(self) -> None:
        if self._first_process is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_process, signal.SIGKILL)
        self._process.kill()


class ShimLeash:
    """Holds a shim (`engine.cell.shim`), which kills all that the command left when it ends or when we hang up."""

    def __init__(self, argv: Sequence[str], order: bytes, wires: Wires) -> None:
        self._process = _spawn(argv, wires, (wires.stdin_fd,), stdin_fd=wires.keeper_end.fileno())
        self._channel = wires.engine_end
        self._order = order
        self._report = b""
        self._is_cut = False

    @property
    def pid(self) -> int:
        """As `Leash` says."""
        return self._process.pid

    async def begin(self) -> None:
        """As `Leash` says."""
        order, self._order = self._order, b""
        # A shim that died early is found out at the end.
        with suppress(BrokenPipeError, ConnectionResetError):
            await asyncio.get_running_loop().sock_sendall(self._channel, order)

    def poll(self) -> int | None:
        """As `Leash` says."""
        return None if self._process.poll() is None else _or_not_started(self._last_word())

    async def finished(self) -> int | None:
        """As `Leash` says."""
        await self.begin()
        await _ended(self._process)
        return self._last_word()

    def _last_word(self) -> int | None:
        self._report += _pending(self._channel)
        return _exit_code(self._report, self._process.returncode, is_cut=self._is_cut)

    async def kill(self) -> None:
        """As `Leash` says."""
        self._is_cut = True
        # Already hung up: the shim is gone.
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        try:
            async with asyncio.timeout(KILL_S):
                await _ended(self._process)
        finally:
            self._process.kill()


def _spawn(
    argv: Sequence[str], wires: Wires, pass_fds: Sequence[int], *, stdin_fd: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a keeper: with no environment, and away from the engine's terminal and its Ctrl-C.

    The loop's own thread must call it: a parent-death signal is sent when the starting *thread* ends (prctl(2)).
    """
    return subprocess.Popen(
        argv,
        stdin=wires.stdin_fd if stdin_fd is None else stdin_fd,
        stdout=wires.output_fd,
        stderr=wires.errors_fd,
        env={},
        cwd="/",
        pass_fds=pass_fds,
        start_new_session=True,
    )


async def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    handle = os.pidfd_open(process.pid)
    try:
        await _readable(handle)
    finally:
        os.close(handle)
    process.wait()


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


def _pending(channel: socket.socket) -> bytes:
    """What the keeper said last; it is dead, so all has been said."""
    with suppress(OSError):  # nothing more, hung up, or closed by us
        return channel.recv(CHANNEL_BYTES)
    return b""


def _or_not_started(code: int | None) -> int:
    return NOT_STARTED if code is None else code


def _exit_code(report: bytes, keeper_exit: int, *, is_cut: bool) -> int | None:
    """What the keeper reported, else the signal that ended it (ours, say); without either, nothing was ever started."""
    if found := re.search(rb'"exit-code": (\d+)', report):
        return int(found[1])
    if is_cut:
        return KILLED
    return 128 - keeper_exit if keeper_exit < 0 else None
