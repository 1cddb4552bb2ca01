"""What a command prints, bounded: the first and the last of it, and how much was cut between; must not block the loop."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

HEAD_BYTES = 32 * 1024
TAIL_BYTES = 128 * 1024
CHUNK_BYTES = 64 * 1024
PIPE_CHUNKS = 16
DRAIN_S = 0.2
"""A daemon may hold the pipe open for ever, so a dead command's last words get this long and no longer."""


class Ring:
    """The first `HEAD_BYTES` and the last `TAIL_BYTES` of a stream of any length."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._cut_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        room = HEAD_BYTES - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        # Trimming at twice the size makes the cost per byte constant.
        if len(self._tail) > 2 * TAIL_BYTES:
            self._trim()

    @property
    def cut_bytes(self) -> int:
        """How many bytes `text` leaves out."""
        self._trim()
        return self._cut_bytes

    @property
    def total_bytes(self) -> int:
        """How many bytes the stream had so far."""
        return len(self._head) + self._cut_bytes + len(self._tail)

    def text_since(self, position: int) -> str:
        """What is kept of the stream from that byte on, with a mark where bytes after it were cut."""
        self._trim()
        tail_start = len(self._head) + self._cut_bytes
        if position >= tail_start:
            return bytes(self._tail[position - tail_start :]).decode("utf-8", "replace")
        cut_bytes = tail_start - max(position, len(self._head))
        return self._joined(self._head[position:], cut_bytes)

    def text(self) -> str:
        """What is kept, undecodable bytes replaced, with a mark where the rest was cut."""
        return self._joined(self._head, self.cut_bytes)

    def _joined(self, head: bytearray, cut_bytes: int) -> str:
        mark = f"\n[… {cut_bytes} bytes cut …]\n".encode() if cut_bytes else b""
        return (bytes(head) + mark + bytes(self._tail)).decode("utf-8", "replace")

    def _trim(self) -> None:
        excess = len(self._tail) - TAIL_BYTES
        if excess > 0:
            del self._tail[:excess]
            self._cut_bytes += excess


class OutputPipe:
    """A pipe for a command's stdout and stderr that the event loop empties into a ring."""

    def __init__(self) -> None:
        self.ring = Ring()
        self.on_chunk: Callable[[], None] = lambda: None
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._read_fd, self.write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        self._loop.add_reader(self._read_fd, self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release_write_end()
        self._loop.remove_reader(self._read_fd)
        os.close(self._read_fd)

    def release_write_end(self) -> None:
        """Leave the writing to the command, so that its death ends the stream."""
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    def take_rest(self) -> None:
        """Take what lies in the pipe now, at most what a pipe holds: the command has ended, and a daemon may write for ever."""
        with suppress(BlockingIOError):
            for _ in range(PIPE_CHUNKS):
                if self._ended.is_set():
                    return
                self._read()

    async def drain(self) -> None:
        """Return when the stream has ended or `DRAIN_S` has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self._ended.wait()

    def _read(self) -> None:
        chunk = os.read(self._read_fd, CHUNK_BYTES)
        if chunk:
            self.ring.feed(chunk)
            self.on_chunk()
        else:
            self._loop.remove_reader(self._read_fd)
            self._ended.set()
