"""What `orch discord check` prints."""

import asyncio
from pathlib import Path

import msgspec

from adapters.cli import output
from adapters.cli.errors import refuse
from adapters.cli.folder import root_of
from adapters.discord.check import check as look
from adapters.discord.client import DiscordConfig
from adapters.settings import load_discord, load_settings
from bot.replies import discord as say
from engine.workspace.repository import Repository


def check(repo: Path, as_json: bool) -> int:
    """The exit code, once everything is printed.

    Raises: BadInput, BadSettings, NotARepository, NoCommits.
    """
    settings = load_discord()
    if settings is None:
        refuse(say.no_token())
    repository = Repository.open(root_of(repo))
    people = load_settings(repository, repository.branch_tip(repository.current_branch() or ""), {}).people
    config = DiscordConfig(settings.token.get_secret_value(), settings.api_base, settings.gateway_url)
    findings = asyncio.run(look(config, people))
    if as_json:
        output.say_json(msgspec.to_builtins(findings))
    else:
        for found in findings:
            output.say(
                f"{'ok' if found.is_ok else '!!'}  {found.about}: {found.sentence}", "" if found.is_ok else "bold"
            )
    return 0 if all(found.is_ok for found in findings) else 1
