"""Refusals of Slack's Web API, as slack_sdk raises them."""

from typing import Any

from slack_sdk.errors import SlackApiError


class _Answer:
    def __init__(self, status: int, body: Any, headers: dict[str, str]) -> None:
        self.status_code = status
        self.data = body
        self.headers = headers


def refused(code: str, status: int = 200, *, retry_after: str = "", **more: str) -> SlackApiError:
    """The exception for an answer with this code; without one, the answer was no JSON."""
    body: Any = {"ok": False, "error": code, **more} if code else b"<html>"
    untyped: Any = SlackApiError
    found: SlackApiError = untyped(
        "refused", _Answer(status, body, {"Retry-After": retry_after} if retry_after else {})
    )
    return found
