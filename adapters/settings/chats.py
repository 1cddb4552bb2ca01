"""Where the console and the chats are, and what opens them; tokens come from the environment alone."""

import ipaddress
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.settings.kinds import FROZEN, BadSettings, Port, said, sentence

MIN_TOKEN_CHARS: Final = 16


class ConsoleSettings(BaseModel):
    """Where the web console listens and who may use it; an empty `token` means that a new one is made at each start."""

    model_config = FROZEN
    host: str = "127.0.0.1"
    port: Port = 8085
    token: SecretStr = SecretStr("")
    proxy_header: str = ""
    proxies: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class DiscordSettings(BaseModel):
    """The bot's token, and where Discord is when it is elsewhere: another API address, another gateway."""

    model_config = FROZEN
    token: SecretStr
    api_base: str = ""
    gateway_url: str = ""


class SlackSettings(BaseModel):
    """The bot's token; the app's token for a socket, else the secret of signed requests; where Slack is when it is elsewhere."""

    model_config = FROZEN
    bot_token: SecretStr
    app_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    api_base_url: str = ""
    plan_blocks: bool = False


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


class _SlackEnvironment(BaseSettings):
    """`SLACK_BOT_TOKEN`, `SLACK_APP_TOKEN`, `SLACK_SIGNING_SECRET`, `SLACK_API_BASE_URL`, `SLACK_PLAN_BLOCKS`."""

    model_config = SettingsConfigDict(env_prefix="SLACK_", env_ignore_empty=True, extra="ignore", frozen=True)
    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    api_base_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    plan_blocks: bool = False


class _RecordEnvironment(BaseSettings):
    """`ORCH_RECORD`."""

    model_config = SettingsConfigDict(env_prefix="ORCH_", env_ignore_empty=True, extra="ignore", frozen=True)
    record: Path | None = None


def load_record() -> Path | None:
    """The file in which is written down what chats are sent, from the environment alone; None for nowhere."""
    return _RecordEnvironment().record


def load_slack() -> SlackSettings | None:
    """How to reach Slack, from the environment alone; None when there is no token of either kind, and so no bot.

    Raises: BadSettings, which never quotes a token.
    """
    try:
        found = _SlackEnvironment()
    except ValidationError as error:
        raise BadSettings(sentence(error, _SlackEnvironment, "the environment", "SLACK_{}")) from None
    nothing = SecretStr("")
    bot, app, secret = found.bot_token or nothing, found.app_token or nothing, found.signing_secret or nothing
    if not bot and not app:
        return None
    if not bot:
        raise BadSettings("SLACK_APP_TOKEN is set and SLACK_BOT_TOKEN is not; both are needed (see docs/slack.md)")
    if not app and not secret:
        raise BadSettings("SLACK_BOT_TOKEN needs SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP")
    for name, token, start in (("SLACK_BOT_TOKEN", bot, "xoxb-"), ("SLACK_APP_TOKEN", app, "xapp-")):
        if token and not token.get_secret_value().startswith(start):
            raise BadSettings(f"{name} does not begin with {start}; copy it from api.slack.com/apps again")
    return SlackSettings(
        bot_token=bot, app_token=app, signing_secret=secret, api_base_url=found.api_base_url or "", plan_blocks=found.plan_blocks
    )  # fmt: skip


def load_discord() -> DiscordSettings | None:
    """How to reach Discord, from the environment alone; None when there is no token, and so no bot.

    Raises: BadSettings.
    """
    try:
        found = _DiscordEnvironment()
    except ValidationError as error:
        raise BadSettings(sentence(error, _DiscordEnvironment, "the environment", "DISCORD_{}")) from None
    if found.token is None:
        return None
    return DiscordSettings(token=found.token, api_base=found.api_base or "", gateway_url=found.gateway_url or "")


def load_console(file_port: int | None = None, *, host: str | None = None, port: int | None = None) -> ConsoleSettings:
    """The console's settings: the port of the file, then the environment, then what was typed (None says nothing).

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
    given = {
        "port": file_port,
        **said(found, ("host", "port", "token", "proxy_header")),
        **{name: _listed(getattr(found, name)) for name in ("proxies", "hosts")},
        **{name: value for name, value in (("host", host), ("port", port)) if value is not None},
    }
    return ConsoleSettings.model_validate({name: value for name, value in given.items() if value is not None})
