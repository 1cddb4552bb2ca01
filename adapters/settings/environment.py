"""What the environment says of the work, and which of its values must never be written anywhere."""

import os
import re
from typing import Final

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.settings.kinds import BadSettings, Codec, Name, Retries, Sandbox, Tokens, Usd, Workers, sentence

_SECRET_NAME: Final = re.compile(r"(?i)KEY|TOKEN|SECRET|PASSW(OR)?D|CREDENTIAL")
_SECRET_ITSELF: Final = re.compile(r"(?i)(KEY|TOKEN|SECRET|PASSW(OR)?D|CREDENTIALS?)$")
"""Names behind which a number may well be the secret; behind `MAX_TOKENS` or `TOKEN_TTL` it only counts something."""
_SWITCHES: Final = frozenset({"enabled", "disabled"})
"""Shorter words (`true`, `off`) are too short to be secrets."""
_MIN_SECRET_CHARS: Final = 6


class Environment(BaseSettings):
    """`ORCH_MODEL`, `ORCH_API_BASE`, …; a provider's own variable (`ANTHROPIC_API_KEY`) is read by its client."""

    model_config = SettingsConfigDict(env_prefix="ORCH_", env_ignore_empty=True, extra="ignore", frozen=True)
    model: Name | None = None
    codec: Codec | None = None
    api_base: str | None = None
    api_key: SecretStr | None = None
    budget_usd: Usd | None = None
    budget_tokens: Tokens | None = None
    max_workers: Workers | None = None
    max_retries: Retries | None = None
    sandbox: Sandbox | None = None


_OPEN: Final = frozenset(f"ORCH_{name}".upper() for name in Environment.model_fields if name != "api_key")
"""Our own variables that are no secret, whatever they are called."""


def read_environment() -> Environment:
    """What it says.

    Raises: BadSettings.
    """
    try:
        return Environment()
    except ValidationError as error:
        raise BadSettings(sentence(error, Environment, "the environment", "ORCH_{}")) from None


def secret_variables() -> tuple[str, ...]:
    """The values of variables that are named like secrets, but for what only counts or switches something."""
    return tuple(value for name, value in os.environ.items() if _is_secret(name, value))


def _is_secret(name: str, value: str) -> bool:
    if not _SECRET_NAME.search(name) or name.upper() in _OPEN or len(value) < _MIN_SECRET_CHARS:
        return False
    return value.casefold() not in _SWITCHES and not (value.isdecimal() and not _SECRET_ITSELF.search(name))
