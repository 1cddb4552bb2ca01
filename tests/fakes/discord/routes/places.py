"""Addresses of the bot itself, the server, its channels and its threads."""

from tests.fakes.discord.bodies import CHANNEL_CHANGE, THREAD, THREAD_CHANGE, check
from tests.fakes.discord.commands import check_commands
from tests.fakes.discord.powers import MANAGE_CHANNELS
from tests.fakes.discord.refusal import Refusal
from tests.fakes.discord.routes.call import Address, Answer, Call
from tests.fakes.discord.shapes import Id, shape
from tests.fakes.discord.world import SYNCED, TEXT_CHANNEL, Body, World, is_thread

MAX_COMMAND_CREATES = 200


def me(call: Call) -> Answer:
    return 200, {
        **call.world.users[call.me],
        "verified": True,
        "mfa_enabled": True,
        "locale": "en-US",
        "flags": 0,
        "email": None,
    }


def application(call: Call) -> Answer:
    return 200, call.world.application()


def my_guilds(call: Call) -> Answer:
    world = call.world
    told: Body = {
        "id": world.guild,
        "name": "Bakery",
        "icon": None,
        "banner": None,
        "owner": False,
        "permissions": "0",
        "features": [],
    }
    return 200, [told] if world.is_member else []


def guild(call: Call) -> Answer:
    return 200, _guild(call).guild_body()


def guild_roles(call: Call) -> Answer:
    return 200, list(_guild(call).roles.values())


def guild_channels(call: Call) -> Answer:
    return 200, [each for each in _guild(call).channels.values() if each["type"] == TEXT_CHANNEL]


def member(call: Call) -> Answer:
    return 200, _guild(call).member_of(call.me if call.at["user"] == "@me" else call.at["user"])


def active_threads(call: Call) -> Answer:
    threads = [
        each for each in _guild(call).channels.values() if is_thread(each) and not each["thread_metadata"]["archived"]
    ]
    return 200, {"threads": threads, "members": []}


def channel(call: Call) -> Answer:
    call.parts.threads.settle(call.at["channel"])
    call.world.require(call.me, call.at["channel"])
    return 200, call.world.channels[call.at["channel"]]


def change_channel(call: Call) -> Answer:
    name = call.at["channel"]
    found = call.world.channel_of(name)
    if is_thread(found):
        call.world.require(call.me, name)
        check(call.body, THREAD_CHANGE)
        return 200, call.parts.threads.change(call.me, name, call.body)
    call.world.require(call.me, name, MANAGE_CHANNELS)
    check(call.body, CHANNEL_CHANGE)
    found.update(call.body)
    call.world.tell("CHANNEL_UPDATE", found)
    return 200, found


def thread_from_message(call: Call) -> Answer:
    call.world.require(call.me, call.at["channel"])
    check(call.body, THREAD)
    return 201, call.parts.threads.open(call.me, call.at["channel"], call.body, call.at["message"])


def join_thread(call: Call) -> Answer:
    name, user = call.at["channel"], call.me if call.at["user"] == "@me" else call.at["user"]
    call.world.require(call.me, name)
    call.world.member_of(user)
    if not is_thread(call.world.channels[name]):
        raise Refusal(50_024)
    call.parts.threads.require_awake(name)
    call.parts.threads.members[name].add(user)
    return 204, None


def thread_members(call: Call) -> Answer:
    name = call.at["channel"]
    call.world.require(call.me, name)
    return 200, [{"id": name, "user_id": user, "flags": 0} for user in sorted(call.parts.threads.members.get(name, ()))]


def direct(call: Call) -> Answer:
    check(call.body, shape("recipient_id", recipient_id=Id()))
    user = str(call.body["recipient_id"])
    if user not in call.world.users:
        raise Refusal(10_013)
    return 200, call.world.channels[call.world.direct_channel(user)]


def commands(call: Call) -> Answer:
    _application(call)
    return 200, call.world.commands


def set_commands(call: Call) -> Answer:
    world = call.world
    _application(call)
    check_commands(call.body)
    known = {each["name"]: each for each in world.commands}
    fresh = sum(each["name"] not in known for each in call.body)
    if world.commands_made + fresh > MAX_COMMAND_CREATES:
        raise Refusal(30_034)
    world.commands_made += fresh
    world.commands = [
        {
            "type": 1, "dm_permission": True, "contexts": None, "integration_types": [0], "nsfw": False, "options": [], **each,
            "id": known[each["name"]]["id"] if each["name"] in known else world.next_id(), "application_id": world.app,
            "guild_id": world.guild, "version": world.next_id(), "default_member_permissions": _as_text(each.get("default_member_permissions")),
        }
        for each in call.body
    ]  # fmt: skip
    world.tell(SYNCED, {"id": world.guild})
    return 200, world.commands


def gateway(call: Call) -> Answer:
    return 200, {"url": call.world.gateway_url}


def gateway_for_bots(call: Call) -> Answer:
    start = {"total": 1_000, "remaining": 1_000, "reset_after": 0, "max_concurrency": 1}
    return 200, {"url": call.world.gateway_url, "shards": 1, "session_start_limit": start}


def _guild(call: Call) -> World:
    if call.at["guild"] != call.world.guild:
        raise Refusal(10_004)
    if not call.world.is_member:
        raise Refusal(50_001)
    return call.world


def _application(call: Call) -> None:
    if call.at["app"] != call.world.app:
        raise Refusal(10_002)
    if not call.world.may_set_commands:
        raise Refusal(50_001)
    _guild(call)


def _as_text(powers: object) -> str | None:
    return None if powers is None else str(powers)


ADDRESSES = (
    Address("GET", "/users/@me", me),
    Address("GET", "/oauth2/applications/@me", application),
    Address("GET", "/applications/@me", application),
    Address("GET", "/users/@me/guilds", my_guilds),
    Address("POST", "/users/@me/channels", direct),
    Address("GET", "/gateway", gateway, is_open=True),
    Address("GET", "/gateway/bot", gateway_for_bots),
    Address("GET", "/guilds/{guild}", guild),
    Address("GET", "/guilds/{guild}/roles", guild_roles),
    Address("GET", "/guilds/{guild}/channels", guild_channels),
    Address("GET", "/guilds/{guild}/members/{user}", member),
    Address("GET", "/guilds/{guild}/threads/active", active_threads),
    Address("GET", "/channels/{channel}", channel),
    Address("PATCH", "/channels/{channel}", change_channel),
    Address("POST", "/channels/{channel}/messages/{message}/threads", thread_from_message),
    Address("PUT", "/channels/{channel}/thread-members/{user}", join_thread),
    Address("GET", "/channels/{channel}/thread-members", thread_members),
    Address("GET", "/applications/{app}/guilds/{guild}/commands", commands),
    Address("PUT", "/applications/{app}/guilds/{guild}/commands", set_commands),
)
