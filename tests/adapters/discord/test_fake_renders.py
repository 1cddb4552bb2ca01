"""What our messages, forms and commands look like to the strict Discord: taken by its rules, and read line for line as they are meant."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.discord.forms import modal_payload
from adapters.discord.render import CAPS, message_payload
from adapters.discord.tree import command_tree
from bot.messages import LogSnippet, Message, Notice
from bot.shown import shown
from engine.core.ids import TaskId
from tests.adapters.discord.samples import FORMS, MESSAGES
from tests.bot.test_shown import KINDS, WILD, _wild
from tests.engine.core.shapes import of
from tests.fakes.discord.bodies import check, check_message
from tests.fakes.discord.commands import check_commands
from tests.fakes.discord.components import MODAL
from tests.fakes.discord.screen import read

HOSTILE = st.text(st.sampled_from("*_~`|<>[]()#@-1. \\\nab:/"), max_size=80)


def lines_of(message: Message) -> list[str]:
    return shown(message, CAPS).text.split("\n")


@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_is_taken_and_read_as_every_surface_says_it(name: str):
    payload = message_payload(MESSAGES[name], key="k")
    check_message(payload, ())
    assert read(payload).split("\n") == lines_of(MESSAGES[name])


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_taken(name: str):
    check(modal_payload(FORMS[name]), MODAL)


def test_the_command_tree_is_taken():
    check_commands(command_tree())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_message_with_any_text_is_taken(kind: type[Message], data: st.DataObject):
    drawn = data.draw(of(kind))
    wild = itertools.cycle(data.draw(st.lists(WILD, min_size=1, max_size=3)))
    for message in (drawn, _wild(drawn, kind, lambda: next(wild))):
        assert isinstance(message, Message)
        check_message(message_payload(message, key="k", picture="R1.png", note="-# goes on here"), ["R1.png"])


@settings(max_examples=300, deadline=None)
@given(HOSTILE, st.lists(HOSTILE.filter(lambda text: text.strip() and "\n" not in text), max_size=4))
def test_hostile_text_is_read_as_it_is(text: str, lines: list[str]):
    for message in (
        Notice(text),
        LogSnippet(TaskId("T1"), 1, "t" + text.replace("\n", " "), tuple(lines)),
    ):
        meant = lines_of(message) if shown(message, CAPS).text.strip() else [""]
        assert read(message_payload(message)).split("\n") == meant
