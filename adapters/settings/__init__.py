"""Settings: `orch.toml` of the protected base, then the environment, then the command line. Nothing else reads the environment."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from adapters.settings.chats import (
    MIN_TOKEN_CHARS,
    ConsoleSettings,
    DiscordSettings,
    SlackSettings,
    load_console,
    load_discord,
    load_record,
    load_slack,
)
from adapters.settings.environment import Environment, read_environment, secret_variables
from adapters.settings.folders import cache_folder, config_folder, person, runtime_folder
from adapters.settings.kinds import (
    FROZEN,
    BadSettings,
    Codec,
    Name,
    Port,
    Retries,
    Sandbox,
    Tokens,
    Usd,
    Workers,
    said,
    sentence,
)
from adapters.settings.orch_toml import FILE, LADDER, ProfileTable, RatesTable, Turns, parse
from adapters.tool_tables import McpTable, ToolTable
from bot.people import PeopleRules
from engine.agent.outcome import Limits
from engine.core.entities import GateSpec, LadderStep, RoleName
from engine.options import Options
from engine.store.upkeep import EPOCH_BYTES
from engine.sync import Place
from engine.workspace.repository import Repository

__all__ = [
    "FILE", "MIN_TOKEN_CHARS", "BadSettings", "ConsoleSettings", "DiscordSettings", "Settings", "SlackSettings",
    "cache_folder", "config_folder", "load_console", "load_discord", "load_record", "load_settings", "load_slack", "person", "runtime_folder",
    "secrets_of", "sentence",
]  # fmt: skip


class Settings(BaseModel):
    """What was asked for, from every source. An empty `model` means that nobody named one, no `people` that nobody set rules."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    model: str = ""
    models: Mapping[RoleName, Name] = {}
    fallbacks: Mapping[Name, tuple[Name, ...]] = {}
    profiles: Mapping[Name, ProfileTable] = {}
    rates: Mapping[Name, RatesTable] = {}
    codec: Codec | None = None
    api_base: str = ""
    api_key: SecretStr = SecretStr("")
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    task_budget_usd: Usd | None = None
    task_budget_tokens: Tokens | None = None
    cheap_model: str = ""
    max_workers: Workers = 5
    workers: Mapping[RoleName, Workers] = {}
    plan_first: bool = False
    acceptance: bool = True
    ladder: tuple[LadderStep, ...] = LADDER
    stronger_model: str = ""
    guardian_turns: Turns = 0
    guardian_seconds: float = 0.0
    max_retries: Retries = 4
    sandbox: Sandbox = "auto"
    network: bool = False
    setup: str = ""
    setup_timeout_s: float = 600.0
    include: tuple[str, ...] = ()
    limits: Limits = Limits()
    gates: tuple[GateSpec, ...] = ()
    console_port: Port | None = None
    keep_logs_days: float = Options("").keep_logs_days
    epoch_bytes: int = EPOCH_BYTES
    state_place: Place | None = None
    people: PeopleRules | None = None
    tools: Mapping[str, ToolTable] = {}
    mcp: Mapping[str, McpTable] = {}


class _Overrides(BaseModel):
    model_config = FROZEN
    model: Name | None = None
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    max_workers: Workers | None = None
    plan_first: bool | None = None
    guardian_turns: Turns | None = None
    max_retries: Retries | None = None
    sandbox: Sandbox | None = None


def load_settings(repository: Repository, base: str, overrides: Mapping[str, object]) -> Settings:
    """The settings for work on the commit `base`; overrides that are None say nothing.

    The file is read from the commit and not from the checkout, so that no attempt can change the rules it is held to. It cannot take
    the sandbox away: whoever can commit would reach all that the operator can.

    Raises: BadSettings; UnknownCommit.
    """
    file = parse(repository.read_file(base, FILE))
    found: dict[str, object] = {
        "models": file.models,
        "workers": file.workers,
        "fallbacks": file.fallbacks,
        "profiles": file.profiles,
        "rates": file.rates,
        "limits": Limits(
            max_turns=file.limits.turns, max_seconds=file.limits.seconds, max_output_tokens=file.limits.output_tokens
        ),
        "gates": tuple(GateSpec(gate.name, gate.run, gate.timeout_s, gate.junit) for gate in file.gate),
        "budget_usd": file.budget.usd,
        "budget_tokens": file.budget.tokens,
        "task_budget_usd": file.budget.task_usd,
        "task_budget_tokens": file.budget.task_tokens,
        "cheap_model": file.cheap_model or "",
        "console_port": file.console.port,
        "keep_logs_days": file.state.keep_logs,
        "epoch_bytes": file.state.epoch_mb * 2**20,
        "state_place": Place(file.state.push, file.state.quiet) if file.state.push else None,
        "people": PeopleRules(**file.people.model_dump()) if file.people else None,
        "tools": file.tools,
        "mcp": file.mcp,
        "ladder": file.phoenix.ladder,
        "stronger_model": file.phoenix.stronger_model,
        "guardian_turns": file.guardian.every_turns,
        "guardian_seconds": file.guardian.every_seconds,
        **file.workspace.model_dump(),
    }
    found |= said(file, ("model", "max_workers", "max_retries", "sandbox", "plan_first", "acceptance"))
    of_operator = said(read_environment(), tuple(Environment.model_fields))
    of_operator |= said(_overrides(overrides), tuple(_Overrides.model_fields))
    if file.sandbox == "none" and "sandbox" not in of_operator:
        raise BadSettings(
            f'{FILE}: sandbox = "none" is not for a file of the repository to say; set ORCH_SANDBOX=none where orch is started, '
            "if its commands may reach everything that you can"
        )
    return Settings.model_validate(found | of_operator)


def secrets_of(settings: Settings | None = None) -> tuple[str, ...]:
    """Every value that must never be written anywhere: those of variables that are named like secrets, and the given key."""
    given = (settings.api_key.get_secret_value(),) if settings is not None and settings.api_key else ()
    return tuple(dict.fromkeys((*secret_variables(), *given)))


def _overrides(overrides: Mapping[str, object]) -> _Overrides:
    try:
        return _Overrides.model_validate(dict(overrides))
    except ValidationError as error:
        raise BadSettings(sentence(error, _Overrides, "what was asked for")) from None
