"""Whose token it is, as Slack says (auth.test)."""

import msgspec

from adapters.slack.api import Api
from bot.port import ChatDown


class Myself(msgspec.Struct, frozen=True):
    """The bot: its team, its user, its bot id."""

    team: str
    user: str
    bot: str
    name: str
    team_name: str = ""
    enterprise: str = ""


async def introduced(api: Api) -> Myself:
    """Who we are.

    Raises: ChatDown, ChatGone.
    """
    told = await api.write("auth.test", {})
    found = Myself(
        *(str(told.get(name) or "") for name in ("team_id", "user_id", "bot_id", "user", "team", "enterprise_id"))
    )
    if not (found.team and found.user and found.bot):
        raise ChatDown("Slack does not say whose token SLACK_BOT_TOKEN is")
    return found
