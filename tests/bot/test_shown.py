"""Whatever is in a message, what is shown of it keeps to the limits of every platform."""

import itertools
from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards import run_card
from bot.messages import Listing, LogSnippet, Message, Notice, redacted
from bot.port import Caps
from bot.rendering import question_of
from bot.shown import actions_of, plain, shown
from bot.text import clean, units
from engine.core.ids import DecisionId, RunId, TaskId
from tests.bot.story import middle, over
from tests.engine.core.shapes import of
from tests.fakes.core_driver import CoreDriver

# facts: Slack section 3,000, actions 25, button text 75; Discord components 4,000 in all, 25 buttons, label 80.
CAPS = {
    "slack": Caps(max_text=3_000, max_actions=25, max_label=75),
    "discord": Caps(max_text=4_000, max_actions=25, max_label=80),
    "discord content": Caps(max_text=2_000, max_actions=5, max_label=80),
    "web": Caps(max_text=40_000, max_actions=25, max_label=200),
    "narrow": Caps(max_text=120, max_actions=2, max_label=20),
}
KINDS = get_args(Message)
WILD = st.text(max_size=60) | st.sampled_from(
    ["👨‍👩‍👧" * 700, "e" + "\u0301" * 4_500, "line\n" * 1_500, "<!channel> ```", "\u202e\x1b[2J", "x" * 5_000]
)


def _wild(value: object, shape: object, text: Callable[[], str]) -> object:
    """The value with every free text of it replaced, and every list of texts made long; closed sets stay as they are."""
    if isinstance(value, msgspec.Struct):
        fields = {
            each.name: _wild(getattr(value, each.name), each.type, text) for each in msgspec.structs.fields(value)
        }
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        inner = get_args(shape)
        many = len(inner) == 2 and inner[1] is Ellipsis
        found = [_wild(each, inner[0] if many else inner[at], text) for at, each in enumerate(value)]
        return tuple(found * 12 if many and inner[0] is str else found)
    return text() if shape is str else value


@pytest.mark.parametrize("platform", CAPS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_message_with_any_text_is_within_the_limits(platform: str, kind: type[Message], data: st.DataObject):
    caps = CAPS[platform]
    drawn = data.draw(of(kind))
    texts = itertools.cycle(data.draw(st.lists(WILD, min_size=1, max_size=3)))
    for message in (drawn, _wild(drawn, kind, lambda: next(texts))):
        assert isinstance(message, Message)
        found = shown(message, caps)
        assert units(found.text) <= caps.max_text
        assert len(found.actions) <= caps.max_actions
        assert all(units(action.label) <= caps.max_label for action in found.actions)
        assert clean(found.text) == found.text


def test_an_excerpt_loses_its_beginning_and_says_so():
    lines = tuple(f"line {number}" for number in range(100))
    text = shown(LogSnippet(TaskId("T3"), 1, "T3 attempt 1", lines, "all of it: orch logs T3"), Caps(200, 5)).text
    assert text.splitlines()[:2] == ["T3 attempt 1", "… 82 lines above"]
    assert text.splitlines()[-2:] == ["line 99", "all of it: orch logs T3"]


def test_a_list_loses_its_end_and_says_so():
    text = shown(Listing("runs", tuple(f"R{number} is completed" for number in range(100))), Caps(200, 5)).text
    assert text.splitlines()[0] == "runs"
    assert text.splitlines()[-1] == "… and 90 lines more"


def test_a_card_shows_what_people_look_for_first():
    lines = plain(run_card(middle(CoreDriver()).board, RunId("R1"))).splitlines()
    assert [line.split()[0] for line in lines[4:]] == ["T8", "T5", "T6", "T7", "T9", "T10", "T1", "T2", "T3", "T4"]
    assert lines[4] == "T8 waiting human, attempt 5 of 5: Read the exchange rates (answer D1: its checks were red)"


def test_a_card_offers_what_fits_its_state():
    board = middle(CoreDriver()).board
    assert [action.label for action in actions_of(run_card(board, RunId("R1")))] == ["pause", "graph", "cancel"]
    assert actions_of(run_card(over(CoreDriver()).board, RunId("R1"))) == ()


def test_a_question_offers_its_options_bound_to_its_generation():
    driver = middle(CoreDriver())
    decision = driver.decision("D1")
    actions = actions_of(question_of(driver.board, decision))
    assert [action.args["choice"] for action in actions] == list(decision.options)
    assert all(action.args["generation"] == str(decision.generation) for action in actions)
    assert [action.asks_more for action in actions] == [False, True, True, True]


def test_secrets_are_taken_out_of_every_text():
    told = redacted(Listing("a key", ("it is sk-1",), "sk-1"), lambda text: text.replace("sk-1", "[redacted]"))
    assert told == Listing("a key", ("it is [redacted]",), "[redacted]")


def test_messages_are_plain_data_with_a_tag():
    driver = middle(CoreDriver())
    told = question_of(driver.board, driver.decision("D1"))
    for message in (run_card(driver.board, RunId("R1")), told, Notice("x")):
        assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message


def test_a_closed_question_is_its_outcome():
    driver = over(CoreDriver())
    post = driver.board.decisions[DecisionId("D1")]
    assert "is decided by" in plain(question_of(driver.board, post))
