"""One conversation with one MCP server; the only module that imports the package `mcp`, and only when a session is opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.cell.sandbox import CellFactory
from engine.cell.types import Cell, CellSpec, Dialogue
from engine.finishing import to_the_end

if TYPE_CHECKING:
    from mcp import ClientSession

MAX_LINE_BYTES: Final = 4_000_000
MAX_PAGES: Final = 10
MAX_NOTE_CHARS: Final = 2_000
HTTP_TIMEOUT_S: Final = 300.0
"""Between two pieces of an answer; how long a call may take is the guest's limit."""
GRACE_S: Final = 0.5
"""How long a program of the operator's may take to end once its input has; then it is killed, as every process that it left."""


class SessionFailed(Exception):
    """A call had no answer; the message is the server's or the library's."""


class Offer(msgspec.Struct, frozen=True):
    """A tool of a server."""

    name: str
    description: str
    schema: Mapping[str, object]


class Answer(msgspec.Struct, frozen=True):
    """What a tool answered, as text."""

    text: str
    is_error: bool


class Session:
    """An open session."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def offers(self) -> Sequence[Offer]:
        """The server's tools, in its order."""
        await self._session.initialize()
        found: list[Offer] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._session.list_tools(cursor)
            found += [Offer(tool.name, tool.description or "", dict(tool.inputSchema)) for tool in page.tools]
            cursor = page.nextCursor
            if cursor is None:
                break
        return found

    async def call(self, name: str, arguments: Mapping[str, object]) -> Answer:
        """The tool's answer.

        Raises: SessionFailed.
        """
        from mcp import McpError

        try:
            result = await self._session.call_tool(name, dict(arguments))
        except (McpError, RuntimeError, OSError) as fault:
            raise SessionFailed(str(fault)[:500] or type(fault).__name__) from None
        parts = [_text_of(part) for part in result.content]
        return Answer("\n".join(part for part in parts if part), bool(result.isError))


def _text_of(part: Any) -> str:
    """A part of an answer as text; what is no text is named with its kind."""
    if part.type == "text":
        return str(part.text)
    if part.type == "resource" and hasattr(part.resource, "text"):
        return f"{part.resource.uri}\n{part.resource.text}"
    return f"[{part.type}, which cannot be shown here]"


@asynccontextmanager
async def cell_session(
    cell: Cell, command: str | Sequence[str], env: Mapping[str, str] | None = None, grace_s: float = 0
) -> AsyncIterator[Session]:
    """A session with a server that runs in the cell and speaks on its standard input and output."""
    from mcp import ClientSession

    dialogue = await cell.converse(command, max_line_bytes=MAX_LINE_BYTES, env=env)
    try:
        async with _streams(dialogue) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
            yield Session(session)
        dialogue.writer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                while dialogue.running.exit_code is None:
                    await dialogue.running.news()
    except Exception as fault:
        fault.add_note(f"The server wrote: {dialogue.running.text_since(0)[-MAX_NOTE_CHARS:]}")
        raise
    finally:
        await dialogue.running.stop()


@asynccontextmanager
async def program_session(command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[Session]:
    """A session with a program that the operator named; it may do what the operator may, in a cell without walls."""
    from mcp.client.stdio import get_default_environment

    here = Path.cwd()
    cell = await CellFactory("none").open(CellSpec(here, None, here, ()))
    try:
        async with cell_session(cell, command, get_default_environment() | dict(env), GRACE_S) as session:
            yield session
    finally:
        await to_the_end(cell.close())


@asynccontextmanager
async def address_session(url: str, headers: Mapping[str, str]) -> AsyncIterator[Session]:
    """A session with a server at an address that the operator named."""
    import httpx
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    # Redirections are not followed: the operator's headers are for this address.
    async with (
        httpx.AsyncClient(headers=dict(headers), timeout=HTTP_TIMEOUT_S) as client,
        streamable_http_client(url, http_client=client) as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as session,
    ):
        yield Session(session)


@asynccontextmanager
async def _streams(dialogue: Dialogue) -> AsyncIterator[tuple[Any, Any]]:
    """The dialogue as the library wants it: a stream of messages each way. Lines that are no message are skipped."""
    import anyio

    to_us, incoming = anyio.create_memory_object_stream[Any](0)
    outgoing, from_us = anyio.create_memory_object_stream[Any](0)
    async with asyncio.TaskGroup() as group, to_us, incoming, outgoing, from_us:
        tasks = (group.create_task(_listen(dialogue, to_us)), group.create_task(_speak(dialogue, from_us)))
        yield incoming, outgoing
        for task in tasks:
            task.cancel()


async def _listen(dialogue: Dialogue, to_us: Any) -> None:
    from mcp.shared.message import SessionMessage
    from mcp.types import JSONRPCMessage

    async with to_us:
        # A line beyond the limit raises ValueError, which ends the session: there is no way to find the next message.
        while line := await dialogue.reader.readline():
            try:
                message = JSONRPCMessage.model_validate_json(line)
            except ValueError:
                continue
            await to_us.send(SessionMessage(message))


async def _speak(dialogue: Dialogue, from_us: Any) -> None:
    async with from_us:
        async for sent in from_us:
            text = sent.message.model_dump_json(by_alias=True, exclude_none=True)
            dialogue.writer.write(text.encode("utf-8") + b"\n")
            await dialogue.writer.drain()
