"""Where Discord's own description is at hand, it is asked about everything that was said; it does object."""

import pytest

from tests.fakes.discord.asker import said
from tests.fakes.discord.oracle import VARIABLE, disagreements, is_at_hand
from tests.fakes.discord.world import Asked

NEEDED = pytest.mark.skipif(not is_at_hand(), reason=f"{VARIABLE} names no copy of Discord's OpenAPI description")


@NEEDED
def test_it_objects_to_a_wrong_question():
    wrong = said("x") | {"components": [{"type": 17, "components": [{"type": 10}]}]}
    (objection,) = disagreements([Asked("POST", "/channels/1/messages", wrong, status=200)])
    assert "components/0/components/0: 'content' is a required property" in objection


@NEEDED
def test_it_objects_to_a_wrong_answer_and_to_a_wrong_address():
    assert disagreements([Asked("GET", "/users/@me", None, status=200, answer={"id": 5})])
    assert disagreements([Asked("GET", "/nowhere", None, status=200)]) == ["GET /nowhere: no such address"]


def test_what_was_refused_is_not_asked_about():
    assert disagreements([Asked("GET", "/nowhere", None, status=404)]) == []
