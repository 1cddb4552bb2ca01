"""What a cell is told and what it answers; no behaviour, so that every other part may import it."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Level = Literal["bubblewrap", "landlock", "none"]
"""How much a machine can enforce, best first (the module docstring of `sandbox` says what each one promises)."""


class NoSandbox(Exception):
    """Commands cannot be confined here as asked; the message says what a person can do about it."""

    def __init__(self, found: str = "this machine offers neither user namespaces nor Landlock") -> None:
        super().__init__(
            f"no sandbox: {found}; allow unprivileged user namespaces (or install the system's bubblewrap, "
            "or run on Linux >= 6.2 with Landlock), or accept unconfined commands with ORCH_SANDBOX=none"
        )


class CommandResult(msgspec.Struct, frozen=True):
    """How a command ended. `exit_code` is 128 + the signal's number after a signal, so 137 after a time-out.

    `output` is stdout and stderr as they came, with a mark where `cut_bytes` were left out.
    """

    exit_code: int
    output: str
    cut_bytes: int
    timed_out: bool
    duration_s: float


class CellSpec(msgspec.Struct, frozen=True):
    """What a cell may see and change; everything else of the host is read-only or hidden."""

    worktree: Path
    """Writable; commands start here."""
    private_gitdir: Path | None
    """Writable; stands in for whatever `<worktree>/.git` names on the host, so that git inside moves no ref outside."""
    repository: Path
    """Readable at its own path wherever it lies, so that its virtual environment and its objects work."""
    hidden: tuple[Path, ...]
    """Must not be read: the engine's own folder, credentials. A deeper path of this spec stays visible within."""
    readable: tuple[Path, ...] = ()
    """Readable wherever they lie: the folders of the repository's objects, which a linked worktree's `.git` has elsewhere."""
    network: bool = False
    """Opens the host's network, its loopback included; without it there is a private loopback at most."""
    env: dict[str, str] = {}
    """Additions to the clean environment."""


class Running(Protocol):
    """A command that runs on while others run; it ends with its cell at the latest."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + the signal's number after a signal."""

    @property
    def total_bytes(self) -> int:
        """How much it has printed so far."""

    def text_since(self, position: int) -> str:
        """What it printed from that byte on, as far as it is kept, with a mark where bytes were cut."""

    async def news(self) -> None:
        """Return when it has printed more, or has ended; at once when it has ended before."""

    async def stop(self) -> None:
        """Every process of it is dead on return; what it printed stays readable. Harmless the second time."""


class Dialogue(msgspec.Struct, frozen=True):
    """A command to talk with: `writer` leads to its stdin, `reader` comes from its stdout; `running` has its stderr."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    running: Running


class Cell(Protocol):
    """A place where commands run, one after the other or at once."""

    @property
    def level(self) -> Level: ...

    @property
    def has_common_loopback(self) -> bool:
        """Whether a server in one command is reached by the others; known once one was started."""

    async def run(
        self,
        command: str | Sequence[str],
        *,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> CommandResult:
        """The result of a command, all of whose processes are dead; a string goes through `/bin/sh -c`.

        Raises: NoSandbox when the cell cannot be set up; ValueError for a command that no process can be given
        (a NUL, a lone surrogate); OSError when the kernel refuses to start it (an argument over 128 KiB).
        """

    async def start(self, command: str | Sequence[str], *, env: Mapping[str, str] | None = None) -> Running:
        """A command that runs on, with empty stdin.

        Raises: as `run`.
        """

    async def converse(
        self, command: str | Sequence[str], *, max_line_bytes: int, env: Mapping[str, str] | None = None
    ) -> Dialogue:
        """A command that runs on and is talked with; a longer line from it cannot be read.

        Raises: as `run`.
        """

    async def close(self) -> None:
        """End the cell: every process of it is dead and its temporary files are gone on return."""
