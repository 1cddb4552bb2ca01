"""Tools that Python packages bring, by the entry point group `orch.tools` of orch's own environment; never of a target's.

An entry point names a `Tool`, a `Guest` (a tool with roles and a time limit), or a tuple of these. Its code runs in the engine's
process, with all that the engine may do: install only what you trust.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from adapters.settings import BadSettings
from engine.cell.types import Cell
from engine.core.entities import RoleName
from engine.crew.fences import fenced
from engine.tools.guest import NAME, Guest, bounded
from engine.tools.observation import shorten
from engine.tools.supply import RESERVED
from engine.tools.tool import Outcome, Tool
from engine.tools.workbench import Workbench

GROUP: Final = "orch.tools"


class PluginTools:
    """A source of the tools of plugins."""

    def __init__(self, guests: Sequence[Guest]) -> None:
        self._guests = tuple(guests)

    @asynccontextmanager
    async def tools_for(self, role: RoleName, cell: Cell) -> AsyncIterator[Sequence[Tool]]:
        """As `ToolSource` says."""
        del cell  # the bench brings it to each call
        yield [bounded(_fenced(guest)) for guest in self._guests if role in guest.roles]


def _fenced(guest: Guest) -> Guest:
    """The guest, whose answers stand in a fence: what a plugin brings from elsewhere is a stranger's word."""
    tool = guest.tool

    async def execute(bench: Workbench, text: bytes) -> Outcome:
        outcome = await tool.execute(bench, text)
        if not isinstance(outcome, str):
            return outcome
        return fenced(f"What {tool.name} answered", shorten(outcome)) or f"{tool.name} answered nothing."

    return replace(guest, tool=replace(tool, execute=execute))


def load_plugins() -> tuple[Guest, ...]:
    """The tools of every installed plugin.

    Raises: BadSettings naming the plugin that cannot be loaded, or that is no tool.
    """
    found: dict[str, Guest] = {}
    for point in entry_points(group=GROUP):
        for guest in _guests(point):
            name = guest.tool.name
            if name in RESERVED or name in found or not NAME.fullmatch(name):
                raise BadSettings(
                    f"{_named(point)} has a tool {name!r}, which is taken or is no name of a tool; remove the plugin"
                )
            found[name] = guest
    return tuple(found.values())


def _guests(point: EntryPoint) -> list[Guest]:
    try:
        loaded: object = point.load()
    except Exception as fault:
        raise BadSettings(
            f"{_named(point)} cannot be loaded ({type(fault).__name__}: {fault}); repair or remove it"
        ) from fault
    guests = [_guest(part) for part in (loaded if isinstance(loaded, tuple | list) else (loaded,))]
    if not guests or None in guests:
        raise BadSettings(
            f"{_named(point)} names neither a Tool nor a Guest nor a tuple of them ({point.value}); remove the plugin"
        )
    return [guest for guest in guests if guest is not None]


def _guest(part: object) -> Guest | None:
    if isinstance(part, Tool):
        return Guest(part)
    return part if isinstance(part, Guest) else None


def _named(point: EntryPoint) -> str:
    package = point.dist.name if point.dist is not None else "an unknown package"
    return f"the plugin {point.name!r} of {package} ({GROUP})"
