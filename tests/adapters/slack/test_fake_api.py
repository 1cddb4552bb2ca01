"""The local Slack's Web API takes what Slack takes, and refuses the rest in Slack's words."""

from typing import Any

import aiohttp
import pytest

from tests.adapters.slack.fake_story import APP_TOKEN, Caller, story
from tests.fakes.jumping import passes
from tests.fakes.slack.server import Slack
from tests.fakes.slack.workspace import Post

TEXT = {"type": "section", "text": {"type": "plain_text", "text": "hello", "emoji": False}}
MODAL = {
    "type": "modal", "title": {"type": "plain_text", "text": "Title"}, "submit": {"type": "plain_text", "text": "go"},
    "blocks": [{"type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why"},
                "element": {"type": "plain_text_input", "action_id": "typed"}}],
}  # fmt: skip


def test_a_message_stands_changes_and_goes():
    async def told(slack: Slack, caller: Caller) -> None:
        sent = await caller.call("chat.postMessage", channel="C1", text="one", blocks=[TEXT])
        post = slack.space.posts[0]
        assert (post.ts, post.text, post.blocks[0]["text"]["text"]) == (sent["ts"], "one", "hello")
        await caller.call("chat.update", channel="C1", ts=sent["ts"], text="two")
        assert (post.text, post.blocks) == ("two", [])
        assert await caller.call("chat.delete", channel="C1", ts=sent["ts"])
        assert slack.space.posts == []
        assert await caller.refused("chat.update", channel="C1", ts=sent["ts"], text="x") == "message_not_found"

    story(told)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": "C9", "text": "x"}, "not_in_channel"),
        ({"channel": "C1"}, "no_text"),
        ({"text": "x"}, "invalid_arguments"),
        ({"channel": "C1", "text": "x", "thread_ts": "1.000001"}, "cannot_reply_to_message"),
        ({"channel": "C1", "text": "x", "blocks": [{"type": "spam"}]}, "invalid_blocks"),
        ({"channel": "C1", "text": "x", "blocks": [TEXT] * 51}, "invalid_blocks"),
        ({"channel": "C1", "text": "x", "metadata": {"event_type": "no blanks", "event_payload": {}}}, "invalid_metadata_format"),
    ],
)  # fmt: skip
def test_a_post_is_refused_in_slacks_word(args: dict[str, Any], error: str):
    async def told(slack: Slack, caller: Caller) -> None:
        assert await caller.refused("chat.postMessage", **args) == error
        assert slack.space.posts == []

    story(told)


def test_what_people_wrote_is_not_the_bots_to_change():
    async def told(slack: Slack, caller: Caller) -> None:
        post = slack.space.post(Post("C1", "", slack.space.user("alice", "C1"), "mine", []))
        assert await caller.refused("chat.update", channel="C1", ts=post.ts, text="x") == "cant_update_message"
        assert await caller.refused("chat.delete", channel="C1", ts=post.ts) == "cant_delete_message"

    story(told)


def test_a_long_text_is_cut_in_a_post_and_refused_in_an_update():
    async def told(slack: Slack, caller: Caller) -> None:
        sent = await caller.call("chat.postMessage", channel="C1", text="x" * 40_001)
        assert len(slack.space.posts[0].text) == 40_000
        assert await caller.refused("chat.update", channel="C1", ts=sent["ts"], text="x" * 4_001) == "msg_too_long"

    story(told)


def test_tokens_and_scopes_are_checked_for_each_method():
    async def told(slack: Slack, caller: Caller) -> None:
        assert await Caller(slack, "").refused("auth.test") == "not_authed"
        assert await Caller(slack, "xoxb-of-somebody").refused("auth.test") == "invalid_auth"
        assert await caller.refused("apps.connections.open") == "not_allowed_token_type"
        assert await Caller(slack, APP_TOKEN).refused("auth.test") == "not_allowed_token_type"
        assert await caller.refused("chat.shout") == "unknown_method"
        slack.space.user("alice")
        slack.api.scopes -= {"users:read", "groups:history"}
        assert await caller.refused("users.info", user="UALICE") == "missing_scope"
        slack.space.channel("G1", "group")
        with pytest.raises(Exception, match="groups:history"):
            await caller.ask("conversations.history", channel="G1")
        assert (await caller.ask("conversations.history", channel="C1"))["messages"] == []

    story(told)


def test_history_is_told_from_its_end_and_a_thread_from_its_beginning_in_pages():
    async def told(slack: Slack, caller: Caller) -> None:
        for number in range(5):
            metadata = {"event_type": "orch", "event_payload": {"k": str(number)}}
            await caller.call("chat.postMessage", channel="C1", text=str(number), metadata=metadata)
            await passes(1)
        root = slack.space.posts[0].ts
        for number in range(3):
            await caller.call("chat.postMessage", channel="C1", text=f"reply {number}", thread_ts=root)
            await passes(1)
        page = await caller.ask("conversations.history", channel="C1", limit=2)
        assert [each["text"] for each in page["messages"]] == ["4", "3"]
        assert all("metadata" not in each for each in page["messages"])
        cursor = page["response_metadata"]["next_cursor"]
        page = await caller.ask("conversations.history", channel="C1", limit=9, cursor=cursor, include_all_metadata=1)
        assert [each["metadata"]["event_payload"]["k"] for each in page["messages"]] == ["2", "1", "0"]
        thread = await caller.ask("conversations.replies", channel="C1", ts=root, limit=3)
        assert [each["text"] for each in thread["messages"]] == ["0", "reply 0", "reply 1"]
        assert thread["has_more"]
        with pytest.raises(Exception, match="thread_not_found"):
            await caller.ask("conversations.replies", channel="C1", ts="1.000001")

    story(told)


def test_one_post_a_second_in_a_channel_and_fifty_updates_a_minute():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.space.channel("C2")
        sent = await caller.call("chat.postMessage", channel="C1", text="x")
        await caller.call("chat.postMessage", channel="C2", text="x")
        assert await caller.limited("chat.postMessage", channel="C1", text="x") == 1
        assert slack.api.rates.turned[-1].was_heeded
        assert await caller.limited("chat.postMessage", channel="C1", text="x") == 1
        assert not slack.api.rates.turned[0].was_heeded
        await passes(1)
        await caller.call("chat.postMessage", channel="C1", text="x")
        for _ in range(50):
            await caller.call("chat.update", channel="C1", ts=sent["ts"], text="x")
        assert 1 <= await caller.limited("chat.update", channel="C1", ts=sent["ts"], text="x") <= 60
        await passes(60)
        await caller.call("chat.update", channel="C1", ts=sent["ts"], text="x")

    story(told)


def test_a_trigger_is_good_once_and_for_three_seconds():
    async def told(slack: Slack, caller: Caller) -> None:
        alice = slack.space.user("alice")
        first, late = slack.space.trigger(alice), slack.space.trigger(alice)
        opened = await caller.call("views.open", trigger_id=first, view=MODAL)
        assert opened["view"]["state"] == {"values": {}}
        assert await caller.refused("views.open", trigger_id=first, view=MODAL) == "exchanged_trigger_id"
        assert await caller.refused("views.open", trigger_id="made up", view=MODAL) == "invalid_trigger_id"
        await passes(3.1)
        assert await caller.refused("views.open", trigger_id=late, view=MODAL) == "expired_trigger_id"

    story(told)


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"private_metadata": "x" * 3_001},
        {"callback_id": "x" * 256},
        {"blocks": [TEXT] * 101},
        {"submit": {"type": "mrkdwn", "text": "go"}},
        {"type": "home"},
    ],
)
def test_a_view_beyond_the_limits_is_refused(change: dict[str, Any]):
    async def told(slack: Slack, caller: Caller) -> None:
        trigger = slack.space.trigger(slack.space.user("alice"))
        error = await caller.refused("views.open", trigger_id=trigger, view={**MODAL, **change})
        assert error == "invalid_arguments"
        assert not slack.space.views

    story(told)


def test_a_view_is_updated_by_who_has_seen_it():
    async def told(slack: Slack, caller: Caller) -> None:
        trigger = slack.space.trigger(slack.space.user("alice"))
        view = (await caller.call("views.open", trigger_id=trigger, view=MODAL))["view"]
        await caller.call("views.update", view_id=view["id"], hash=view["hash"], view=MODAL)
        refused = await caller.refused("views.update", view_id=view["id"], hash=view["hash"], view=MODAL)
        assert refused == "hash_conflict"
        await caller.call("views.publish", user_id="UALICE", view={"type": "home", "blocks": [TEXT]})
        assert slack.space.homes["UALICE"].payload["blocks"][0]["text"]["text"] == "hello"

    story(told)


def test_a_file_takes_three_steps_and_is_shown_when_slack_has_looked_at_it():
    async def told(slack: Slack, caller: Caller) -> None:
        assert await caller.refused("files.getUploadURLExternal", filename="a.png", length=3) == "invalid_arguments"
        place = await caller.ask("files.getUploadURLExternal", filename="a.png", length=3, alt_txt="a graph")
        image = {"type": "image", "slack_file": {"id": place["file_id"]}, "alt_text": "a graph"}
        files = [{"id": place["file_id"], "title": "a"}]
        assert await caller.refused("files.completeUploadExternal", files=files) == "file_not_found"
        async with aiohttp.ClientSession() as session:
            async with session.post(place["upload_url"], data=b"toolong") as answer:
                assert answer.status == 400
            async with session.post(place["upload_url"], data=b"png") as answer:
                assert answer.status == 200
        slack.space.file_delay_s = 2.0
        await caller.call("files.completeUploadExternal", files=files)
        assert await caller.refused("chat.postMessage", channel="C1", text="x", blocks=[image]) == "invalid_blocks"
        await passes(2)
        await caller.call("chat.postMessage", channel="C1", text="x", blocks=[image])

    story(told)


def test_an_ephemeral_message_reaches_members_alone_and_stands_nowhere():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.space.user("alice", "C1")
        slack.space.user("bob")
        await caller.call("chat.postEphemeral", channel="C1", user="UALICE", text="psst")
        assert await caller.refused("chat.postEphemeral", channel="C1", user="UBOB", text="x") == "user_not_in_channel"
        assert [(each.user, each.text) for each in slack.space.whispers] == [("UALICE", "psst")]
        assert slack.space.posts == []

    story(told)


def test_what_is_said_to_a_person_stands_in_their_direct_conversation():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.space.user("alice")
        sent = await caller.call("chat.postMessage", channel="UALICE", text="psst")
        assert (sent["channel"], slack.space.posts[0].channel) == ("DALICE", "DALICE")
        assert await caller.refused("chat.postMessage", channel="UNOBODY", text="x") == "channel_not_found"

    story(told)


def test_a_deleted_message_with_replies_leaves_a_stone_that_takes_more():
    async def told(slack: Slack, caller: Caller) -> None:
        root = (await caller.call("chat.postMessage", channel="C1", text="card"))["ts"]
        await passes(1)
        await caller.call("chat.postMessage", channel="C1", text="reply", thread_ts=root)
        await caller.call("chat.delete", channel="C1", ts=root)
        assert await caller.refused("chat.update", channel="C1", ts=root, text="x") == "message_not_found"
        await passes(1)
        await caller.call("chat.postMessage", channel="C1", text="more", thread_ts=root)
        assert len(slack.space.replies("C1", root)) == 2

    story(told)


def test_people_and_groups_are_told_by_their_ids():
    async def told(slack: Slack, caller: Caller) -> None:
        slack.space.groups["S1"] = {slack.space.user("alice")}
        assert (await caller.ask("users.info", user="UALICE"))["user"]["profile"]["display_name"] == "alice"
        assert (await caller.ask("usergroups.users.list", usergroup="S1"))["users"] == ["UALICE"]
        assert (await caller.ask("usergroups.list", include_users=1))["usergroups"][0]["users"] == ["UALICE"]
        assert "users" not in (await caller.ask("usergroups.list"))["usergroups"][0]
        assert (await caller.ask("conversations.info", channel="C9"))["channel"]["is_member"] is False

    story(told)
