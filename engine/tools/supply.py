"""What attempts get beyond the engine's own tools: a search, and guests from every source; must not make any of them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from engine.cell.types import Cell
from engine.core.entities import RoleName
from engine.ports import Search
from engine.tools.guest import NAME, ToolSource
from engine.tools.registry import TOOLS
from engine.tools.tool import Tool

logger = logging.getLogger(__name__)

RESERVED = frozenset({*TOOLS, "finish", "more_tools"})
"""Names that no guest can have."""


@dataclass(frozen=True)
class Supply:
    """`sources` in order: the first guest of a name has it."""

    search: Search | None = None
    sources: tuple[ToolSource, ...] = ()

    @asynccontextmanager
    async def guests(self, role: RoleName, cell: Cell) -> AsyncIterator[tuple[Tool, ...]]:
        """The role's guests in this cell, while the context is open."""
        async with AsyncExitStack() as stack:
            found: dict[str, Tool] = {}
            for source in self.sources:
                for tool in await stack.enter_async_context(source.tools_for(role, cell)):
                    if tool.name in RESERVED or tool.name in found or not NAME.fullmatch(tool.name):
                        logger.warning("tool left out", extra={"action": "tool_left_out", "tool": tool.name})
                    else:
                        found[tool.name] = tool
            yield tuple(found.values())
