"""Messages on Discord: as they were drawn before, within every limit, and saying what is said on every surface."""

import itertools
import json
import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.discord.controls import custom_id
from adapters.discord.controls import read as read_control
from adapters.discord.render import CAPS, mark_of, message_payload, nonce_of, thread_name
from bot.cards import RunCard
from bot.messages import Listing, Message, Notice
from bot.shown import shown
from bot.text import units
from tests.adapters.discord.reading import buttons, each_part, read, texts
from tests.adapters.discord.samples import MESSAGES
from tests.bot.test_shown import KINDS, WILD, _wild
from tests.engine.core.shapes import of
from tests.golden.update import DISCORD


@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_is_drawn_as_it_was(name: str):
    assert message_payload(MESSAGES[name]) == json.loads((DISCORD / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_read_is_what_every_surface_says(name: str):
    payload, seen = message_payload(MESSAGES[name]), shown(MESSAGES[name], CAPS)
    assert read(payload).split("\n") == seen.text.split("\n")
    assert [button["label"] for button in buttons(payload)] == [action.label for action in seen.actions]


def test_a_button_carries_everything_that_it_means():
    actions = shown(MESSAGES["question"], CAPS).actions
    for button, action in zip(buttons(message_payload(MESSAGES["question"])), actions, strict=True):
        control = read_control(button["custom_id"])
        assert control is not None
        assert (control.name, control.args) == (action.name, action.args)
        assert (control.how == "ask") == action.asks_more


def within_the_limits(payload: dict[str, object]) -> None:
    parts = list(each_part(payload))
    assert len(parts) <= 40
    assert sum(units(text) for text in texts(payload)) <= 4_000
    assert all(text.strip() for text in texts(payload))
    names = [part["custom_id"] for part in parts if "custom_id" in part]
    assert len(names) == len(set(names))
    assert all(1 <= len(name) <= 100 for name in names)
    assert all(1 <= units(button["label"]) <= 80 for button in buttons(payload))
    assert all(len(part["components"]) in range(1, 6) for part in parts if part["type"] == 1)
    assert json.dumps(payload).encode()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_message_with_any_text_is_within_every_limit(kind: type[Message], data: st.DataObject):
    drawn = data.draw(of(kind))
    wild = itertools.cycle(data.draw(st.lists(WILD, min_size=1, max_size=3)))
    for message in (drawn, _wild(drawn, kind, lambda: next(wild))):
        assert isinstance(message, Message)
        within_the_limits(message_payload(message, key="k", picture="R1.png", note="-# goes on here"))
        assert 1 <= units(thread_name(message)) <= 100


HOSTILE = st.text(st.sampled_from("*_~`|<>[]()#@-1. \\\nab\u202e"), max_size=80)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_nothing_in_a_text_marks_up_or_calls(text: str):
    message = Notice(text)
    payload = message_payload(message)
    assert read(payload).split("\n") == (shown(message, CAPS).text if shown(message, CAPS).text.strip() else "").split(
        "\n"
    )
    for wire in texts(payload):
        bare = re.sub(r"\\[^0-9A-Za-z\s]", "x", wire)
        assert not re.search(r"[*_~`|<\[@\\]", bare)
        assert not re.search(r"^\s*([>#-]|\d+\.)", bare, re.MULTILINE)


@given(st.lists(HOSTILE.filter(lambda text: "\n" not in text), min_size=1, max_size=4))
def test_no_line_of_an_excerpt_ends_its_block(lines: list[str]):
    from bot.messages import LogSnippet
    from engine.core.ids import TaskId

    for wire in texts(message_payload(LogSnippet(TaskId("T1"), 1, "t", tuple(lines)))):
        assert wire.count("```") in {0, 2}


def test_a_long_list_is_cut_and_says_so():
    payload = message_payload(Listing("tasks", tuple(f"T{n} _under_score_" for n in range(400)), "more: page 2"))
    assert re.search(r"… and \d+ lines more$", read(payload).split("\n")[-2])
    assert read(payload).split("\n")[-1] == "more: page 2"


def test_a_state_is_a_word_and_a_colour():
    card = MESSAGES["card"]
    assert isinstance(card, RunCard)
    colours = set()
    for state, word in (("running", "running"), ("completed", "completed"), ("failed", "failed")):
        payload = message_payload(msgspec.structs.replace(card, state=state, word=word))
        assert word in read(payload).split("\n")[0]
        colours.add(payload["components"][0]["accent_color"])
    assert len(colours) == 3


def test_a_message_can_be_found_by_its_key():
    payload = message_payload(Notice("x"), key="P1/R1")
    assert payload["components"][0]["id"] == mark_of("P1/R1") != mark_of("P2/R1")
    assert 0 < mark_of("P1/R1") < 2**31


def test_a_nonce_is_stable_and_short():
    assert nonce_of("1/P1/R1") == nonce_of("1/P1/R1") != nonce_of("1/P2/R1")
    assert len(nonce_of("1/P1/R1")) == 25


def test_a_control_that_does_not_fit_is_left_out():
    assert custom_id("click", "decide", {"decision": "D" * 100}) is None


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3))
def test_a_control_says_what_was_put_into_it(args: dict[str, str]):
    name = custom_id("ask", "decide", args)
    if name is not None:
        control = read_control(name)
        assert control is not None
        assert control.args == args


@pytest.mark.parametrize("name", ["", "orch", "orch:click", "orch:steal:pause?x=1", "orch:click:PAUSE?", "other:1"])
def test_a_control_of_somebody_else_is_not_read(name: str):
    assert read_control(name) is None
