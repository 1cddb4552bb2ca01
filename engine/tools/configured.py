"""The project's own tools, named in its configuration: commands that run in the cell; must not put a word into a command line.

Arguments reach the command as JSON on its stdin and as variables; the command itself stays as its author wrote it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from engine.cell.types import Cell
from engine.core.entities import RoleName
from engine.tools.commands import report, run_command
from engine.tools.guest import DEFAULT_ROLES, DEFAULT_TIMEOUT_S, Guest, bounded, guest_tool
from engine.tools.observation import CallRefused
from engine.tools.tool import Tool
from engine.tools.workbench import Workbench

VARIABLE = "ORCH_ARG_"
MAX_VARIABLE_BYTES = 32_000
"""The kernel takes 128 KiB for one variable and about 2 MB for all: a longer value is on stdin alone."""
MAX_VARIABLES_BYTES = 256_000
_TIMEOUT_MARGIN_S = 10.0


class ProjectTool(msgspec.Struct, frozen=True):
    """A command with a description and the JSON schemas of its arguments; those in `required` must be given."""

    name: str
    command: str
    description: str
    arguments: Mapping[str, Mapping[str, object]] = {}
    required: tuple[str, ...] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S
    roles: tuple[RoleName, ...] = DEFAULT_ROLES


class ConfiguredTools:
    """A source of the project's own tools.

    Raises: BadSchema.
    """

    def __init__(self, tools: Sequence[ProjectTool]) -> None:
        self._guests = [_guest(tool) for tool in tools]

    @asynccontextmanager
    async def tools_for(self, role: RoleName, cell: Cell) -> AsyncIterator[Sequence[Tool]]:
        """As `ToolSource` says."""
        del cell  # the bench brings it to each call
        yield [bounded(guest) for guest in self._guests if role in guest.roles]


def _guest(tool: ProjectTool) -> Guest:
    async def run(bench: Workbench, values: Mapping[str, object]) -> str:
        stdin = msgspec.json.encode(values)
        result = await run_command(bench, tool.command, tool.timeout_s, stdin, _variables(values))
        return report(result, tool.timeout_s)

    schema = {
        "type": "object",
        "properties": tool.arguments,
        "required": list(tool.required),
        "additionalProperties": False,
    }
    made = guest_tool(tool.name, tool.description, schema, run)
    # The cell ends the command itself, and tells what it printed until then.
    return Guest(made, tool.roles, tool.timeout_s + _TIMEOUT_MARGIN_S)


def _variables(values: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    room = MAX_VARIABLES_BYTES
    for name, value in values.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode("utf-8")
        if "\0" in text:
            raise CallRefused(f"{name} holds a NUL character, which no variable can; remove it.")
        size = len(text.encode("utf-8", "replace"))
        if size <= min(room, MAX_VARIABLE_BYTES):
            found[f"{VARIABLE}{name.upper()}"] = text
            room -= size
    return found
