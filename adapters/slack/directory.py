"""Who somebody is on Slack, and which user groups they are in; groups are asked for once in five minutes.

A group that can't be read is one that nobody is in: roles are never guessed.
"""

import asyncio
import re
from typing import Any, Final

from adapters.slack.api import Api, objects_in
from adapters.slack.errors import USER_NOT_FOUND, SlackGone
from bot.port import Actor, ChatGone
from bot.text import cut, one_line

NAME: Final = "slack"
GOOD_FOR_S: Final = 300.0
MAX_NAME: Final = 80
_USER: Final = re.compile(r"[UW][A-Z0-9]{1,20}")


class Directory:
    """People and groups of the workspace."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._groups: list[dict[str, Any]] = []
        self._read_at: float | None = None

    async def resolve(self, actor_id: str) -> Actor:
        """The person; somebody whom Slack does not know has no groups.

        Raises: ChatDown, ChatGone.
        """
        _, team, user = [*actor_id.split(":"), "", "", ""][:3]
        if not _USER.fullmatch(user):
            return Actor(actor_id, user or actor_id)
        try:
            told = await self._api.read("users.info", user=user)
        except SlackGone as error:
            if error.code != USER_NOT_FOUND:
                raise
            return Actor(actor_id, user)
        groups = await self._groups_now()
        mine = (group.get("id") for group in groups if user in (group.get("users") or ()))
        found = told.get("user")
        name = name_of(found) if isinstance(found, dict) else ""
        return Actor(actor_id, name or user, tuple(f"{NAME}:{team}:{group}" for group in mine))

    async def _groups_now(self) -> list[dict[str, Any]]:
        now = asyncio.get_running_loop().time()
        if self._read_at is None or now - self._read_at > GOOD_FOR_S:
            try:
                told = await self._api.read("usergroups.list", include_users=True)
            except ChatGone:
                # The workspace has none (they are a paid feature), or the scope is missing: `orch slack check` says so.
                told = {}
            self._groups = objects_in(told, "usergroups")
            self._read_at = now
        return self._groups


def name_of(user: dict[str, Any]) -> str:
    """What the person is called."""
    profile = user.get("profile")
    name = (
        (profile if isinstance(profile, dict) else {}).get("display_name")
        or user.get("real_name")
        or user.get("name")
        or ""
    )
    return cut(one_line(str(name)), MAX_NAME)
