"""Forms as modals, and what comes back from them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.slack.controls import read_form
from adapters.slack.forms import FormTooLarge, modal_payload, values_of
from bot.forms import Form
from tests.adapters.discord.samples import FORMS
from tests.adapters.discord.test_forms import FORM
from tests.fakes.slack.limits import VIEW_BLOCKS, faults_of
from tests.golden.update import SLACK


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_drawn_as_it_was(name: str):
    assert modal_payload(FORMS[name], "C1", "1.2") == json.loads((SLACK / f"form-{name}.json").read_text("utf-8"))


def test_a_form_carries_everything_that_it_means_and_where_it_was_asked():
    view = modal_payload(FORMS["changes"], "C1", "1.2")
    control = read_form(view["callback_id"], view["private_metadata"])
    assert control is not None
    assert (control.name, control.args) == ("decide", FORMS["changes"].args)
    assert (control.channel, control.thread) == ("C1", "1.2")


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(FORM)
def test_any_form_is_within_the_limits_or_refused(form: Form):
    try:
        view = modal_payload(form, "C1", None)
    except FormTooLarge:
        return
    assert faults_of(view["blocks"], VIEW_BLOCKS) == []
    assert len(view["private_metadata"]) <= 3_000
    assert len(view["callback_id"]) <= 255
    assert all(1 <= len(view[name]["text"]) <= 24 for name in ("title", "submit", "close"))
    for block in (each for each in view["blocks"] if each["type"] == "input"):
        assert 1 <= len(block["label"]["text"]) <= 2_000
        assert 1 <= len(block["element"].get("placeholder", {}).get("text", "x")) <= 150
        assert 1 <= block["element"].get("max_length", 1) <= 3_000
        for option in block["element"].get("options", ()):
            assert 1 <= len(option["text"]["text"]) <= 75


def test_what_was_filled_in_comes_back_by_name():
    state = {
        "changes": {"typed": {"type": "plain_text_input", "value": "round half up"}},
        "then": {"typed": {"type": "static_select", "selected_option": {"text": {}, "value": "drop"}}},
        "tokens": {"typed": {"type": "plain_text_input", "value": None}},
        "amount": {"other": {"type": "plain_text_input", "value": "5"}},
    }
    assert values_of(state) == {"changes": "round half up", "then": "drop"}


def test_a_field_can_be_filled_in_before():
    block = modal_payload(FORMS["changes"], "C1", None, {"changes": "x" * 4_000})["blocks"][-1]
    assert block["element"]["initial_value"] == "x" * 3_000


@given(st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2), max_leaves=4))
def test_a_strange_value_is_no_value(value: object):
    found = values_of({"changes": {"typed": {"value": value}}, "then": {"typed": value}})
    assert all(isinstance(each, str) for each in found.values())
