"""Which sandbox this machine can give, and cells of it; must not decide whether a weaker one is acceptable.

| level | files | processes | network | Unix sockets, signals |
|---|---|---|---|---|
| bubblewrap | only worktree, private gitdir and own /tmp writable; secrets covered | own pid namespace | none, or the host's | unreachable |
| landlock | the same by permissions; `<worktree>/.git` itself is writable | a shim kills all | no sockets, or TCP and UDP | refused (signals: Linux >= 6.12) |
| none | everything the user may do | a shim kills all | the host's | reachable |
"""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol

from engine.cell.background import Background
from engine.cell.bubblewrap import Bubblewrap, working_bubblewrap
from engine.cell.capture import OutputPipe
from engine.cell.confine import landlock_abi
from engine.cell.leash import KILLED, Leash, Wires
from engine.cell.loopback import Loopback
from engine.cell.scratch import Scratch, remove_leftovers
from engine.cell.shimmed import Shimmed
from engine.cell.types import Cell, CellSpec, CommandResult, Dialogue, Level, NoSandbox

LIMITS = 'ulimit -c 0; ulimit -n 4096 2>/dev/null; exec "$@"'
"""No core files in the worktree; enough open files for a test suite (a lower limit of the host stays)."""


class Enforcer(Protocol):
    """How a level starts a command."""

    level: Level

    def environment(self, spec: CellSpec, scratch: Scratch) -> dict[str, str]:
        """The variables of a command before the caller's additions."""

    def loopback(self) -> Loopback | None:
        """A network for the commands of one cell to share, where there is such a thing."""

    def start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        wires: Wires,
        spec: CellSpec,
        scratch: Scratch,
        loopback: Loopback | None,
    ) -> Leash:
        """A command, started."""


def probe() -> Level:
    """The best level this machine offers, found by really trying; takes some 10 ms, so remember it."""
    if working_bubblewrap() is not None:
        return "bubblewrap"
    return "landlock" if landlock_abi() else "none"


class CellFactory:
    """Opens cells of one level, and removes what a killed engine's cells left in the temporary folder.

    Raises: NoSandbox when this machine cannot give the level.
    """

    def __init__(self, level: Level) -> None:
        self._enforcer: Enforcer = Bubblewrap() if level == "bubblewrap" else Shimmed(level)
        remove_leftovers()

    async def open(self, spec: CellSpec) -> Cell:
        """A cell with a temporary folder of its own; close it."""
        scratch = await asyncio.to_thread(Scratch.make, spec.private_gitdir)
        return LeashedCell(self._enforcer, spec, scratch)


class LeashedCell:
    """A cell of any level: each command gets a leash, and whatever happens the leash is pulled in the end."""

    def __init__(self, enforcer: Enforcer, spec: CellSpec, scratch: Scratch) -> None:
        self.level = enforcer.level
        self._enforcer = enforcer
        self._spec = spec
        self._scratch = scratch
        self._environment = enforcer.environment(spec, scratch) | spec.env
        self._leashes: set[Leash] = set()
        self._running: list[Background] = []
        self._loopback: Loopback | None = None
        self._opening = asyncio.Lock()

    @property
    def has_common_loopback(self) -> bool:
        """As `Cell` says."""
        return self.level == "none" or self._spec.network or self._loopback is not None

    async def run(
        self,
        command: str | Sequence[str],
        *,
        timeout_s: float,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
    ) -> CommandResult:
        """As `Cell` says."""
        argv = _argv(command)
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        with ExitStack() as held:
            leash, output = self._begin(argv, env, stdin, held)
            exit_code, timed_out = await self._hold(leash, timeout_s)
            await output.drain()
            if exit_code is None:
                raise NoSandbox(
                    f"the cell for {self._spec.worktree} could not be set up ({output.ring.text().strip()})"
                )
            return CommandResult(exit_code, output.ring.text(), output.ring.cut_bytes, timed_out, loop.time() - start_s)

    async def start(self, command: str | Sequence[str], *, env: Mapping[str, str] | None = None) -> Background:
        """As `Cell` says."""
        argv = _argv(command)
        await self._share_loopback()
        with ExitStack() as held:
            leash, output = self._begin(argv, env, None, held)
            return await self._keep(leash, output, held)

    async def converse(
        self, command: str | Sequence[str], *, max_line_bytes: int, env: Mapping[str, str] | None = None
    ) -> Dialogue:
        """As `Cell` says."""
        argv = _argv(command)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ExitStack() as held:
            with theirs:
                leash, output = self._begin(argv, env, theirs, held)
            reader, writer = await asyncio.open_connection(sock=ours, limit=max_line_bytes)
            held.callback(writer.close)
            return Dialogue(reader, writer, await self._keep(leash, output, held))

    async def _keep(self, leash: Leash, output: OutputPipe, held: ExitStack) -> Background:
        """The command, once it runs; whatever befalls us on the way ends it."""
        self._leashes.add(leash)
        try:
            await leash.begin()
            running = Background(leash, output, held.pop_all())
        except BaseException:
            await leash.kill()
            raise
        self._running.append(running)
        return running

    async def close(self) -> None:
        """As `Cell` says."""
        for running in self._running:
            await running.stop()
        for leash in tuple(self._leashes):
            await leash.kill()
        if self._loopback is not None:
            self._loopback.close()
            self._loopback = None
        await asyncio.to_thread(self._scratch.remove)

    def _begin(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        stdin: bytes | socket.socket | None,
        held: ExitStack,
    ) -> tuple[Leash, OutputPipe]:
        """A command, started, and its output; its descriptors are closed with `held`.

        A socket is its stdin and its stdout; its output is then what it writes to stderr.
        """
        engine_end, keeper_end = socket.socketpair()
        held.enter_context(engine_end)
        engine_end.setblocking(False)
        output = held.enter_context(OutputPipe())
        variables = self._environment | dict(env or {})
        with keeper_end, ExitStack() as sources:
            if isinstance(stdin, socket.socket):
                source = target = stdin.fileno()
            else:
                source, target = sources.enter_context(_stdin(stdin)).fileno(), output.write_fd
            wires = Wires(source, target, output.write_fd, keeper_end, engine_end)
            leash = self._enforcer.start(argv, variables, wires, self._spec, self._scratch, self._loopback)
        output.release_write_end()
        return leash, output

    async def _share_loopback(self) -> None:
        """From the first background process on, all commands run in one network."""
        async with self._opening:
            if not self.has_common_loopback:
                self._loopback = await asyncio.to_thread(self._enforcer.loopback)

    async def _hold(self, leash: Leash, timeout_s: float) -> tuple[int | None, bool]:
        """The exit code, and whether it took a time-out to get one; the command is dead on return, cancelled too."""
        self._leashes.add(leash)
        try:
            async with asyncio.timeout(timeout_s):
                return await leash.finished(), False
        except TimeoutError:
            return KILLED, True
        finally:
            await leash.kill()
            self._leashes.discard(leash)


def _argv(command: str | Sequence[str]) -> tuple[str, ...]:
    words = ("/bin/sh", "-c", command) if isinstance(command, str) else tuple(command)
    for word in words:
        if "\0" in word:
            raise ValueError("a command cannot hold a NUL character; remove it")
        word.encode()
    return ("/bin/sh", "-c", LIMITS, "sh", *words)


def _stdin(content: bytes | None) -> BinaryIO:
    """A command's stdin: a file in memory cannot make anyone wait, as a pipe would."""
    if content is None:
        return Path(os.devnull).open("rb")
    file = os.fdopen(os.memfd_create("stdin"), "w+b")
    file.write(content)
    file.seek(0)
    return file
