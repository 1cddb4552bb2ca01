"""`orch slack check` tells what to change, and changes nothing."""

import asyncio
from collections.abc import Callable

import pytest

from adapters.finding import Finding
from adapters.slack.check import check
from adapters.slack.client import SlackConfig
from bot.people import PeopleRules
from tests.fakes.slack.server import Slack, serving
from tests.fakes.slack.web_api import APP_TOKEN, BOT_TOKEN
from tests.fakes.slack.workspace import Workspace

RULES = PeopleRules(operators=("slack:T1:*",), places=("slack:T1:C1",))
CHANGES = {"chat.postMessage", "chat.update", "views.publish", "conversations.join"}


def look(
    prepare: Callable[[Slack], object] = lambda _: None, rules: PeopleRules | None = RULES, app_token: str = APP_TOKEN,
    bot_token: str = BOT_TOKEN,
) -> list[Finding]:  # fmt: skip
    async def main() -> list[Finding]:
        async with asyncio.timeout(10), serving(Workspace()) as slack:
            slack.space.channel("C1")
            prepare(slack)
            found = await check(SlackConfig(bot_token, app_token, "s", f"{slack.base}/api/"), rules)
            assert CHANGES.isdisjoint(asked.method for asked in slack.api.asked)
            assert slack.sockets.opened == 0
            return found

    return asyncio.run(main())


def test_a_workspace_with_everything_is_fine():
    found = look()
    assert [each.about for each in found] == ["token", "scopes", "socket", "slack:T1:C1"]
    assert all(each.is_ok for each in found)


def test_a_missing_scope_is_named_with_what_it_is_for():
    def without(slack: Slack) -> None:
        slack.api.scopes -= {"files:write"}

    (found,) = [each for each in look(without) if not each.is_ok]
    assert found.about == "scope files:write"
    assert "reinstall" in found.sentence
    assert "picture" in found.sentence


@pytest.mark.parametrize("token", ["xoxb-another", "xapp-another"])
def test_a_refused_token_is_named(token: str):
    variable = "SLACK_BOT_TOKEN" if token.startswith("xoxb") else "SLACK_APP_TOKEN"
    found = look(bot_token=token) if token.startswith("xoxb") else look(app_token=token)
    assert [variable in each.sentence for each in found if not each.is_ok] == [True]


def test_a_bot_that_is_not_in_the_channel_is_told_how_to_be_invited():
    found = look(lambda slack: slack.space.channels["C1"].members.clear())
    assert found[-1].sentence.endswith("/invite @orch")


@pytest.mark.parametrize(
    ("place", "words"),
    [("slack:T2:C1", "slack:T1:<channel>"), ("slack:T1:C9", "the channel is gone"), ("slack:T1", "slack:T1:<channel>")],
)
def test_a_place_that_is_none_of_ours_is_a_fault(place: str, words: str):
    found = look(rules=PeopleRules(places=(place,)))
    assert not found[-1].is_ok
    assert words in found[-1].sentence


def test_an_archived_channel_is_a_fault():
    def archived(slack: Slack) -> None:
        slack.space.channels["C1"].is_archived = True

    assert "archived" in look(archived)[-1].sentence


def test_an_entry_for_many_channels_names_those_that_the_bot_is_in():
    everywhere = PeopleRules(places=("slack:T1:*",))
    found = look(lambda slack: slack.space.channel("C2", with_bot=False), rules=everywhere)
    assert found[-1] == Finding("slack:T1:*", is_ok=True, sentence="the bot is in #c1")
    nowhere = look(lambda slack: slack.space.channels.clear(), rules=everywhere)[-1]
    assert not nowhere.is_ok
    assert "/invite @orch" in nowhere.sentence


def test_settings_without_people_are_a_fault():
    assert look(rules=None)[-1].about == "people"
    assert "slack:T1:*" in look(rules=PeopleRules(places=("discord:1:*",)))[-1].sentence


def test_signed_requests_need_no_socket():
    found = look(app_token="")
    assert [each.about for each in found] == ["token", "scopes", "requests", "slack:T1:C1"]


def test_a_slack_that_can_not_be_reached_is_all_that_is_said():
    config = SlackConfig(BOT_TOKEN, APP_TOKEN, "", "http://127.0.0.1:9/api/")
    (found,) = asyncio.run(check(config, RULES))
    assert not found.is_ok
    assert "SLACK_API_BASE_URL" in found.sentence
