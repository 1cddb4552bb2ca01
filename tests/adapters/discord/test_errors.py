"""Each refusal of Discord means one of two things to us: later, or never."""

import pytest

from adapters.discord.errors import TurnedAway, meant, turned_away
from bot.port import ChatDown, ChatGone
from tests.adapters.discord.refusals import refused


@pytest.mark.parametrize(
    ("status", "code", "is_place"),
    [
        (404, 10_008, False),
        (404, 10_003, True),
        (403, 50_001, True),
        (403, 50_013, True),
        (400, 50_035, False),
        (400, 50_083, True),
    ],
)
def test_what_can_not_be_helped_is_given_up(status: int, code: int, is_place: bool):
    found = meant(refused(status, code))
    assert isinstance(found, ChatGone)
    assert found.is_place == is_place


@pytest.mark.parametrize(
    ("status", "code"), [(401, 0), (500, 0), (503, 0), (400, 160_006), (403, 20_016), (403, 0), (429, 40_062)]
)
def test_what_may_pass_is_tried_again(status: int, code: int):
    assert isinstance(meant(refused(status, code)), ChatDown)


def test_a_lost_connection_is_tried_again():
    assert isinstance(meant(ConnectionResetError()), ChatDown)
    assert isinstance(meant(TimeoutError()), ChatDown)


@pytest.mark.parametrize(
    ("header", "body", "wait_s"),
    [
        ("3", b'{"retry_after": 2.5, "global": false}', 2.5),
        ("3", b"<html>", 3.0),
        (None, b"", 60.0),
        ("soon", b'{"retry_after": "later"}', 60.0),
        (None, b"[]", 60.0),
        (None, b"\xff\xfe", 60.0),
    ],
)
def test_a_429_says_how_long_to_wait(header: str | None, body: bytes, wait_s: float):
    found = meant(turned_away(429, header, body))
    assert isinstance(found, ChatDown)
    assert found.retry_after_s == wait_s


def test_a_429_of_everything_is_told_apart():
    assert turned_away(429, "1", b'{"global": true, "retry_after": 1}').is_global
    assert turned_away(429, "1", b"<html>You are being blocked").is_global
    assert not turned_away(429, "1", b'{"retry_after": 1}').is_global
    assert turned_away(429, "1", b'{"code": 30046}').code == 30_046
    assert isinstance(turned_away(503, None, b"upstream"), TurnedAway)
