"""Puts together what attempts get beyond the engine's own tools: a search, the project's tools, plugins, MCP servers."""

import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from adapters.plugins import PluginTools, load_plugins
from adapters.search.service import web_search
from adapters.settings import FILE, BadSettings, Settings, config_folder, sentence
from adapters.tool_tables import McpFile, McpServerTable, SearchSettings, ToolTable
from engine.tools.configured import ConfiguredTools, ProjectTool
from engine.tools.guest import DEFAULT_ROLES, DEFAULT_TIMEOUT_S, ToolSource
from engine.tools.schema import BadSchema
from engine.tools.supply import RESERVED, Supply

MCP_FILE: Final = "mcp.toml"
_OTHERS_MAY_WRITE: Final = 0o022


@asynccontextmanager
async def supply(
    settings: Settings, servers: Mapping[str, McpServerTable], redact: Callable[[str], str]
) -> AsyncIterator[Supply]:
    """What attempts get, while the context is open. `servers` are the operator's MCP servers.

    Raises: BadSettings.
    """
    sources: list[ToolSource] = [project_tools(settings.tools)]
    if plugins := load_plugins():
        sources.append(PluginTools(plugins))
    if settings.mcp or servers:
        # Imported late: the package `mcp` is an extra, and its import takes a second.
        from adapters.mcp.source import mcp_tools

        sources.append(mcp_tools(settings.mcp, servers))
    async with web_search(load_search(), redact) as search:
        yield Supply(search, tuple(sources))


def project_tools(tables: Mapping[str, ToolTable]) -> ConfiguredTools:
    """The tools of `[tools]`.

    Raises: BadSettings.
    """
    try:
        return ConfiguredTools([_project_tool(name, table) for name, table in tables.items()])
    except BadSchema as fault:
        raise BadSettings(
            f"{FILE}: the arguments of a tool in [tools] are wrong: {fault}; correct it and commit it"
        ) from None


def _project_tool(name: str, table: ToolTable) -> ProjectTool:
    if name in RESERVED:
        raise BadSettings(f"{FILE}: tools.{name} has the name of a tool of orch's own; choose another one")
    unknown = sorted(set(table.required or ()) - set(table.arguments))
    if unknown:
        raise BadSettings(
            f"{FILE}: tools.{name} requires {', '.join(unknown)}, which is not among its arguments; correct it"
        )
    needed = tuple(each for each, schema in table.arguments.items() if "default" not in schema)
    return ProjectTool(
        name=name,
        command=table.command,
        description=table.description,
        arguments=table.arguments,
        required=needed if table.required is None else table.required,
        timeout_s=table.timeout_s or DEFAULT_TIMEOUT_S,
        roles=table.roles or DEFAULT_ROLES,
    )


def load_search() -> SearchSettings:
    """Where the web is searched. Not from `orch.toml`, for a key is sent there.

    Raises: BadSettings.
    """
    try:
        return SearchSettings()
    except ValidationError as error:
        raise BadSettings(sentence(error, SearchSettings, "the environment")) from None


def load_mcp_servers(path: Path | None = None) -> Mapping[str, McpServerTable]:
    """The operator's own MCP servers, from `~/.config/orch/mcp.toml`; {} when there is no such file.

    Raises: BadSettings, also when others may write it: it says what is started on this machine.
    """
    path = path or config_folder() / "orch" / MCP_FILE
    try:
        mode, content = path.stat().st_mode, path.read_bytes()
    except FileNotFoundError:
        return {}
    if mode & _OTHERS_MAY_WRITE:
        raise BadSettings(
            f"{path} may be written by others than you, and it says which programs to start: chmod go-w {path}"
        )
    try:
        return McpFile.model_validate(tomllib.loads(content.decode("utf-8"))).mcp
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} is no TOML: {error}; correct it") from None
    except ValidationError as error:
        raise BadSettings(sentence(error, McpFile, str(path))) from None


def secrets_of_servers(servers: Mapping[str, McpServerTable]) -> tuple[str, ...]:
    """The values that must never be written anywhere."""
    held = [value for server in servers.values() for value in (*server.env.values(), *server.headers.values())]
    values = [value.get_secret_value() for value in held]
    # `Authorization: Bearer <key>` is a secret as a whole, and so is its last word alone.
    return tuple(
        dict.fromkeys(part for value in values for part in (value, value.rpartition(" ")[2]) if len(part) >= _MIN_CHARS)
    )


_MIN_CHARS: Final = 6
