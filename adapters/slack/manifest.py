"""The app as Slack wants it told: its command, shortcut, events and scopes, made from the grammar. Pure.

`orch slack manifest` prints it; deploy/slack/manifest.yaml is that, for a socket.
"""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from adapters.slack.inbound import COMMAND, SHORTCUT
from bot.grammar import COMMANDS
from bot.replies import slack as say
from bot.text import cut

SCOPES: Final[Mapping[str, str]] = {
    "commands": "`/orch` and the shortcut in a message's menu",
    "chat:write": "cards, posts, answers",
    "app_mentions:read": "`@orch …` in a thread",
    "channels:history": "to find what was sent just before a crash, so that nothing is posted twice",
    "groups:history": "the same in private channels",
    "im:history": "what you write to the app itself",
    "channels:read": "`orch slack check`: is the bot in the channel?",
    "groups:read": "the same for private channels",
    "users:read": "the names of people",
    "usergroups:read": "user groups as roles",
    "files:write": "the picture of a run's graph",
}
"""What the bot asks for, and what for; docs/slack.md says the same."""
EVENTS: Final = ("app_home_opened", "app_mention", "message.im")
MAX_HINT: Final = 1_000
_HEAD: Final = (
    "# Made by `orch slack manifest`; api.slack.com/apps, Create New App, From a manifest. See docs/slack.md.\n"
)


def manifest(url: str = "") -> dict[str, Any]:
    """The manifest for a socket; or, with the address of the console's `/slack/events`, for signed requests."""
    where = {"request_url": url} if url else {}
    at = {"url": url} if url else {}
    return {
        "display_information": {"name": "orch", "description": say.app_description(), "background_color": "#1f639c"},
        "features": {
            "app_home": {
                "home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "orch", "always_online": True},
            "shortcuts": [
                {
                    "name": say.shortcut_name(), "type": "message", "callback_id": SHORTCUT,
                    "description": say.shortcut_description(),
                }
            ],
            "slash_commands": [
                {
                    "command": COMMAND, **at, "description": say.app_description(), "should_escape": True,
                    "usage_hint": cut(" | ".join(command.name for command in COMMANDS), MAX_HINT),
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**where, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **where},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }  # fmt: skip


def written(url: str = "") -> str:
    """The manifest as YAML."""
    text: str = yaml.safe_dump(manifest(url), sort_keys=False, width=120)
    return _HEAD + text
