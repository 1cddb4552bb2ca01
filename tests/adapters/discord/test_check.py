"""`orch discord check` tells what to change, and changes nothing."""

import asyncio
import re
from pathlib import Path
from typing import Any

import discord
import pytest

from adapters.discord.check import NEEDED, check, lacking
from adapters.discord.client import DiscordConfig, point_at
from adapters.discord.tree import command_tree
from adapters.finding import Finding
from bot.people import PeopleRules
from tests.adapters.discord.loopback import loopback

RULES = PeopleRules(operators=("discord:1:*",), places=("discord:1:20",))
APPLICATION = {
    "id": "98", "name": "orch", "icon": None, "description": "", "bot_public": True, "bot_require_code_grant": False,
    "verify_key": "x", "flags": 0, "rpc_origins": None, "owner": {"id": "5", "username": "alice", "discriminator": "0", "avatar": None},
    "team": None, "summary": "",
}  # fmt: skip
COLOURS = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}


def _role(name: str, permissions: int) -> dict[str, Any]:
    return {
        "id": name, "name": name, "permissions": str(permissions), "position": 0, "color": 0, "colors": COLOURS, "hoist": False,
        "managed": False, "mentionable": False, "flags": 0,
    }  # fmt: skip


def _answers(permissions: int, denied: int = 0, commands: Any = None) -> list[tuple[int, dict[str, str], Any]]:
    """What Discord says in the order in which it is asked."""
    guild = {
        "id": "1", "name": "Bakery", "owner_id": "5", "roles": [_role("1", 0), _role("7", permissions)], "emojis": [], "features": [],
        "stickers": [], "preferred_locale": "en-US", "verification_level": 0, "default_message_notifications": 0,
        "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "system_channel_flags": 0,
        "premium_progress_bar_enabled": False,
    }  # fmt: skip
    member = {
        "user": {"id": "99", "username": "orch", "discriminator": "0", "avatar": None, "bot": True}, "roles": ["7"],
        "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0, "nick": None,
    }  # fmt: skip
    overwrites = [{"id": "7", "type": 0, "allow": "0", "deny": str(denied)}]
    channel = {
        "id": "20",
        "type": 0,
        "name": "general",
        "position": 0,
        "permission_overwrites": overwrites,
        "guild_id": "1",
    }
    other = {**channel, "id": "21", "name": "other", "position": 1}
    told = [APPLICATION, [{"id": "1", "name": "Bakery"}], guild, commands or [], member, [channel, other]]
    return [(200, {}, each) for each in told]


def look(
    answers: list[tuple[int, dict[str, str], Any]], rules: PeopleRules | None = RULES, login: int = 200
) -> list[Finding]:
    async def main() -> list[Finding]:
        async with asyncio.timeout(10), loopback() as server:
            server.answers, server.login_status = answers, login
            found = await check(DiscordConfig("a-token", server.base), rules)
            assert {method for method, _ in server.asked} == {"GET"}
            return found

    try:
        return asyncio.run(main())
    finally:
        point_at(DiscordConfig(""))


def test_a_server_with_everything_is_fine():
    found = look(_answers(NEEDED.value, commands=command_tree()))
    assert [each.about for each in found] == ["token", "interactions", "command in Bakery", "#general in Bakery"]
    assert all(each.is_ok for each in found)
    assert "discord:1:20" in found[-1].sentence


def test_a_permission_that_a_channel_takes_away_is_named():
    found = look(_answers(NEEDED.value, denied=discord.Permissions(create_public_threads=True).value))
    assert not found[-1].is_ok
    assert found[-1].sentence.endswith("for #general: Create Public Threads")


@pytest.mark.parametrize("login", [401, 503])
def test_a_token_that_does_not_work_is_all_that_is_said(login: int):
    (found,) = look([], login=login)
    assert not found.is_ok
    assert "DISCORD_" in found.sentence


def test_a_bot_in_no_server_is_told_how_to_be_invited():
    found = look([(200, {}, APPLICATION), (200, {}, [])])
    assert str(NEEDED.value) in found[-1].sentence
    assert "applications.commands" in found[-1].sentence


def test_an_endpoint_of_its_own_is_a_fault():
    answers = _answers(NEEDED.value)
    answers[0] = (200, {}, {**APPLICATION, "interactions_endpoint_url": "https://example.org/x"})
    assert not look(answers)[1].is_ok


def test_settings_without_people_are_a_fault():
    assert look(_answers(NEEDED.value), rules=None)[-1].about == "people"


def test_the_guide_names_each_permission_and_their_sum():
    guide = (Path(__file__).parents[3] / "docs" / "discord.md").read_text("utf-8")
    assert f"permissions={NEEDED.value}`" in guide
    rows = re.findall(r"^\| ([A-Z][A-Za-z ]+) \|", guide, re.MULTILINE)
    assert rows == lacking(discord.Permissions.none())


def test_what_lacks_is_named_as_discord_names_it():
    assert lacking(discord.Permissions.none())[0] == "View Channel"
    assert lacking(discord.Permissions.all()) == []
