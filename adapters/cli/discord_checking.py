"""What `orch discord check` does."""

import asyncio
from pathlib import Path

from adapters.cli.errors import refuse
from adapters.cli.findings import rules_of, tell
from adapters.discord.check import check as look
from adapters.discord.client import DiscordConfig
from adapters.settings import load_discord
from bot.replies import discord as say


def check(repo: Path, as_json: bool) -> int:
    """The exit code, once everything is printed.

    Raises: BadInput, BadSettings, NotARepository, NoCommits.
    """
    settings = load_discord()
    if settings is None:
        refuse(say.no_token())
    config = DiscordConfig(settings.token.get_secret_value(), settings.api_base, settings.gateway_url)
    return tell(asyncio.run(look(config, rules_of(repo))), as_json=as_json)
