"""Messages on Slack: as they were drawn before, within every limit, and saying what is said on every surface."""

import itertools
import json
import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.slack.controls import Control, action_id, metadata_of, read_button, read_form
from adapters.slack.render import CAPS, key_of, message_payload, post_payload
from bot.cards import RunCard
from bot.messages import Listing, LogSnippet, Message, Notice
from bot.shown import shown
from bot.text import units
from engine.core.ids import TaskId
from tests.adapters.discord.samples import MESSAGES
from tests.adapters.slack.reading import buttons, read
from tests.bot.test_shown import KINDS, WILD, _wild
from tests.engine.core.shapes import of
from tests.fakes.slack.limits import faults_of, pings_in
from tests.golden.update import SLACK


@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_is_drawn_as_it_was(name: str):
    assert message_payload(MESSAGES[name]) == json.loads((SLACK / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_read_is_what_every_surface_says(name: str):
    blocks, seen = message_payload(MESSAGES[name])["blocks"], shown(MESSAGES[name], CAPS)
    assert read(blocks).split("\n") == seen.text.split("\n")
    assert [button["text"]["text"] for button in buttons(blocks)] == [action.label for action in seen.actions]


def test_a_button_carries_everything_that_it_means():
    actions = shown(MESSAGES["question"], CAPS).actions
    for button, action in zip(buttons(message_payload(MESSAGES["question"])["blocks"]), actions, strict=True):
        control = read_button(button["action_id"])
        assert control is not None
        assert (control.name, control.args) == (action.name, action.args)


def test_what_can_not_be_undone_looks_like_it():
    styles = {
        button["text"]["text"]: button.get("style")
        for button in buttons(message_payload(MESSAGES["question"])["blocks"])
    }
    assert styles == {"retry": "primary", "retry with changes": None, "abandon": "danger", "spawn": None}


def within_the_limits(payload: dict[str, object]) -> None:
    blocks, text = payload["blocks"], payload["text"]
    assert isinstance(blocks, list)
    assert isinstance(text, str)
    assert faults_of(blocks) == []
    assert 1 <= units(text) <= 4_000
    assert pings_in(text) == []
    assert blocks
    for block in blocks:
        for element in block["elements"] if block["type"] == "rich_text" else ():
            assert element["elements"]
            assert all(piece["text"] for piece in element["elements"])
    assert json.dumps(payload).encode()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_message_with_any_text_is_within_every_limit(kind: type[Message], data: st.DataObject):
    drawn = data.draw(of(kind))
    wild = itertools.cycle(data.draw(st.lists(WILD, min_size=1, max_size=3)))
    for message in (drawn, _wild(drawn, kind, lambda: next(wild))):
        assert isinstance(message, Message)
        payload = post_payload(message, "k", file="F1")
        within_the_limits(payload)
        assert read(payload["blocks"]).split("\n") == shown(message, CAPS).text.replace("\u200b", "").split("\n")


HOSTILE = st.text(st.sampled_from("*_~`|<>!&@#-1.: \\\nab\u202e"), max_size=80)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_nothing_in_a_text_marks_up_or_calls(text: str):
    payload = message_payload(Notice(text))
    assert {block["type"] for block in payload["blocks"]} == {"rich_text"}
    assert read(payload["blocks"]) == shown(Notice(text), CAPS).text
    assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", payload["text"])


def test_an_excerpt_is_a_block_of_its_own_and_nothing_ends_it():
    payload = message_payload(LogSnippet(TaskId("T1"), 1, "T1 attempt 1", ("```", "*1 failed*"), "all: logs T1"))
    assert [block["type"] for block in payload["blocks"]] == ["rich_text", "rich_text", "context"]
    assert payload["blocks"][1]["elements"][0]["type"] == "rich_text_preformatted"


def test_a_long_list_is_cut_and_says_so():
    payload = message_payload(Listing("tasks", tuple(f"T{n} _under_score_" for n in range(400)), "more: page 2"))
    assert re.search(r"… and \d+ lines more$", read(payload["blocks"]).split("\n")[-2])
    assert read(payload["blocks"]).split("\n")[-1] == "more: page 2"


def test_a_title_too_long_for_a_heading_is_said_in_full():
    card = MESSAGES["card"]
    assert isinstance(card, RunCard)
    blocks = message_payload(msgspec.structs.replace(card, objective="x" * 199))["blocks"]
    assert blocks[0]["type"] == "rich_text"
    assert "x" * 199 in read(blocks)


def test_a_message_can_be_found_by_its_key():
    assert key_of(post_payload(Notice("x"), "P1/R1")) == "P1/R1"
    assert key_of({"metadata": {"event_type": "another", "event_payload": {"key": "P1/R1"}}}) == ""
    assert key_of({}) == ""


def test_a_post_unfolds_nothing_and_calls_nobody():
    payload = post_payload(Notice("@channel https://example.org"), "k")
    assert (payload["unfurl_links"], payload["unfurl_media"]) == (False, False)
    assert (payload["parse"], payload["link_names"]) == ("none", False)


def test_a_control_that_does_not_fit_is_left_out():
    assert action_id("decide", {"decision": "D" * 300}) is None
    assert metadata_of(Control("decide", {"changes": "x" * 3_000})) is None


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3))
def test_a_control_says_what_was_put_into_it(args: dict[str, str]):
    name = action_id("decide", args)
    if name is not None:
        assert read_button(name) == Control("decide", args)
    asked = Control("decide", args, "C1", "1.2")
    metadata = metadata_of(asked)
    assert metadata is not None
    assert read_form("orch:decide", metadata) == asked


@pytest.mark.parametrize("name", ["", "orch", "orch:pause", "orch:PAUSE?", "other:1", "orch:?run=R1"])
def test_a_control_of_somebody_else_is_not_read(name: str):
    assert read_button(name) is None


@pytest.mark.parametrize(
    ("name", "metadata"), [("other", "{}"), ("orch:decide", ""), ("orch:decide", "[]"), ("orch:decide", '{"args": 1}')]
)
def test_a_form_of_somebody_else_is_not_read(name: str, metadata: str):
    assert read_form(name, metadata) is None
