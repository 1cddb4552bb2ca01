"""What Slack sends when somebody does something, as its reference shows it."""

import itertools
from typing import Any

from tests.adapters.slack.api_fake import ALICE, BOT_USER, CHANNEL, TEAM

Body = dict[str, Any]
_COUNT = itertools.count(1)
USER = {"id": ALICE, "username": "alice", "name": "alice", "team_id": TEAM}


def slash(text: str, **more: Any) -> Body:
    return {
        "token": "gone", "team_id": TEAM, "team_domain": "acme", "channel_id": CHANNEL, "channel_name": "general", "user_id": ALICE,
        "user_name": "alice", "command": "/orch", "text": text, "api_app_id": "A1", "is_enterprise_install": "false",
        "response_url": "https://hooks.example/1", "trigger_id": f"{next(_COUNT)}.trigger",
    } | more  # fmt: skip


def click(action_id: str, thread: str = "1.2", **more: Any) -> Body:
    number = next(_COUNT)
    container = {"type": "message", "message_ts": "1.5", "channel_id": CHANNEL, "is_ephemeral": False}
    message = {"type": "message", "ts": "1.5", "text": "x"}
    if thread:
        container["thread_ts"] = message["thread_ts"] = thread
    return {
        "type": "block_actions", "user": USER, "api_app_id": "A1", "container": container, "trigger_id": f"{number}.trigger",
        "team": {"id": TEAM, "domain": "acme"}, "channel": {"id": CHANNEL, "name": "general"}, "message": message,
        "response_url": "https://hooks.example/2",
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "action_ts": f"{number}.1"}],
    } | more  # fmt: skip


def submission(view: Body, values: dict[str, str]) -> Body:
    state = {name: {"typed": {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    number = next(_COUNT)
    return {
        "type": "view_submission", "user": USER, "team": {"id": TEAM}, "api_app_id": "A1", "trigger_id": f"{number}.trigger",
        "view": {**view, "id": f"V{number}", "hash": "h", "state": {"values": state}}, "response_urls": [],
    }  # fmt: skip


def event(kind: str, **more: Any) -> Body:
    number = next(_COUNT)
    told = {"type": kind, "user": ALICE, "channel": CHANNEL, "ts": f"{number}.0", "event_ts": f"{number}.0"} | more
    return {
        "type": "event_callback", "team_id": TEAM, "api_app_id": "A1", "event": told, "event_id": f"Ev{number}",
        "event_time": number, "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
    }  # fmt: skip


def mention(text: str, **more: Any) -> Body:
    return event("app_mention", text=f"<@{BOT_USER}> {text}", **more)


def shortcut(text: str, callback_id: str = "orch:run") -> Body:
    number = next(_COUNT)
    return {
        "type": "message_action", "callback_id": callback_id, "user": USER, "team": {"id": TEAM}, "trigger_id": f"{number}.trigger",
        "channel": {"id": CHANNEL, "name": "general"}, "message_ts": "1.7", "response_url": "https://hooks.example/3",
        "message": {"type": "message", "ts": "1.7", "text": text, "user": "U2"}, "action_ts": f"{number}.1",
    }  # fmt: skip
