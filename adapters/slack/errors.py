"""What Slack's refusals mean to us: try again, give the message up, or give the place up. Pure.

Codes: the pages of Slack's Web API methods, "Errors".
"""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.port import ChatDown, ChatGone

MISSING_SCOPE: Final = "missing_scope"
INVALID_BLOCKS: Final = "invalid_blocks"
USER_NOT_FOUND: Final = "user_not_found"
TRIGGERS_OVER: Final = frozenset(
    {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "invalid_trigger_id"}
)
_PLACE: Final = {
    "channel_not_found": "the channel is gone, or I was never in it",
    "not_in_channel": "I am not in the channel; invite me with /invite",
    "is_archived": "the channel is archived",
    "is_inactive": "the channel is archived",
    "restricted_action": "the workspace does not let me write in the channel",
    "restricted_action_read_only_channel": "the channel takes no messages",
    "restricted_action_thread_only_channel": "the channel takes no messages but in threads",
    "restricted_action_non_threadable_channel": "the channel takes no threads",
    "restricted_action_thread_locked": "the thread is locked",
    "no_permission": "a permission is missing",
    "user_is_bot": "nobody reads there",
    "messages_tab_disabled": "the app takes no direct messages",
}
_TOKEN: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "ekm_access_denied",
     "not_allowed_token_type", "org_login_required", "two_factor_setup_required"}
)  # fmt: skip
_LATER: Final = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
     "team_added_to_org", "accesslimited", "message_limit_exceeded", "external_channel_migrating"}
)  # fmt: skip
_UNTOLD_WAIT_S: Final = 30.0
"""After a 429 that does not say how long."""
TOKEN_WAIT_S: Final = 60.0


class SlackGone(ChatGone):
    """Slack refused for good; `code` is its own word for it."""

    def __init__(self, code: str, message: str, *, is_place: bool = False) -> None:
        super().__init__(message, is_place=is_place)
        self.code = code


class Limited(ChatDown):
    """Slack wants us to wait, and has not done what was asked."""


class TokenRefused(ChatDown):
    """A token is wrong, was revoked, or is of another kind; `variable` is where it came from."""

    variable = "SLACK_BOT_TOKEN"


def code_of(error: Exception) -> str:
    """Slack's own word, empty when there is none."""
    if isinstance(error, SlackGone):
        return error.code
    if isinstance(error, SlackApiError):
        told = _said(error).get("error")
        return told if isinstance(told, str) else ""
    return ""


def is_token_refused(code: str) -> bool:
    """Whether the token itself is the trouble."""
    return code in _TOKEN


def meant(error: Exception) -> ChatDown | ChatGone:
    """The error as the conversation knows it."""
    if not isinstance(error, SlackApiError):
        return ChatDown(f"no connection: {type(error).__name__}")
    code, status = code_of(error), getattr(error.response, "status_code", 0)
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return Limited("Slack limits us", _wait_s(error) or _UNTOLD_WAIT_S)
    if is_token_refused(code):
        return TokenRefused(f"Slack refuses the token ({code})", TOKEN_WAIT_S)
    if not code or code in _LATER or status >= 500:
        return ChatDown(f"Slack answered {status} {code}".strip(), _wait_s(error))
    if code == MISSING_SCOPE:
        return SlackGone(code, f"a scope is missing: {_said(error).get('needed', '')}")
    return SlackGone(code, _PLACE.get(code, f"Slack refused: {code}"), is_place=code in _PLACE)


def _said(error: SlackApiError) -> Mapping[str, Any]:
    """The answer's JSON; a proxy before Slack may have answered anything else."""
    told = getattr(error.response, "data", error.response)
    return told if isinstance(told, Mapping) else {}


def _wait_s(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    told = next((value for name, value in headers.items() if name.casefold() == "retry-after"), "")
    try:
        return max(0.0, float(told))
    except ValueError:
        return 0.0


CALL_FAILED: Final = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, AttributeError, ValueError)
"""Whatever a call may raise; slack_sdk stumbles (the last two) over an answer that is no JSON."""
