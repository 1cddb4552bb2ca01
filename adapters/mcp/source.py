"""MCP servers as a source of tools: one session for each server and attempt; must not import the package `mcp` itself.

A server that the repository names runs in the attempt's cell. Only the operator's own file names servers beyond it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from adapters.mcp.session import (
    Answer,
    Offer,
    Session,
    SessionFailed,
    address_session,
    cell_session,
    program_session,
)
from adapters.settings import BadSettings
from adapters.tool_tables import McpServerTable, McpTable
from engine.cell.types import Cell
from engine.core.entities import RoleName
from engine.crew.fences import fenced
from engine.finishing import to_the_end
from engine.tools.guest import DEFAULT_ROLES, DEFAULT_TIMEOUT_S, Guest, bounded, guest_tool
from engine.tools.observation import CallRefused, shorten
from engine.tools.schema import BadSchema
from engine.tools.tool import Tool
from engine.tools.workbench import Workbench

logger = logging.getLogger(__name__)

START_S: Final = 20.0
"""A server that has not said what it offers by then is left out of the attempt."""
END_S: Final = 0.8
"""A session that has not ended by then (a server at an address is told, say, and does not answer) is cut."""
CUT_S: Final = 0.1
MAX_TOOLS: Final = 100

Opening = Callable[[Cell], AbstractAsyncContextManager[Session]]


@dataclass(frozen=True)
class Server:
    """A server as it is configured; no `only` means all of its tools."""

    name: str
    opening: Opening
    only: tuple[str, ...]
    roles: tuple[RoleName, ...]
    timeout_s: float


def mcp_tools(inside: Mapping[str, McpTable], beyond: Mapping[str, McpServerTable]) -> McpTools:
    """The source of the servers in the cell and beyond it; the operator's wins where both have one name.

    Raises: BadSettings without the package `mcp`.
    """
    if importlib.util.find_spec("mcp") is None:
        raise BadSettings(
            "MCP servers are configured, and the package `mcp` is missing: install orch with its extra (orch-bot[mcp])"
        )
    servers = {name: _server(name, table, _inside(table)) for name, table in inside.items()}
    servers |= {name: _server(name, table, _beyond(table)) for name, table in beyond.items()}
    return McpTools(tuple(servers.values()))


def _server(name: str, table: McpTable | McpServerTable, opening: Opening) -> Server:
    return Server(name, opening, table.tools, table.roles or DEFAULT_ROLES, table.timeout_s or DEFAULT_TIMEOUT_S)


def _inside(table: McpTable) -> Opening:
    return lambda cell: cell_session(cell, table.command)


def _beyond(table: McpServerTable) -> Opening:
    env = {name: value.get_secret_value() for name, value in table.env.items()}
    headers = {name: value.get_secret_value() for name, value in table.headers.items()}
    url = table.url
    return lambda _: program_session(table.command, env) if url is None else address_session(url, headers)


class McpTools:
    """A source of the tools of MCP servers."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = tuple(servers)

    @asynccontextmanager
    async def tools_for(self, role: RoleName, cell: Cell) -> AsyncIterator[Sequence[Tool]]:
        """As `ToolSource` says. A server that does not start is left out, and the log says why."""
        visits = [Visit(server) for server in self._servers if role in server.roles]
        fault: BaseException | None = None
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(visit.run(cell)) for visit in visits]
            try:
                for visit in visits:
                    await visit.is_settled.wait()
                yield [tool for visit in visits for tool in visit.tools()]
            except BaseException as error:  # noqa: BLE001 - raised below: the group would wrap what ended the attempt
                fault = error
            finally:
                for visit, task in zip(visits, tasks, strict=True):
                    visit.is_over.set()
                    if not visit.is_settled.is_set():
                        task.cancel()
                await to_the_end(_ended(tasks))
        if fault is not None:
            raise fault


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Return when all are done; those that take too long are cancelled, again and again, as their library cleans up in steps."""
    patience_s, waiting = END_S, set(tasks)
    while waiting:
        _, waiting = await asyncio.wait(waiting, timeout=patience_s)
        for task in waiting:
            task.cancel()
        patience_s = CUT_S


class Visit:
    """One server during one attempt. Its session is opened and closed in one task, as its library needs it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: Session | None = None
        self._offers: Sequence[Offer] = ()
        self.is_settled = asyncio.Event()
        self.is_over = asyncio.Event()

    async def run(self, cell: Cell) -> None:
        """Keep the session open until the visit is over; a fault of the server ends it early."""
        try:
            async with self._server.opening(cell) as session:
                async with asyncio.timeout(START_S):
                    self._offers = await session.offers()
                self._session = session
                self.is_settled.set()
                await self.is_over.wait()
        except Exception:  # noqa: BLE001 - a stranger's program and its library: nothing of it may end the attempt
            logger.warning(
                "MCP server failed", extra={"action": "mcp_failed", "server": self._server.name}, exc_info=True
            )
        finally:
            self._session = None
            self.is_settled.set()

    def tools(self) -> list[Tool]:
        """What the server offers, as guests; a tool with a schema that cannot be used is left out."""
        found = []
        for offer in self._offers:
            if self._server.only and offer.name not in self._server.only:
                continue
            try:
                found.append(bounded(self._guest(offer)))
            except BadSchema as fault:
                logger.warning(
                    "MCP tool left out", extra={"action": "mcp_tool_left_out", "tool": offer.name, "why": str(fault)}
                )
        return found[:MAX_TOOLS]

    def _guest(self, offer: Offer) -> Guest:
        async def run(_: Workbench, arguments: Mapping[str, object]) -> str:
            return self._told(await self._call(offer.name, arguments))

        name = tool_name(self._server.name, offer.name)
        description = f"(From the MCP server {self._server.name}.) {offer.description}"
        return Guest(guest_tool(name, description, offer.schema, run), self._server.roles, self._server.timeout_s)

    async def _call(self, name: str, arguments: Mapping[str, object]) -> Answer:
        if self._session is None:
            raise CallRefused(f"The MCP server {self._server.name} has ended. Do without it.")
        try:
            return await self._session.call(name, arguments)
        except SessionFailed as fault:
            raise CallRefused(
                f"The MCP server {self._server.name} did not answer: {fault}. Correct the call, or do without it."
            ) from None

    def _told(self, answer: Answer) -> str:
        text = (
            fenced(f"What {self._server.name} answered", shorten(answer.text))
            or f"{self._server.name} answered nothing."
        )
        if answer.is_error:
            raise CallRefused(f"The tool says that it failed.\n{text}")
        return text


def tool_name(server: str, tool: str) -> str:
    """`docs_find`: what a model calls it by; characters that no provider allows are replaced."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in tool)
    return f"{server}_{plain}"[:64]
