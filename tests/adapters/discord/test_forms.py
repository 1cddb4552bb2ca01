"""Forms as modals, and what comes back from them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.discord.controls import read
from adapters.discord.forms import FormTooLarge, modal_payload, values_of
from bot.forms import Field, Form
from tests.adapters.discord.samples import FORMS
from tests.golden.update import DISCORD


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_drawn_as_it_was(name: str):
    assert modal_payload(FORMS[name]) == json.loads((DISCORD / f"form-{name}.json").read_text("utf-8"))


def test_a_form_carries_everything_that_it_means():
    control = read(modal_payload(FORMS["changes"])["custom_id"])
    assert control is not None
    assert (control.how, control.name, control.args) == ("modal", "decide", FORMS["changes"].args)


NAMES = st.from_regex(r"[a-z_]{1,20}", fullmatch=True)
FIELD = st.builds(
    Field, NAMES, st.text(max_size=80), st.sampled_from(["line", "text", "choice", "number"]), st.text(max_size=200),
    st.booleans(), st.lists(st.tuples(NAMES, st.text(max_size=150)), min_size=1, max_size=30).map(tuple),
)  # fmt: skip
FORM = st.builds(
    Form, NAMES, st.text(max_size=80), st.text(max_size=12),
    st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3), st.lists(FIELD, max_size=7).map(tuple),
)  # fmt: skip


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(FORM)
def test_any_form_is_within_the_limits_or_refused(form: Form):
    try:
        modal = modal_payload(form)
    except FormTooLarge:
        return
    assert 1 <= len(modal["title"]) <= 45
    assert len(modal["custom_id"]) <= 100
    assert len(modal["components"]) <= 5
    for label in modal["components"]:
        assert 1 <= len(label["label"]) <= 45
        assert len(label.get("description") or "x") <= 100


def test_what_was_filled_in_comes_back_by_name():
    label = {"type": 18, "component": {"type": 4, "custom_id": "changes", "value": "round half up"}}
    choice = {"type": 18, "component": {"type": 3, "custom_id": "then", "values": ["drop"]}}
    empty = {"type": 18, "component": {"type": 4, "custom_id": "tokens", "value": ""}}
    row = {"type": 1, "components": [{"type": 4, "custom_id": "amount", "value": "5"}]}
    assert values_of([label, choice, empty, row]) == {"changes": "round half up", "then": "drop", "amount": "5"}


@given(st.recursive(st.none() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2), max_leaves=4))
def test_a_strange_value_is_no_value(value: object):
    found = values_of([{"type": 18, "component": {"custom_id": "changes", "value": value}}])
    assert all(isinstance(each, str) for each in found.values())
