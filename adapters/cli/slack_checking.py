"""What `orch slack check` does."""

import asyncio
from pathlib import Path

from adapters.cli.errors import refuse
from adapters.cli.findings import rules_of, tell
from adapters.settings import load_slack
from adapters.slack.check import check as look
from adapters.slack.client import SlackConfig
from bot.replies import slack as say


def check(repo: Path, as_json: bool) -> int:
    """The exit code, once everything is printed.

    Raises: BadInput, BadSettings, NotARepository, NoCommits.
    """
    settings = load_slack()
    if settings is None:
        refuse(say.no_token())
    bot, app, secret = (
        each.get_secret_value() for each in (settings.bot_token, settings.app_token, settings.signing_secret)
    )
    config = SlackConfig(bot, app, secret, settings.api_base_url)
    return tell(asyncio.run(look(config, rules_of(repo))), as_json=as_json)
