"""The manifest is the app as the code has it: command, shortcut, events, scopes."""

import re
from pathlib import Path

import yaml
from typer.testing import CliRunner

from adapters.cli.app import app
from adapters.slack.inbound import COMMAND, SHORTCUT
from adapters.slack.manifest import EVENTS, SCOPES, manifest, written
from bot.grammar import COMMANDS
from tests.fakes.slack.web_api import ALL_SCOPES

ROOT = Path(__file__).parents[3]
FILE = ROOT / "deploy" / "slack" / "manifest.yaml"


def test_the_file_is_what_the_code_makes():
    assert FILE.read_text("utf-8") == written()


def test_the_command_line_prints_it():
    printed = CliRunner().invoke(app, ["slack", "manifest"])
    assert printed.exit_code == 0
    assert yaml.safe_load(printed.output) == manifest()


def test_it_names_every_command_and_our_shortcut_within_slacks_limits():
    features = manifest()["features"]
    (command,) = features["slash_commands"]
    (shortcut,) = features["shortcuts"]
    assert (command["command"], command["should_escape"]) == (COMMAND, True)
    assert command["usage_hint"].split(" | ") == [each.name for each in COMMANDS]
    assert len(command["usage_hint"]) <= 1_000
    assert shortcut["callback_id"] == SHORTCUT
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    assert len(manifest()["display_information"]["description"]) <= 140


def test_it_asks_for_no_more_than_is_used():
    assert set(SCOPES) == ALL_SCOPES
    assert set(EVENTS) == {"app_mention", "app_home_opened", "message.im"}


def test_signed_requests_go_to_one_address():
    told = manifest("https://orch.example.org/slack/events")
    assert not told["settings"]["socket_mode_enabled"]
    assert told["settings"]["event_subscriptions"]["request_url"] == "https://orch.example.org/slack/events"
    assert told["settings"]["interactivity"]["request_url"] == "https://orch.example.org/slack/events"
    assert told["features"]["slash_commands"][0]["url"] == "https://orch.example.org/slack/events"
    assert manifest()["settings"]["socket_mode_enabled"]


def test_the_guide_names_each_scope_and_what_it_is_for():
    guide = (ROOT / "docs" / "slack.md").read_text("utf-8")
    assert re.findall(r"^\| `([a-z_]+(?::[a-z]+)?)` \| (.+) \|$", guide, re.MULTILINE) == list(SCOPES.items())
