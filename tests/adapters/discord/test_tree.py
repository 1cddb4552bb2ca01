"""The command `/orch` in Discord's words, and what comes back of it."""

import copy
import json
import re
from typing import Literal, get_args

import pytest

from adapters.discord.tree import command_tree, is_same, picked, suggestions, typed_into
from bot.grammar import COMMANDS
from bot.parser import Parsed, parse_values
from tests.adapters.discord.samples import MIDDLE
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import direct, plan, planned, start_run
from tests.golden.update import DISCORD

TREE = command_tree()
VERBS = TREE[0]["options"]


def test_the_tree_is_as_it_was():
    assert json.loads((DISCORD / "commands.json").read_text("utf-8")) == TREE


def test_the_tree_keeps_to_discords_limits():
    assert len(VERBS) == len(COMMANDS) <= 25
    size = len(TREE[0]["name"]) + len(TREE[0]["description"])
    for verb in VERBS:
        assert len(verb["options"]) <= 25
        required = [option.get("required", False) for option in verb["options"]]
        assert required == sorted(required, reverse=True)
        for each in (verb, *verb["options"]):
            assert re.fullmatch(r"[-_a-z0-9]{1,32}", each["name"])
            assert 1 <= len(each["description"]) <= 100
            assert len(each.get("choices", ())) <= 25
            size += len(each["name"]) + len(each["description"])
            size += sum(len(choice["name"]) + len(choice["value"]) for choice in each.get("choices", ()))
    assert size <= 8_000


def test_what_discord_adds_is_no_difference():
    registered = copy.deepcopy(TREE)
    registered[0] |= {
        "default_member_permissions": "2048",
        "id": "1",
        "version": "2",
        "nsfw": False,
        "contexts": None,
        "dm_permission": True,
    }
    for verb in registered[0]["options"]:
        if not verb["options"]:
            del verb["options"]
        for option in verb.get("options", ()):
            option.setdefault("required", False)
            option["name_localizations"] = None
    assert is_same(registered, TREE)


Change = Literal["rename", "drop", "description", "autocomplete", "nothing registered", "one more"]


@pytest.mark.parametrize("change", get_args(Change))
def test_a_difference_is_seen(change: Change):
    registered = copy.deepcopy(TREE)
    match change:
        case "rename":
            registered[0]["options"][0]["name"] = "begin"
        case "drop":
            registered[0]["options"].pop()
        case "description":
            registered[0]["options"][0]["options"][0]["description"] = "another"
        case "autocomplete":
            registered[0]["options"][0]["options"][1]["autocomplete"] = True
        case "nothing registered":
            registered.clear()
        case "one more":
            registered.append(registered[0])
    assert not is_same(registered, TREE)


def test_what_was_picked_is_understood_by_the_parser():
    options = [
        {"type": 1, "name": "start", "options": [
            {"type": 3, "name": "objective", "value": "make it green"}, {"type": 10, "name": "budget", "value": 5.0},
            {"type": 4, "name": "workers", "value": 3}, {"type": 10, "name": "budget", "value": 2.5},
        ]}
    ]  # fmt: skip
    parsed = parse_values(*picked(options))
    assert isinstance(parsed, Parsed)
    assert parsed.values == {"objective": "make it green", "budget": "2.5", "workers": "3"}


def test_a_command_without_a_verb_is_the_bare_line():
    assert picked([]) == ("", {})


def test_what_is_being_typed_is_found():
    options = [
        {"name": "logs", "options": [{"name": "task", "value": "t", "focused": True}, {"name": "lines", "value": 1}]}
    ]
    assert typed_into(options) == ("logs", "task", "t")
    assert typed_into([{"name": "logs"}]) is None


@pytest.mark.parametrize(
    ("verb", "option", "typed", "found"),
    [
        ("status", "run", "", ["R1"]),
        ("logs", "task", "t1", ["T10", "T1"]),
        ("retry", "target", "exchange", ["D1", "T8"]),
        ("show", "name", "r1", ["R1"]),
        ("start", "objective", "", []),
        ("no such verb", "x", "", []),
    ],
)
def test_suggestions_name_what_is_on_the_board(verb: str, option: str, typed: str, found: list[str]):
    assert [each["value"] for each in suggestions(MIDDLE.board, verb, option, typed)] == found


def test_suggestions_keep_to_discords_limits():
    driver = CoreDriver()
    start_run(driver, "x" * 4_000)
    direct(driver, "money")
    plan(driver, "T2", [planned(f"k{n}", title=f"{n} " + "👨‍👩‍👧" * 40) for n in range(30)])
    found = suggestions(driver.board, "logs", "task", "")
    assert len(found) == 25
    assert all(1 <= len(each["name"]) <= 100 for each in found)
    assert len(suggestions(driver.board, "status", "run", "")[0]["name"]) <= 100
