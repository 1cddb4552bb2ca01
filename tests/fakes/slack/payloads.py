"""What Slack tells a bot of what people do: commands, clicks, forms, events. Pure; shapes from Slack's reference of payloads."""

from typing import Any

from tests.fakes.slack.workspace import APP, BOT_USER, TEAM, Channel

Payload = dict[str, Any]
TOKEN = "a-verification-token"


def slash(user: str, name: str, channel: Channel, text: str, trigger: str, address: str) -> Payload:
    """A slash command, flat as a form."""
    return {
        "token": TOKEN, "team_id": TEAM, "team_domain": "orch", "channel_id": channel.id, "channel_name": channel.name,
        "user_id": user, "user_name": name, "command": "/orch", "text": text, "api_app_id": APP,
        "is_enterprise_install": "false", "response_url": address, "trigger_id": trigger,
    }  # fmt: skip


def event(identifier: str, told: Payload, at_s: int) -> Payload:
    """An event of the Events API."""
    return {
        "token": TOKEN, "team_id": TEAM, "api_app_id": APP, "type": "event_callback", "event": told,
        "event_id": identifier, "event_time": at_s, "is_ext_shared_channel": False,
        "authorizations": [
            {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "is_enterprise_install": False}
        ],
    }  # fmt: skip


def click(user: str, name: str, trigger: str, action: Payload, where: Payload) -> Payload:
    """A press of a button; `where` is the container, and the message or the view."""
    return {"type": "block_actions", **_person(user, name), "trigger_id": trigger, "actions": [action], **where}


def submission(user: str, name: str, trigger: str, view: Payload) -> Payload:
    """A form that was sent."""
    return {"type": "view_submission", **_person(user, name), "trigger_id": trigger, "view": view, "response_urls": []}


def shortcut(user: str, name: str, trigger: str, callback: str, message: Payload, where: Payload) -> Payload:
    """The shortcut in a message's menu."""
    return {
        "type": "message_action", **_person(user, name), "trigger_id": trigger, "callback_id": callback, "message": message,
        "message_ts": message["ts"], "action_ts": message["ts"], **where,
    }  # fmt: skip


def _person(user: str, name: str) -> Payload:
    return {
        "user": {"id": user, "username": name, "name": name, "team_id": TEAM}, "team": {"id": TEAM, "domain": "orch"},
        "api_app_id": APP, "token": TOKEN, "enterprise": None, "is_enterprise_install": False,
    }  # fmt: skip
