"""The shapes of what is configured about tools: the project's, MCP servers, a search service. Must not read any file.

A file of a repository must start nothing on the engine's machine and send nothing anywhere, so what it may say of an MCP server
is less than what the operator may.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.core.entities import RoleName

_FROZEN: Final = ConfigDict(frozen=True, extra="forbid")

Name = Annotated[str, Field(min_length=1, max_length=200)]
ToolName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
ToolTimeout = Annotated[float, Field(gt=0, le=3_600)]
Roles = Annotated[tuple[RoleName, ...], Field(min_length=1)]


class ToolTable(BaseModel):
    """A tool of the project's: `arguments` are JSON schemas; those without a default are required unless `required` says else."""

    model_config = _FROZEN
    command: Annotated[str, Field(min_length=1, max_length=10_000)]
    description: Annotated[str, Field(min_length=1, max_length=1_000)]
    arguments: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Mapping[str, Any]] = {}
    required: tuple[str, ...] | None = None
    timeout_s: ToolTimeout | None = None
    roles: Roles | None = None


class McpTable(BaseModel):
    """An MCP server that runs in an attempt's cell; one beyond it is named in the operator's own file (`McpServerTable`)."""

    model_config = _FROZEN
    command: Annotated[str, Field(min_length=1, max_length=10_000)]
    tools: tuple[Name, ...] = ()
    timeout_s: ToolTimeout | None = None
    roles: Roles | None = None


class McpServerTable(BaseModel):
    """An MCP server that the operator starts on the engine's machine (`command`) or reaches by HTTP (`url`)."""

    model_config = _FROZEN
    command: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    env: Mapping[Name, SecretStr] = {}
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    headers: Mapping[Name, SecretStr] = {}
    tools: tuple[Name, ...] = ()
    timeout_s: ToolTimeout | None = None
    roles: Roles | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> "McpServerTable":
        if bool(self.command) == bool(self.url):
            raise ValueError("give either `command`, a list of words, or `url`")
        return self


class McpFile(BaseModel):
    """The operator's own file, `~/.config/orch/mcp.toml`."""

    model_config = _FROZEN
    mcp: Mapping[ToolName, McpServerTable] = {}


class SearchSettings(BaseSettings):
    """`ORCH_SEARCH_URL`, `ORCH_SEARCH_KEY`, `TAVILY_API_KEY`: which search service is asked, and with which key."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)
    url: Annotated[str, Field(pattern=r"^https?://")] | None = Field(default=None, validation_alias="ORCH_SEARCH_URL")
    own_key: SecretStr = Field(default=SecretStr(""), validation_alias="ORCH_SEARCH_KEY")
    tavily_key: SecretStr = Field(default=SecretStr(""), validation_alias="TAVILY_API_KEY")
