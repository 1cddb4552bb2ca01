"""Tools that do not come from the engine: how one is made of a schema, and how it is held to limits; must not know a source.

A guest may do anything wrong: raise, hang, flood. The model is told so in a sentence, and the attempt goes on.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec
import pydantic

from engine.cell.types import Cell, NoSandbox
from engine.core.entities import RoleName
from engine.tools.observation import CallRefused, plain_text
from engine.tools.schema import ArgumentsSchema
from engine.tools.tool import Outcome, Tool, not_accepted
from engine.tools.workbench import Workbench

logger = logging.getLogger(__name__)

NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}")
MAX_ARGUMENTS_BYTES = 1_000_000
MAX_DESCRIPTION_CHARS = 1_000
DEFAULT_TIMEOUT_S = 60.0
DEFAULT_ROLES: tuple[RoleName, ...] = ("coder", "tester")

Run = Callable[[Workbench, Mapping[str, object]], Awaitable[str]]


@dataclass(frozen=True)
class Guest:
    """A tool from elsewhere, the roles that may ask for it, and how long one call may take."""

    tool: Tool
    roles: tuple[RoleName, ...] = DEFAULT_ROLES
    timeout_s: float = DEFAULT_TIMEOUT_S


class ToolSource(Protocol):
    """Where guests come from."""

    def tools_for(self, role: RoleName, cell: Cell) -> AbstractAsyncContextManager[Sequence[Tool]]:
        """The role's tools while the context is open, which is shorter than the cell's life."""
        ...


def guest_tool(name: str, description: str, schema: Mapping[str, object], run: Run) -> Tool:
    """A tool whose arguments are checked by a JSON schema.

    Raises: BadSchema.
    """
    checked = ArgumentsSchema(schema)

    async def execute(bench: Workbench, text: bytes) -> Outcome:
        arguments = _decoded(name, text)
        # In a thread: arguments and schema are both a stranger's, and may take their time.
        faults = await asyncio.to_thread(checked.faults, arguments)
        if faults:
            raise CallRefused(not_accepted(name, faults, checked.text))
        return await run(bench, arguments)

    short = " ".join(plain_text(description).split())[:MAX_DESCRIPTION_CHARS]
    return Tool(name, short or name, checked.text, execute)


def bounded(guest: Guest) -> Tool:
    """The guest's tool, whose faults and delays become sentences for the model."""
    tool = guest.tool

    async def execute(bench: Workbench, text: bytes) -> Outcome:
        limit = asyncio.timeout(guest.timeout_s)
        try:
            async with limit:
                return await tool.execute(bench, text)
        except TimeoutError:
            took = f"took over {guest.timeout_s:g} s" if limit.expired() else "waited for something that did not come"
            raise CallRefused(f"{tool.name} {took} and was ended. Ask for less, or do without it.") from None
        except (CallRefused, pydantic.ValidationError, NoSandbox, OSError):
            raise
        except Exception as fault:  # noqa: BLE001 - a stranger's code: whatever it raises must not end the attempt
            logger.warning("tool failed", extra={"action": "tool_failed", "tool": tool.name}, exc_info=True)
            raise CallRefused(
                f"{tool.name} failed ({type(fault).__name__}: {str(fault)[:500]}). Do without it."
            ) from None

    return replace(tool, execute=execute)


def _decoded(name: str, text: bytes) -> dict[str, object]:
    if len(text) > MAX_ARGUMENTS_BYTES:
        raise CallRefused(f"The arguments of {name} have more than {MAX_ARGUMENTS_BYTES:,} bytes; send less.")
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as fault:
        raise CallRefused(
            f"The arguments of {name} are no JSON object ({fault}); nothing was done. Send one object."
        ) from None
