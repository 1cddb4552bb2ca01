"""What the environment says of the work, and which of its values must never be written anywhere."""

import os
import re
from typing import Final

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.settings.kinds import BadSettings, Codec, Name, Retries, Sandbox, Tokens, Usd, Workers, sentence

_SECRET_NAME: Final = re.compile(r"(?i)KEY|TOKEN|SECRET|PASSW(OR)?D|CREDENTIAL")
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


def read_environment() -> Environment:
    """What it says.

    Raises: BadSettings.
    """
    try:
        return Environment()
    except ValidationError as error:
        raise BadSettings(sentence(error, Environment, "the environment", "ORCH_{}")) from None


def secret_variables() -> tuple[str, ...]:
    """The values of variables that are named like secrets."""
    return tuple(
        value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _MIN_SECRET_CHARS
    )
