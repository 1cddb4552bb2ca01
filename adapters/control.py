"""The engine's door: a Unix socket through which people's orders reach a running engine. Must not decide anything.

One JSON line comes in (an order, and who gives it), one goes out (its records, or why it was refused). The socket lies in the
engine's own folder, which no cell can see, and only its owner may open it.
"""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, get_args

import msgspec

from adapters.looking_on import show, wish_of
from adapters.settings import runtime_folder
from bot.port import Health
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.ledger import LedgerStopped
from engine.model.streamed import Stream
from engine.service import CannotStart, Engine, RunRequest
from engine.store.lock import EngineLock
from engine.store.repository import common_dir

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
MAX_PATH_BYTES: Final = 100
"""Linux takes 107 bytes for the path of a socket, macOS 103 (unix(7), `sun_path`)."""
HEALTH_WITHIN_S: Final = 5.0
ANSWER_WITHIN_S: Final = 60.0
"""For an order; the start of a run is waited for as long as its gates take."""

_ASKS_HEALTH: Final = "AskHealth"
_ORDERS: Final[dict[str, type[c.PeopleCommand]]] = {kind.__name__: kind for kind in get_args(c.PeopleCommand)}


class NoEngine(Exception):
    """No engine takes orders for this repository; the message says how to start one."""


class _Line(msgspec.Struct, frozen=True):
    order: str
    arguments: msgspec.Raw
    by: str


class _Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    records: tuple[e.Record, ...] = ()
    healths: Mapping[str, Health] = {}
    refused: str = ""


def socket_path(repository_path: Path) -> Path:
    """Where the repository's engine listens: in its own folder, or, where that path is too long, in the user's private one."""
    home = common_dir(repository_path) / "orch"
    path = home / "engine.sock"
    if len(str(path).encode()) <= MAX_PATH_BYTES:
        return path
    private = runtime_folder() or Path("/tmp")  # noqa: S108 - `_own` makes sure of the folder below it
    name = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return private / f"orch-{os.getuid()}-{name}" / "engine.sock"


@asynccontextmanager
async def listening(
    engine: Engine, stream: Stream, path: Path, healths: Mapping[str, Health] = {}
) -> AsyncIterator[None]:
    """Take orders, let people look on, and tell how the chats are, at `path` while the context is open.

    The caller holds the engine's lock, so what lies there is stale.

    Raises: OSError when the socket can't be made; CannotStart when its folder is somebody else's.
    """
    _own(path.parent)
    path.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
            line = await reader.readline()
            if (wish := wish_of(line)) is not None:
                await show(engine, stream, wish, reader, writer)
            else:
                writer.write(msgspec.json.encode(await _answer(engine, line, healths)) + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, path, limit=MAX_LINE_BYTES)
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)
        if path.parent.name != "orch":
            path.parent.rmdir()


def _own(folder: Path) -> None:
    """Make the folder, or accept one that is ours alone: in a shared place somebody else could have put it there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise CannotStart(f"{folder} is not a folder of yours alone, so no orders can be taken there; remove it")


async def send(repository_path: Path, command: c.PeopleCommand, by: str) -> list[e.Record] | c.Refused:
    """What became of an order that the running engine was given: durable records, or why it was refused.

    Raises: NoEngine; RepositoryUnusable.
    """
    line = _Line(type(command).__name__, msgspec.Raw(msgspec.json.encode(command)), by)
    answer = await _ask(repository_path, line, None if isinstance(command, c.StartRun) else ANSWER_WITHIN_S)
    return c.Refused(answer.refused) if answer.refused else list(answer.records)


async def ask_health(repository_path: Path) -> dict[str, Health]:
    """How the chats of the running engine are, by name; none when it serves no chat.

    Raises: NoEngine; RepositoryUnusable.
    """
    answer = await _ask(repository_path, _Line(_ASKS_HEALTH, msgspec.Raw(b"{}"), ""), HEALTH_WITHIN_S)
    return dict(answer.healths)


async def _ask(repository_path: Path, line: _Line, within_s: float | None) -> _Answer:
    holder = await asyncio.to_thread(EngineLock.holder, repository_path)
    if holder is None or not holder.socket:
        raise NoEngine(f"no engine runs on {repository_path}; `orch resume` starts one and goes on with what is open")
    try:
        reader, writer = await asyncio.open_unix_connection(holder.socket, limit=MAX_LINE_BYTES)
        try:
            writer.write(msgspec.json.encode(line) + b"\n")
            async with asyncio.timeout(within_s):
                return msgspec.json.decode(await reader.readline(), type=_Answer)
        finally:
            writer.close()
    except (OSError, TimeoutError, msgspec.DecodeError) as error:
        where = f"process {holder.pid} on {holder.host}"
        raise NoEngine(
            f"the engine of {repository_path} ({where}) does not answer: {str(error) or 'no answer in time'}; "
            "look at its terminal, or stop it and run `orch resume`"
        ) from error


async def _answer(engine: Engine, line: bytes, healths: Mapping[str, Health]) -> _Answer:
    try:
        order = msgspec.json.decode(line, type=_Line)
        if order.order == _ASKS_HEALTH:
            return _Answer(healths=healths)
        command: c.PeopleCommand = msgspec.json.decode(order.arguments, type=_ORDERS[order.order])
    except (msgspec.MsgspecError, KeyError) as error:
        return _Answer(refused=f"the engine does not know this order ({error}); both sides must be the same version")
    if isinstance(command, c.StartRun):
        return await _started(engine, command)
    try:
        told = await engine.order(command, order.by)
    except LedgerStopped as error:
        return _Answer(refused=str(error))
    return _Answer(refused=told.reason) if isinstance(told, c.Refused) else _Answer(tuple(told))


async def _started(engine: Engine, command: c.StartRun) -> _Answer:
    request = RunRequest(
        command.objective, command.branch, command.base, command.config, command.gates, command.by, command.dedupe
    )
    seen: list[e.Record] = []
    stop = _collect(engine, seen)
    try:
        run = await engine.start(request)
    except CannotStart as error:
        return _Answer(refused=str(error))
    finally:
        stop()
    return _Answer(tuple(record for record in seen if record.event.run == run))


def _collect(engine: Engine, seen: list[e.Record]) -> Callable[[], None]:
    def look(records: Sequence[e.Record], _: Blackboard) -> None:
        seen.extend(records)

    return engine.watch(look)
