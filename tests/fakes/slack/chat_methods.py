"""chat.*: messages that stand, that change, that one person sees."""

import re
from typing import Any

from tests.fakes.slack.calls import Answer, Call, Entry, invalid
from tests.fakes.slack.shapes import faults_of_message
from tests.fakes.slack.workspace import APP, BOT, BOT_USER, TEAM, Block, Post, Refused, Whisper

LONGEST_TEXT, LONGEST_UPDATE = 40_000, 4_000
_EVENT_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def post_message(call: Call) -> Answer:
    if call.text("channel") in call.space.users:
        # Said to a person, it stands in their direct conversation with the bot.
        call = call.within(call.space.direct(call.text("channel")).id)
    channel = call.writable_channel()
    text, blocks = content_of(call)
    thread = call.text("thread_ts", "")
    if thread:
        parent = call.space.find(channel.id, thread)
        if parent is None or parent.thread_ts:
            raise Refused("cannot_reply_to_message")
    stands = Post(channel.id, "", BOT_USER, text[:LONGEST_TEXT], blocks, thread, _metadata(call))
    post = call.space.post(stands)
    return {"channel": channel.id, "ts": post.ts, "message": told(post)}


def update(call: Call) -> Answer:
    channel = call.writable_channel()
    post = call.space.find(channel.id, call.text("ts"))
    if post is None or post.is_tombstone:
        raise Refused("message_not_found")
    if not post.is_mine:
        raise Refused("cant_update_message")
    text, blocks = content_of(call)
    if len(text) > LONGEST_UPDATE:
        raise Refused("msg_too_long")
    # What is left out is taken away: a text without blocks has none.
    call.space.change(post, text, blocks)
    if "metadata" in call.args:
        post.metadata = _metadata(call)
    return {"channel": channel.id, "ts": post.ts, "text": text, "message": told(post)}


def delete(call: Call) -> Answer:
    channel = call.own_channel()
    post = call.space.find(channel.id, call.text("ts"))
    if post is None or post.is_tombstone:
        raise Refused("message_not_found")
    if not post.is_mine:
        raise Refused("cant_delete_message")
    call.space.delete(post)
    return {"channel": channel.id, "ts": post.ts}


def post_ephemeral(call: Call) -> Answer:
    channel = call.writable_channel()
    user = call.text("user")
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = content_of(call)
    if len(text) > LONGEST_UPDATE:
        raise Refused("msg_too_long")
    call.space.whispers.append(Whisper(channel.id, user, text, call.space.numbered(blocks), call.text("thread_ts", "")))
    return {"message_ts": call.space.next_ts()}


def permalink(call: Call) -> Answer:
    channel = call.channel()
    post = call.space.find(channel.id, call.text("message_ts"))
    if post is None:
        raise Refused("message_not_found")
    return {"channel": channel.id, "permalink": f"https://orch.slack.com/archives/{channel.id}/p{post.ts}"}


def content_of(call: Call) -> tuple[str, list[Block]]:
    """The text and the blocks, once Slack takes them."""
    text, blocks = call.text("text", ""), call.parsed("blocks")
    if "attachments" in call.args:
        raise Refused("invalid_attachments")
    if not text and not blocks:
        raise Refused("no_text")
    return text, blocks_of(call, blocks)


def blocks_of(call: Call, blocks: Any) -> list[Block]:
    if not blocks:
        return []
    faults = [*faults_of_message(blocks, takes_plans=call.space.takes_plans), *_pictures(call, blocks)]
    if faults:
        raise Refused("invalid_blocks", errors=faults, response_metadata={"messages": faults})
    return [dict(block) for block in blocks]


def told(post: Post, *, has_metadata: bool = True) -> Answer:
    """The message as the API tells it."""
    found: Answer = {"type": "message", "user": post.user, "text": post.text, "ts": post.ts, "team": TEAM}
    if post.blocks:
        found["blocks"] = post.blocks
    if post.files:
        found["files"] = post.files
    if post.is_mine:
        found |= {"bot_id": BOT, "app_id": APP}
    if post.thread_ts:
        found |= {"thread_ts": post.thread_ts, "parent_user_id": BOT_USER}
    if post.is_tombstone:
        found |= {"subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
    if len(post.versions) > 1 and not post.blocks:
        found["edited"] = {"user": post.user, "ts": post.ts}
    if has_metadata and post.metadata is not None:
        found["metadata"] = post.metadata
    return found


def _metadata(call: Call) -> dict[str, Any] | None:
    metadata = call.parsed("metadata")
    if metadata is None:
        return None
    kind = metadata.get("event_type") if isinstance(metadata, dict) else None
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not isinstance(kind, str) or not _EVENT_TYPE.fullmatch(kind) or not isinstance(payload, dict):
        raise invalid("event_type and event_payload are needed", "invalid_metadata_format")
    return {"event_type": kind, "event_payload": payload}


def _pictures(call: Call, blocks: list[Block]) -> list[str]:
    """A picture can be shown once its file is complete and was looked at."""
    found = []
    for block in blocks:
        if block.get("type") == "image" and "slack_file" in block:
            file = call.space.files.get(block["slack_file"].get("id", ""))
            at = file.completed_at if file is not None else None
            if at is None or call.space.now() < at + call.space.file_delay_s:
                found.append("invalid slack file")
    return found


METHODS = {
    "chat.postMessage": Entry(post_message, "chat:write", None, posts=True),
    "chat.update": Entry(update, "chat:write", 3),
    "chat.delete": Entry(delete, "chat:write", 3),
    "chat.postEphemeral": Entry(post_ephemeral, "chat:write", 4),
    "chat.getPermalink": Entry(permalink, "", None, takes_json=False),
}
