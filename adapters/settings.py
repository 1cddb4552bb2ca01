"""Settings: `orch.toml` of the protected base, then the environment, then the command line. Nothing else reads the environment.

Deliberately not in `orch.toml`: where models are called and with which key. A file of a repository must not say where
somebody's key is sent.
"""

import difflib
import getpass
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.tool_tables import McpTable, ToolName, ToolTable
from bot.people import PeopleRules, TwoPeople
from engine.agent.outcome import Limits
from engine.core.entities import GateSpec, RoleName
from engine.workspace.repository import Repository

FILE: Final = "orch.toml"
_SECRET_NAME: Final = re.compile(r"(?i)KEY|TOKEN|SECRET|PASSW(OR)?D|CREDENTIAL")
_MIN_SECRET_CHARS: Final = 6
MIN_TOKEN_CHARS: Final = 16
_FROZEN: Final = ConfigDict(frozen=True, extra="forbid")

Name = Annotated[str, Field(min_length=1, max_length=200)]
Workers = Annotated[int, Field(ge=1, le=64)]
Retries = Annotated[int, Field(ge=0, le=50)]
Usd = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tokens = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65_535)]
"""0 lets the system choose."""
Sandbox = Literal["auto", "bubblewrap", "landlock", "none"]


class BadSettings(Exception):
    """A setting is unknown or has a value it can't have; the message names it, where it stands, and what is possible."""


class _Gate(BaseModel):
    model_config = _FROZEN
    name: Name
    run: Annotated[str, Field(min_length=1)]
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    junit: str = ""


class _Budget(BaseModel):
    model_config = _FROZEN
    usd: Usd | None = None
    tokens: Tokens | None = None


class _Workspace(BaseModel):
    model_config = _FROZEN
    setup: str = ""
    setup_timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    include: tuple[str, ...] = ()
    network: bool = False


class _Limits(BaseModel):
    model_config = _FROZEN
    turns: Annotated[int, Field(ge=1, le=1_000)] = Limits().max_turns
    seconds: Annotated[float, Field(gt=0, le=86_400)] = Limits().max_seconds


class _Console(BaseModel):
    """Only the port: a file of a repository must not open somebody's console to the network."""

    model_config = _FROZEN
    port: Port | None = None


class _People(BaseModel):
    """Who may do what; whoever is not listed may do nothing."""

    model_config = _FROZEN
    viewers: tuple[Name, ...] = ()
    operators: tuple[Name, ...] = ()
    approvers: tuple[Name, ...] = ()
    admins: tuple[Name, ...] = ()
    places: tuple[Name, ...] = ()
    links: Mapping[Name, Name] = {}
    starter_decides: bool = True
    two_people: tuple[TwoPeople, ...] = ()


class ConsoleSettings(BaseModel):
    """Where the web console listens and who may use it; an empty `token` means that a new one is made at each start."""

    model_config = _FROZEN
    host: str = "127.0.0.1"
    port: Port = 8085
    token: SecretStr = SecretStr("")
    proxy_header: str = ""
    proxies: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class DiscordSettings(BaseModel):
    """The bot's token, and where Discord is when it is elsewhere: another API address, another gateway."""

    model_config = _FROZEN
    token: SecretStr
    api_base: str = ""
    gateway_url: str = ""


class Settings(BaseModel):
    """What was asked for, from every source. An empty `model` means that nobody named one, no `people` that nobody set rules."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    model: str = ""
    models: Mapping[RoleName, Name] = {}
    api_base: str = ""
    api_key: SecretStr = SecretStr("")
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    max_workers: Workers = 5
    max_retries: Retries = 4
    sandbox: Sandbox = "auto"
    network: bool = False
    setup: str = ""
    setup_timeout_s: float = 600.0
    include: tuple[str, ...] = ()
    limits: Limits = Limits()
    gates: tuple[GateSpec, ...] = ()
    gates_from: str = ""
    console_port: Port | None = None
    people: PeopleRules | None = None
    tools: Mapping[str, ToolTable] = {}
    mcp: Mapping[str, McpTable] = {}


class _OrchToml(BaseModel):
    model_config = _FROZEN
    model: Name | None = None
    max_workers: Workers | None = None
    max_retries: Retries | None = None
    sandbox: Sandbox | None = None
    budget: _Budget = _Budget()
    models: Mapping[RoleName, Name] = {}
    workspace: _Workspace = _Workspace()
    limits: _Limits = _Limits()
    gate: tuple[_Gate, ...] = ()
    console: _Console = _Console()
    people: _People | None = None
    tools: Mapping[ToolName, ToolTable] = {}
    mcp: Mapping[ToolName, McpTable] = {}


class _Overrides(BaseModel):
    model_config = _FROZEN
    model: Name | None = None
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    max_workers: Workers | None = None
    max_retries: Retries | None = None
    sandbox: Sandbox | None = None


class _Environment(BaseSettings):
    """`ORCH_MODEL`, `ORCH_API_BASE`, …; a provider's own variable (`ANTHROPIC_API_KEY`) is read by its client."""

    model_config = SettingsConfigDict(env_prefix="ORCH_", env_ignore_empty=True, extra="ignore", frozen=True)
    model: Name | None = None
    api_base: str | None = None
    api_key: SecretStr | None = None
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    max_workers: Workers | None = None
    max_retries: Retries | None = None
    sandbox: Sandbox | None = None


def _networks(text: str) -> str:
    for part in _listed(text):
        ipaddress.ip_network(part, strict=False)
    return text


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip().casefold() for part in (text or "").split(",") if part.strip())


class _ConsoleEnvironment(BaseSettings):
    """`ORCH_CONSOLE_HOST`, `ORCH_CONSOLE_TOKEN`, …; lists are separated by commas."""

    model_config = SettingsConfigDict(env_prefix="ORCH_CONSOLE_", env_ignore_empty=True, extra="ignore", frozen=True)
    host: str | None = None
    port: Port | None = None
    token: SecretStr | None = None
    proxy_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    proxies: Annotated[str, AfterValidator(_networks)] | None = None
    hosts: str | None = None


class _DiscordEnvironment(BaseSettings):
    """`DISCORD_TOKEN`, `DISCORD_API_BASE`, `DISCORD_GATEWAY_URL`."""

    model_config = SettingsConfigDict(env_prefix="DISCORD_", env_ignore_empty=True, extra="ignore", frozen=True)
    token: SecretStr | None = None
    api_base: Annotated[str, Field(pattern=r"^https?://")] | None = None
    gateway_url: Annotated[str, Field(pattern=r"^wss?://")] | None = None


def load_discord() -> DiscordSettings | None:
    """How to reach Discord, from the environment alone; None when there is no token, and so no bot.

    Raises: BadSettings.
    """
    try:
        found = _DiscordEnvironment()
    except ValidationError as error:
        raise BadSettings(_sentence(error, _DiscordEnvironment, "the environment", "DISCORD_{}")) from None
    if found.token is None:
        return None
    return DiscordSettings(token=found.token, api_base=found.api_base or "", gateway_url=found.gateway_url or "")


def load_console(settings: Settings, *, host: str | None = None, port: int | None = None) -> ConsoleSettings:
    """The console's settings: the port of `orch.toml`, then the environment, then what was typed (None says nothing).

    Raises: BadSettings.
    """
    try:
        found = _ConsoleEnvironment()
    except ValidationError as error:
        raise BadSettings(sentence(error, _ConsoleEnvironment, "the environment", "ORCH_CONSOLE_{}")) from None
    if found.token is not None and len(found.token.get_secret_value()) < MIN_TOKEN_CHARS:
        raise BadSettings(
            f"ORCH_CONSOLE_TOKEN is shorter than {MIN_TOKEN_CHARS} characters; choose one that is hard to guess"
        )
    said = {
        "port": settings.console_port,
        **_said(found, ("host", "port", "token", "proxy_header")),
        **{name: _listed(getattr(found, name)) for name in ("proxies", "hosts")},
        **{name: value for name, value in (("host", host), ("port", port)) if value is not None},
    }
    return ConsoleSettings.model_validate({name: value for name, value in said.items() if value is not None})


def load_settings(repository: Repository, base: str, overrides: Mapping[str, object]) -> Settings:
    """The settings for work on the commit `base`; overrides that are None say nothing.

    The file is read from the commit and not from the checkout, so that no attempt can change the rules it is held to.

    Raises: BadSettings; UnknownCommit.
    """
    file = _parse(repository.read_file(base, FILE))
    found: dict[str, object] = {
        "models": file.models,
        "limits": Limits(max_turns=file.limits.turns, max_seconds=file.limits.seconds),
        "gates": tuple(GateSpec(gate.name, gate.run, gate.timeout_s, gate.junit) for gate in file.gate),
        "gates_from": FILE if file.gate else "",
        "budget_usd": file.budget.usd,
        "budget_tokens": file.budget.tokens,
        "console_port": file.console.port,
        "people": PeopleRules(**file.people.model_dump()) if file.people else None,
        "tools": file.tools,
        "mcp": file.mcp,
        **file.workspace.model_dump(),
    }
    found |= _said(file, ("model", "max_workers", "max_retries", "sandbox"))
    found |= _said(_environment(), tuple(_Environment.model_fields))
    found |= _said(_overrides(overrides), tuple(_Overrides.model_fields))
    return Settings.model_validate(found)


def secrets_of(settings: Settings | None = None) -> tuple[str, ...]:
    """Every value that must never be written anywhere: those of variables that are named like secrets, and the given key."""
    found = [
        value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _MIN_SECRET_CHARS
    ]
    if settings is not None and settings.api_key:
        found.append(settings.api_key.get_secret_value())
    return tuple(dict.fromkeys(found))


def person() -> str:
    """Who types here, as events name people: `cli:<login name>`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have neither a variable nor an entry in passwd
        name = str(os.getuid())
    return f"cli:{name}"


def config_folder() -> Path:
    """The user's own folder for configuration (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())


def runtime_folder() -> Path | None:
    """The user's own folder for sockets, where the system gives one (XDG Base Directory Specification)."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(folder) if folder.startswith("/") and os.access(folder, os.W_OK) else None


def cache_folder() -> Path | None:
    """The user's own folder for what can be made again (XDG Base Directory Specification), where there is one."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if folder.is_absolute() and os.access(folder, os.W_OK) else None


def _parse(content: bytes | None) -> _OrchToml:
    if content is None:
        return _OrchToml()
    try:
        return _OrchToml.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{FILE} is no TOML: {error}; correct it and commit it") from None
    except ValidationError as error:
        raise BadSettings(sentence(error, _OrchToml, FILE)) from None


def _environment() -> _Environment:
    try:
        return _Environment()
    except ValidationError as error:
        raise BadSettings(sentence(error, _Environment, "the environment", "ORCH_{}")) from None


def _overrides(overrides: Mapping[str, object]) -> _Overrides:
    try:
        return _Overrides.model_validate(dict(overrides))
    except ValidationError as error:
        raise BadSettings(sentence(error, _Overrides, "the command line")) from None


def _said(source: BaseModel, names: tuple[str, ...]) -> dict[str, object]:
    values = {name: getattr(source, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def sentence(error: ValidationError, kind: type[BaseModel], where: str, shape: str = "{}") -> str:
    """The first fault as a sentence: which setting, what was found, what is possible."""
    fault = error.errors()[0]
    path = [str(part) for part in fault["loc"]]
    name = shape.format(".".join(path)).upper() if shape != "{}" else ".".join(path)
    if fault["type"] == "extra_forbidden":
        known = _keys_at(kind, path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]!r}?" if near else f"possible here: {', '.join(known)}"
        return f"{where} has an unknown setting {name!r}; {remedy}"
    found = "" if fault["type"] == "missing" else f", found {fault['input']!r}"
    return f"{where}: {name} is wrong ({fault['msg'].lower()}{found}); correct it"


def _keys_at(kind: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that are possible below a path of the file."""
    tables: dict[str, type[BaseModel]] = {
        "budget": _Budget, "workspace": _Workspace, "limits": _Limits, "gate": _Gate, "console": _Console,
        "people": _People, "tools": ToolTable, "mcp": McpTable,
    }  # fmt: skip
    return sorted((tables.get(path[0], kind) if path else kind).model_fields)
