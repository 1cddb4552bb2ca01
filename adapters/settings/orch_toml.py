"""`orch.toml`, as it may be written in a repository.

Deliberately not in it: where models are called and with which key. A file of a repository must not say where somebody's
key is sent.
"""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError, field_validator

from adapters.settings.kinds import (
    FROZEN,
    BadSettings,
    Codec,
    Million,
    Name,
    Port,
    Retries,
    Sandbox,
    Tokens,
    Usd,
    Workers,
    sentence,
)
from adapters.tool_tables import McpTable, ToolName, ToolTable
from bot.people import TwoPeople
from engine.agent.outcome import Limits
from engine.core.entities import LadderStep, RoleName
from engine.model.lanes import Rates
from engine.options import Options
from engine.store.upkeep import EPOCH_BYTES

FILE: Final = "orch.toml"
LADDER: Final[tuple[LadderStep, ...]] = ("brief", "stronger_model", "replan", "human")
Turns = Annotated[int, Field(ge=0, le=1_000)]
"""0 for never."""


class _Gate(BaseModel):
    model_config = FROZEN
    name: Name
    run: Annotated[str, Field(min_length=1)]
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    junit: str = ""


class _Budget(BaseModel):
    model_config = FROZEN
    usd: Usd | None = None
    tokens: Tokens | None = None
    task_usd: Usd | None = None
    task_tokens: Tokens | None = None


class ProfileTable(BaseModel):
    """What is known of a model: dollars for a million tokens, its limits in tokens, and how it is told of tools."""

    model_config = FROZEN
    input: Million | None = None
    output: Million | None = None
    cached: Million | None = None
    cache_write: Million | None = None
    context: Tokens | None = None
    max_output: Tokens | None = None
    codec: Codec | None = None


class RatesTable(BaseModel):
    """How fast a provider may be asked with our key."""

    model_config = FROZEN
    calls_at_once: Annotated[int, Field(ge=1, le=1_000)] = Rates().calls_at_once
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None


class _Workspace(BaseModel):
    model_config = FROZEN
    setup: str = ""
    setup_timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    include: tuple[str, ...] = ()
    network: bool = False


class _Limits(BaseModel):
    model_config = FROZEN
    turns: Annotated[int, Field(ge=1, le=1_000)] = Limits().max_turns
    seconds: Annotated[float, Field(gt=0, le=86_400)] = Limits().max_seconds
    output_tokens: Annotated[int, Field(ge=512, le=200_000)] = Limits().max_output_tokens


class _Console(BaseModel):
    """Only the port: a file of a repository must not open somebody's console to the network."""

    model_config = FROZEN
    port: Port | None = None


class _State(BaseModel):
    """`keep_logs`: days after which the conversations of a run that is over leave the files of the state branch; `epoch_mb`: MiB that
    a clone pays for the branch at most, about.

    `push` names a git remote and never an address: a file of a repository must not say where its history is sent.
    """

    model_config = FROZEN
    keep_logs: Annotated[float, Field(ge=0, le=36_500)] = Options("").keep_logs_days
    epoch_mb: Annotated[int, Field(ge=1, le=4_096)] = EPOCH_BYTES // 2**20
    push: Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]*)?$")] = ""
    quiet: bool = False


class _People(BaseModel):
    """Who may do what; whoever is not listed may do nothing."""

    model_config = FROZEN
    viewers: tuple[Name, ...] = ()
    operators: tuple[Name, ...] = ()
    approvers: tuple[Name, ...] = ()
    admins: tuple[Name, ...] = ()
    places: tuple[Name, ...] = ()
    links: Mapping[Name, Name] = {}
    starter_decides: bool = True
    two_people: tuple[TwoPeople, ...] = ()


class _Phoenix(BaseModel):
    """What follows when an attempt fails again in the same way."""

    model_config = FROZEN
    ladder: tuple[LadderStep, ...] = LADDER
    stronger_model: Annotated[str, Field(max_length=200)] = ""

    @field_validator("ladder")
    @classmethod
    def _climbs(cls, ladder: tuple[LadderStep, ...]) -> tuple[LadderStep, ...]:
        if ladder and (ladder[0] != "brief" or list(ladder) != sorted(set(ladder), key=LADDER.index)):
            raise ValueError(f"the steps are {', '.join(LADDER)}, in this order and each once, from the first on")
        return ladder


class _Guardian(BaseModel):
    """Who looks at an attempt while it is made."""

    model_config = FROZEN
    every_turns: Turns = 0
    every_seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0


class OrchToml(BaseModel):
    """The whole file."""

    model_config = FROZEN
    model: Name | None = None
    cheap_model: Name | None = None
    max_workers: Workers | None = None
    max_retries: Retries | None = None
    plan_first: bool | None = None
    acceptance: bool | None = None
    phoenix: _Phoenix = _Phoenix()
    guardian: _Guardian = _Guardian()
    sandbox: Sandbox | None = None
    budget: _Budget = _Budget()
    models: Mapping[RoleName, Name] = {}
    workers: Mapping[RoleName, Workers] = {}
    fallbacks: Mapping[Name, tuple[Name, ...]] = {}
    profiles: Mapping[Name, ProfileTable] = {}
    rates: Mapping[Name, RatesTable] = {}
    workspace: _Workspace = _Workspace()
    limits: _Limits = _Limits()
    gate: tuple[_Gate, ...] = ()
    console: _Console = _Console()
    state: _State = _State()
    people: _People | None = None
    tools: Mapping[ToolName, ToolTable] = {}
    mcp: Mapping[ToolName, McpTable] = {}


_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "budget": _Budget, "workspace": _Workspace, "limits": _Limits, "gate": _Gate, "console": _Console, "state": _State,
    "people": _People, "phoenix": _Phoenix, "guardian": _Guardian, "profiles": ProfileTable, "rates": RatesTable,
    "tools": ToolTable, "mcp": McpTable,
}  # fmt: skip


def parse(content: bytes | None) -> OrchToml:
    """The file; everything is unsaid where there is none.

    Raises: BadSettings.
    """
    if content is None:
        return OrchToml()
    try:
        return OrchToml.model_validate(tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{FILE} is no TOML: {error}; correct it and commit it") from None
    except ValidationError as error:
        raise BadSettings(sentence(error, OrchToml, FILE, tables=_TABLES)) from None
