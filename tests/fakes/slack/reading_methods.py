"""conversations.*, users.*, usergroups.*, auth.test, apps.connections.open: what can be asked."""

from collections.abc import Sequence

from tests.fakes.slack.calls import HISTORY, READ, Answer, Call, Entry, invalid
from tests.fakes.slack.chat_methods import told
from tests.fakes.slack.workspace import BOT, BOT_USER, TEAM, Post, Refused

MOST_AT_ONCE = 999


def channel_info(call: Call) -> Answer:
    found = call.channel(READ)
    kinds = {"is_channel": found.kind == "channel", "is_group": found.kind == "group", "is_im": found.kind == "im"}
    is_member = BOT_USER in found.members
    about = {"id": found.id, "name": found.name, "is_member": is_member, "is_archived": found.is_archived}
    return {"channel": {**about, **kinds, "is_private": found.kind != "channel"}}


def own_channels(call: Call) -> Answer:
    """Those that the bot is in."""
    found = [each for each in call.space.channels.values() if BOT_USER in each.members and each.kind != "im"]
    told = [{"id": each.id, "name": each.name, "is_archived": each.is_archived} for each in found]
    return {"channels": told, "response_metadata": {"next_cursor": ""}}


def members(call: Call) -> Answer:
    found = sorted(call.channel(READ).members)
    return {"members": found, "response_metadata": {"next_cursor": ""}}


def history(call: Call) -> Answer:
    """The channel's own messages, newest first."""
    channel = call.own_channel(HISTORY)
    oldest, latest = call.text("oldest", "0"), call.text("latest", "9" * 10)
    is_inclusive = call.flag("inclusive")
    found = [
        post
        for post in reversed(call.space.posts)
        if post.channel == channel.id
        and not post.thread_ts
        and (oldest < post.ts < latest or (is_inclusive and post.ts in {oldest, latest}))
    ]
    return _page(call, found)


def replies(call: Call) -> Answer:
    """A thread from its beginning: the message it hangs from comes first."""
    call.space.show_files()
    channel = call.own_channel(HISTORY)
    parent = call.space.find(channel.id, call.text("ts"))
    if parent is None:
        raise Refused("thread_not_found")
    return _page(call, [parent, *call.space.replies(channel.id, parent.ts)])


def _page(call: Call, found: Sequence[Post]) -> Answer:
    size = call.number("limit", 100)
    if not 1 <= size <= MOST_AT_ONCE:
        raise invalid("limit must be 1 to 999", "invalid_limit")
    cursor = call.text("cursor", "")
    if cursor and not cursor.startswith("after:"):
        raise Refused("invalid_cursor")
    start = int(cursor.removeprefix("after:") or 0)
    page, more = found[start : start + size], len(found) > start + size
    messages = [told(post, has_metadata=call.flag("include_all_metadata")) for post in page]
    next_cursor = f"after:{start + size}" if more else ""
    return {"messages": messages, "has_more": more, "response_metadata": {"next_cursor": next_cursor}}


def user_info(call: Call) -> Answer:
    user = call.text("user")
    name = call.space.users.get(user)
    if name is None:
        raise Refused("user_not_found")
    profile = {"display_name": name, "real_name": name}
    return {"user": {"id": user, "team_id": TEAM, "name": name, "real_name": name, "profile": profile}}


def groups(call: Call) -> Answer:
    found: list[Answer] = [{"id": group, "team_id": TEAM} for group in sorted(call.space.groups)]
    if call.flag("include_users"):
        found = [{**each, "users": sorted(call.space.groups[each["id"]])} for each in found]
    return {"usergroups": found}


def group_users(call: Call) -> Answer:
    group = call.text("usergroup")
    if group not in call.space.groups:
        raise Refused("no_such_subteam")
    return {"users": sorted(call.space.groups[group])}


def auth_test(call: Call) -> Answer:
    return {
        "url": "https://orch.slack.com/", "team": "The team", "user": "orch", "team_id": TEAM, "user_id": BOT_USER,
        "bot_id": BOT, "is_enterprise_install": False,
    }  # fmt: skip


def open_connection(call: Call) -> Answer:
    ticket = call.space.next_id("ticket")
    call.space.tickets.add(ticket)
    return {"url": f"{call.base.replace('http', 'ws', 1)}/link?ticket={ticket}"}


METHODS = {
    "conversations.info": Entry(channel_info, "", 3, takes_json=False),
    "users.conversations": Entry(own_channels, "channels:read", 3, takes_json=False),
    "conversations.members": Entry(members, "", 4, takes_json=False),
    "conversations.history": Entry(history, "", 3, takes_json=False),
    "conversations.replies": Entry(replies, "", 3, takes_json=False),
    "users.info": Entry(user_info, "users:read", 4, takes_json=False),
    "usergroups.list": Entry(groups, "usergroups:read", 2, takes_json=False),
    "usergroups.users.list": Entry(group_users, "usergroups:read", 2, takes_json=False),
    "auth.test": Entry(auth_test, "", None),
    "apps.connections.open": Entry(open_connection, "connections:write", 1, takes_app_token=True),
}
