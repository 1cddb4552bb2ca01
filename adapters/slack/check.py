"""Looks whether the bot can work on Slack: its tokens, its scopes, its channels. Posts nothing, and opens no socket.

A socket of ours would be given clicks that belong to the bot which is running, so it is asked for and not opened.
"""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from adapters.finding import Finding
from adapters.slack.api import Api, objects_in
from adapters.slack.client import CALL_S, SlackConfig, web_client
from adapters.slack.directory import NAME
from adapters.slack.errors import CALL_FAILED, SlackGone, TokenRefused, meant
from adapters.slack.manifest import SCOPES
from adapters.slack.who import Myself, introduced
from bot.people import PeopleRules
from bot.port import ChatDown, ChatGone
from bot.replies import slack as say
from bot.threads import place_named

MAX_PAGES: Final = 10


async def check(config: SlackConfig, rules: PeopleRules | None) -> list[Finding]:
    """What was found, in the order in which it is to be mended. `rules` are who may use the bot where, None when nobody said."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S)) as session:
        api = Api()
        api.use(web_client(config, session, config.bot_token))
        try:
            me = await introduced(api)
            scopes = await _scopes(config, session)
            return [
                Finding("token", is_ok=True, sentence=say.token_works(me.name, me.team_name or me.team)),
                *_missing(scopes),
                await _way_in(config, session),
                *await _places(api, me, rules),
            ]
        except TokenRefused as error:
            return [Finding("token", is_ok=False, sentence=say.token_refused(error.variable, str(error)))]
        except (ChatDown, ChatGone) as error:
            return [Finding("connection", is_ok=False, sentence=say.not_reached(str(error)))]


async def _scopes(config: SlackConfig, session: aiohttp.ClientSession) -> set[str]:
    """What the token may; Slack says so beside each answer."""
    client = web_client(config, session, config.bot_token)
    try:
        answer = await client.auth_test()
    except CALL_FAILED as error:
        raise meant(error) from None
    headers: Mapping[str, str] = answer.headers
    told = next((value for name, value in headers.items() if name.casefold() == "x-oauth-scopes"), "")
    return {scope.strip() for scope in told.split(",")} - {""}


def _missing(scopes: set[str]) -> list[Finding]:
    missing = [scope for scope in SCOPES if scope not in scopes]
    if not missing:
        return [Finding("scopes", is_ok=True, sentence=say.scopes_are_there(len(SCOPES)))]
    return [
        Finding(f"scope {scope}", is_ok=False, sentence=say.scope_missing(scope, SCOPES[scope])) for scope in missing
    ]


async def _way_in(config: SlackConfig, session: aiohttp.ClientSession) -> Finding:
    if not config.app_token:
        return Finding("requests", is_ok=True, sentence=say.requests_are_signed())
    client = web_client(config, session)
    try:
        await client.apps_connections_open(app_token=config.app_token)
    except CALL_FAILED as error:
        return Finding("socket", is_ok=False, sentence=_why_no_socket(meant(error)))
    return Finding("socket", is_ok=True, sentence=say.socket_is_there())


def _why_no_socket(error: Exception) -> str:
    if isinstance(error, TokenRefused):
        return say.token_refused("SLACK_APP_TOKEN", str(error))
    if isinstance(error, SlackGone):
        return say.no_socket(error.code)
    return say.not_reached(str(error))


async def _places(api: Api, me: Myself, rules: PeopleRules | None) -> list[Finding]:
    """The channels in which the bot is to listen."""
    ours = (
        [entry for entry in rules.places if entry.startswith(f"{NAME}:") or entry == "*"] if rules is not None else []
    )
    if not ours:
        return [Finding("people", is_ok=False, sentence=say.nobody_may(me.team))]
    return [await (_wide(api, me, entry) if entry.endswith("*") else _channel(api, me, entry)) for entry in ours]


async def _channel(api: Api, me: Myself, entry: str) -> Finding:
    place = place_named(entry)
    if place is None or place.workspace != me.team:
        return Finding(entry, is_ok=False, sentence=say.another_workspace(me.team))
    if place.channel.startswith("D"):
        return Finding(entry, is_ok=True, sentence=say.direct_messages())
    try:
        told = (await api.read("conversations.info", channel=place.channel)).get("channel")
    except SlackGone as error:
        return Finding(entry, is_ok=False, sentence=say.not_in_channel(place.channel, str(error)))
    about: dict[str, Any] = told if isinstance(told, dict) else {}
    name = f"#{about.get('name') or place.channel}"
    if about.get("is_archived"):
        return Finding(entry, is_ok=False, sentence=say.is_archived(name))
    if not about.get("is_member"):
        return Finding(entry, is_ok=False, sentence=say.invite(name, me.name))
    return Finding(entry, is_ok=True, sentence=say.may_speak(name))


async def _wide(api: Api, me: Myself, entry: str) -> Finding:
    """An entry for many channels: those that the bot is in."""
    names: list[str] = []
    params: dict[str, str | int | bool] = {
        "types": "public_channel,private_channel",
        "exclude_archived": True,
        "limit": 200,
    }
    try:
        for _ in range(MAX_PAGES):
            page = await api.read("users.conversations", **params)
            names += [f"#{each.get('name')}" for each in objects_in(page, "channels")]
            more = page.get("response_metadata")
            if not isinstance(more, dict) or not more.get("next_cursor"):
                break
            params["cursor"] = str(more["next_cursor"])
    except SlackGone as error:
        return Finding(entry, is_ok=False, sentence=str(error))
    if not names:
        return Finding(entry, is_ok=False, sentence=say.invite("", me.name))
    return Finding(entry, is_ok=True, sentence=say.member_of(sorted(names)))
