"""`orch slack check` as it is typed: sentences or JSON, and an exit code that a script can ask."""

import json
from pathlib import Path

import pytest

from tests.adapters.cli.conftest import Orch

NOWHERE = "http://127.0.0.1:9/api/"


def test_without_a_token_nothing_is_looked_at(orch: Orch, shop: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    said = orch("slack", "check", "-C", shop)
    assert said.code == 2
    assert "SLACK_BOT_TOKEN is not set; docs/slack.md says how" in said.err


def test_what_is_wrong_is_one_line_and_the_exit_code(orch: Orch, shop: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-a-token-of-a-bot")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-a-token-of-an-app")
    monkeypatch.setenv("SLACK_API_BASE_URL", NOWHERE)
    said = orch("slack", "check", "-C", shop)
    assert (said.code, said.err) == (1, "")
    assert said.out.startswith("!!  connection: Slack can't be asked: no connection")
    told = json.loads(orch("slack", "check", "-C", shop, "--json").out)
    assert [(each["about"], each["is_ok"]) for each in told] == [("connection", False)]
    assert "xoxb" not in said.out + said.err


def test_tokens_of_the_wrong_kind_are_named_before_anybody_is_asked(
    orch: Orch, shop: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-mixed-up")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-mixed-up")
    said = orch("slack", "check", "-C", shop)
    assert said.code == 2
    assert "SLACK_BOT_TOKEN does not begin with xoxb-" in said.err
    assert "mixed-up" not in said.err
