"""One conversation with one MCP server; the only module that imports the package `mcp`, and only when a session is opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.cell.types import Cell, Dialogue

if TYPE_CHECKING:
    from mcp import ClientSession

MAX_LINE_BYTES: Final = 4_000_000
MAX_PAGES: Final = 10
HTTP_TIMEOUT_S: Final = 300.0
"""Between two pieces of an answer; how long a call may take is the guest's limit."""


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
async def cell_session(cell: Cell, command: str) -> AsyncIterator[Session]:
    """A session with a server that runs in the cell and speaks on its standard input and output."""
    from mcp import ClientSession

    dialogue = await cell.converse(command, max_line_bytes=MAX_LINE_BYTES)
    try:
        async with _streams(dialogue) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
            yield Session(session)
    finally:
        await dialogue.running.stop()


@asynccontextmanager
async def beyond_session(
    command: Sequence[str], env: Mapping[str, str], url: str | None, headers: Mapping[str, str]
) -> AsyncIterator[Session]:
    """A session with a server that the operator named: at an address, or started on this machine."""
    import httpx
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    async with AsyncExitStack() as stack:
        streams: tuple[Any, ...]
        if url is not None:
            # Redirections are not followed: the operator's headers are for this address.
            client = await stack.enter_async_context(httpx.AsyncClient(headers=dict(headers), timeout=HTTP_TIMEOUT_S))
            streams = await stack.enter_async_context(streamable_http_client(url, http_client=client))
        else:
            parameters = StdioServerParameters(command=command[0], args=list(command[1:]), env=dict(env))
            streams = await stack.enter_async_context(stdio_client(parameters))
        yield Session(await stack.enter_async_context(ClientSession(streams[0], streams[1])))


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
