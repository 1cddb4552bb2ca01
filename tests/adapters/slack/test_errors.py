"""Each refusal of Slack means one of two things to us: later, or never."""

import pytest

from adapters.slack.errors import SlackGone, meant
from bot.port import ChatDown
from tests.adapters.slack.refusals import refused


@pytest.mark.parametrize(
    ("code", "is_place"),
    [
        ("channel_not_found", True), ("not_in_channel", True), ("is_archived", True), ("message_not_found", False),
        ("edit_window_closed", False), ("invalid_blocks", False), ("msg_too_long", False), ("missing_scope", False),
        ("something_new", False),
    ],
)  # fmt: skip
def test_what_can_not_be_helped_is_given_up(code: str, is_place: bool):
    found = meant(refused(code))
    assert isinstance(found, SlackGone)
    assert (found.code, found.is_place) == (code, is_place)


@pytest.mark.parametrize("code", ["internal_error", "fatal_error", "service_unavailable", "request_timeout"])
def test_what_may_pass_is_tried_again(code: str):
    assert isinstance(meant(refused(code)), ChatDown)


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_a_refused_token_is_tried_again_in_a_minute(code: str):
    found = meant(refused(code))
    assert isinstance(found, ChatDown)
    assert found.retry_after_s == 60.0
    assert code in str(found)


@pytest.mark.parametrize(("told", "wait_s"), [("3", 3.0), ("", 30.0), ("soon", 30.0)])
def test_a_429_says_how_long_to_wait(told: str, wait_s: float):
    found = meant(refused("ratelimited", 429, retry_after=told))
    assert isinstance(found, ChatDown)
    assert found.retry_after_s == wait_s


def test_an_answer_that_is_no_json_is_a_slack_that_is_down():
    assert isinstance(meant(refused("", 502)), ChatDown)
    assert isinstance(meant(refused("", 200)), ChatDown)


def test_a_lost_connection_is_tried_again():
    assert isinstance(meant(ConnectionResetError()), ChatDown)
    assert isinstance(meant(TimeoutError()), ChatDown)


def test_a_missing_scope_is_named():
    assert "files:write" in str(meant(refused("missing_scope", needed="files:write")))
