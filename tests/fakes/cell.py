"""A cell without walls: it really runs commands in a folder, in a process group of their own, bounded in time."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from engine.cell.sandbox import CellFactory
from engine.cell.types import Cell, CellSpec, CommandResult, Dialogue, Level, Running

_MAX_BYTES = 160 * 1024


class FolderCell:
    """Runs each command in `folder`; `commands` records them in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cell: Cell | None = None
        self.commands: list[str | Sequence[str]] = []

    @property
    def level(self) -> Level:
        return "none"

    @property
    def has_common_loopback(self) -> bool:
        return True

    async def run(
        self,
        command: str | Sequence[str],
        *,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> CommandResult:
        self.commands.append(command)
        argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", **(env or {})},
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        async with asyncio.TaskGroup() as group:
            talk = group.create_task(process.communicate(stdin))
            try:
                await asyncio.wait({talk}, timeout=timeout_s)
                is_late = not talk.done()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await asyncio.wait({talk}, timeout=5)  # also when we are cancelled: nothing may be left behind
        output, _ = talk.result()
        code = process.returncode or 0
        return CommandResult(
            exit_code=code if code >= 0 else 128 - code,
            output=output[:_MAX_BYTES].decode("utf-8", "replace"),
            cut_bytes=max(0, len(output) - _MAX_BYTES),
            timed_out=is_late,
            duration_s=time.monotonic() - started,
        )

    async def start(self, command: str | Sequence[str], *, env: Mapping[str, str] | None = None) -> Running:
        return await (await self._real()).start(command, env=env)

    async def converse(
        self, command: str | Sequence[str], *, max_line_bytes: int, env: Mapping[str, str] | None = None
    ) -> Dialogue:
        return await (await self._real()).converse(command, max_line_bytes=max_line_bytes, env=env)

    async def _real(self) -> Cell:
        """What runs on needs a leash, and a real cell has one."""
        if self._cell is None:
            self._cell = await CellFactory("none").open(CellSpec(self._folder, None, self._folder, ()))
        return self._cell

    async def close(self) -> None:
        """End what runs on."""
        if self._cell is not None:
            await self._cell.close()
