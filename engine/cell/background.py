"""A command that runs on while others run: its output so far, its end, and the way to end it; must not start anything."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack, suppress

from engine.cell.capture import OutputPipe
from engine.cell.leash import Leash


class Background:
    """One command with all its processes. Its descriptors are held by `held` until it is stopped."""

    def __init__(self, leash: Leash, output: OutputPipe, held: ExitStack) -> None:
        self._leash = leash
        self._output = output
        self._held = held
        self._news = asyncio.Event()
        self._code: int | None = None
        self._loop = asyncio.get_running_loop()
        self._handle = os.pidfd_open(leash.pid)
        self._loop.add_reader(self._handle, self._take_end)
        output.on_chunk = self._news.set

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + the signal's number after a signal."""
        return self._code

    @property
    def total_bytes(self) -> int:
        """How much it has printed so far."""
        return self._output.ring.total_bytes

    def text_since(self, position: int) -> str:
        """What it printed from that byte on, as far as it is kept, with a mark where bytes were cut."""
        return self._output.ring.text_since(position)

    async def news(self) -> None:
        """Return when it has printed more, or has ended; at once when it has ended before."""
        if self._code is None:
            self._news.clear()
            await self._news.wait()

    async def stop(self) -> None:
        """Every process of it is dead on return; what it printed stays readable. Harmless the second time."""
        await self._leash.kill()
        self._take_end()
        await self._output.drain()
        self._held.close()

    def _take_end(self) -> None:
        if self._handle < 0:
            return
        code = self._leash.poll()
        if code is None:
            return
        self._code = code
        self._output.take_rest()
        self._loop.remove_reader(self._handle)
        with suppress(OSError):
            os.close(self._handle)
        self._handle = -1
        self._news.set()
