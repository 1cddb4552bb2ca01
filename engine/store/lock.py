"""One engine a repository: an flock that dies with its holder, and a note of who that is. Must not touch the state branch."""

import fcntl
import os
import socket as network
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from engine.store.errors import EngineRunning
from engine.store.repository import common_dir

_RETRY_S: Final = 0.01
_INSTANT_S: Final = 0.2
"""Whoever asks for the holder takes the lock for an instant; an engine that starts then must not be refused for it."""
_ERRAND_S: Final = 2.0
"""A command that tidies up, or records an order while no engine runs, holds the lock for a moment. It is no engine: it has no socket."""


class Holder(msgspec.Struct, frozen=True):
    """The engine that holds a repository."""

    pid: int
    host: str
    since_ms: int
    """Unix milliseconds, UTC."""
    socket: str = ""
    """Where it takes commands; empty when it takes none, because it is no engine but a command on an errand."""


class EngineLock:
    """The right to run the one engine of a repository. Also a context manager."""

    def __init__(self, repository: Path, *, since_ms: int, socket: Path | None = None) -> None:
        self._path = _lock_path(repository)
        self._note = Holder(os.getpid(), network.gethostname(), since_ms, str(socket or ""))
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock and note who holds it; an errand of another command is waited for.

        Raises: EngineRunning naming the holder; OSError when the file cannot be written.
        """
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        began, waiting = time.monotonic(), threading.Event()
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            holder = _read_note(descriptor)
            is_engine = holder is not None and holder.socket
            if time.monotonic() - began > (_INSTANT_S if is_engine else _ERRAND_S):
                os.close(descriptor)
                holder = holder or Holder(0, "an unknown host", 0)
                raise EngineRunning(holder.pid, holder.host, holder.since_ms)
            waiting.wait(_RETRY_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(self._note) + b"\n", 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; without it, nothing changes."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    @staticmethod
    def holder(repository: Path) -> Holder | None:
        """Who holds the repository now; None when nobody does, whatever a killed engine left in the file.

        Raises: RepositoryUnusable.
        """
        try:
            descriptor = os.open(_lock_path(repository), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return None if _try_lock(descriptor, fcntl.LOCK_SH) else _read_note(descriptor)
        finally:
            os.close(descriptor)


def held_by_this_process(repository: Path) -> bool:
    """Whether an EngineLock of this very process holds the repository.

    Raises: RepositoryUnusable.
    """
    holder = EngineLock.holder(repository)
    return holder is not None and (holder.pid, holder.host) == (os.getpid(), network.gethostname())


def _lock_path(repository: Path) -> Path:
    return common_dir(repository) / "orch" / "engine.lock"


def _try_lock(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_note(descriptor: int) -> Holder | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except msgspec.DecodeError:
        return None
