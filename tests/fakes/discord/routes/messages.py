"""Addresses of messages, and of the answers to interactions."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.discord.bodies import check_answer, check_edit, check_message
from tests.fakes.discord.components import ANSWER_FLAGS
from tests.fakes.discord.posts import is_v2
from tests.fakes.discord.powers import FILES, HISTORY, MANAGE_MESSAGES, SEND, SEND_IN_THREADS
from tests.fakes.discord.refusal import Fault, Refusal, invalid
from tests.fakes.discord.routes.call import Address, Answer, Call
from tests.fakes.discord.world import DIRECT, Body, is_thread

MAX_FILE_BYTES, MOST_READ, USUALLY_READ = 10 << 20, 100, 50


def messages(call: Call) -> Answer:
    channel = call.at["channel"]
    call.parts.threads.settle(channel)
    call.world.require(call.me, channel)
    limit = call.query.get("limit", str(USUALLY_READ))
    if not limit.isdecimal() or not 1 <= int(limit) <= MOST_READ:
        raise invalid([Fault(("limit",), "NUMBER_TYPE_MAX", f"int value should be between 1 and {MOST_READ}.")])
    if not call.world.powers(call.me, channel) & HISTORY:
        return 200, []
    seen = call.parts.posts.seen(channel)
    before, after = call.query.get("before"), call.query.get("after")
    found = [m for m in seen if (not before or int(m["id"]) < int(before)) and (not after or int(m["id"]) > int(after))]
    newest = found[: int(limit)] if after else found[-int(limit) :]
    return 200, newest[::-1]


def message(call: Call) -> Answer:
    call.world.require(call.me, call.at["channel"], HISTORY)
    return 200, call.parts.posts.find(call.at["channel"], call.at["message"])


def post(call: Call) -> Answer:
    world, channel = call.world, call.at["channel"]
    place = world.channel_of(channel)
    world.require(call.me, channel, SEND_IN_THREADS if is_thread(place) else SEND)
    _take_files(call)
    check_message(call.body, list(call.files))
    if place["type"] == DIRECT and place["recipients"][0]["id"] in world.no_direct_messages:
        raise Refusal(50_007)
    call.parts.threads.wake(call.me, channel)
    said = call.parts.posts.post(channel, call.me, call.body, call.files)
    return 200, {**said, "nonce": call.body["nonce"]} if "nonce" in call.body else said


def change(call: Call) -> Answer:
    channel = call.at["channel"]
    call.world.require(call.me, channel)
    found = call.parts.posts.find(channel, call.at["message"])
    if found["author"]["id"] != call.me:
        raise Refusal(50_005)
    call.parts.threads.require_awake(channel)
    return 200, _changed(call, found)


def delete(call: Call) -> Answer:
    channel = call.at["channel"]
    call.world.require(call.me, channel)
    found = call.parts.posts.find(channel, call.at["message"])
    if found["author"]["id"] != call.me:
        call.world.require(call.me, channel, MANAGE_MESSAGES)
    call.parts.threads.require_awake(channel)
    call.parts.posts.delete(found)
    return 204, None


def first_answer(call: Call) -> Answer:
    deed = call.parts.deeds.first(call.at["deed"], call.at["token"])
    check_answer(call.body, list(call.files), deed.kind, deed.waiting_type)
    call.parts.deeds.answer(deed, call.body["type"], call.body.get("data") or {}, call.files)
    if call.query.get("with_response") != "true":
        return 204, None
    said = call.parts.deeds.original(deed) if deed.original else None
    told = {"id": deed.id, "type": deed.kind, **({"response_message_id": said["id"]} if said else {})}
    resource = {"type": call.body["type"], "message": said} if said else None
    return 200, {"interaction": told, "resource": resource}


def further_answer(call: Call) -> Answer:
    deed = call.parts.deeds.by_token(call.at["app"], call.at["token"])
    check_message(call.body, list(call.files), flags=ANSWER_FLAGS, is_create=False)
    if not call.files and not any(call.body.get(name) for name in ("content", "embeds", "components")):
        raise Refusal(50_006)
    return 200, call.parts.deeds.follow(deed, call.body, call.files)


def original(call: Call) -> Answer:
    deed = call.parts.deeds.by_token(call.at["app"], call.at["token"])
    return 200, call.parts.deeds.original(deed)


def change_original(call: Call) -> Answer:
    deeds = call.parts.deeds
    deed = deeds.by_token(call.at["app"], call.at["token"])
    if deed.state == "announced" and not deed.original:
        check_message(call.body, list(call.files), is_create=False)
        return 200, deeds.fulfil(deed, call.body, call.files)
    return 200, _changed(call, deeds.original(deed))


def delete_original(call: Call) -> Answer:
    call.parts.deeds.withdraw(call.parts.deeds.by_token(call.at["app"], call.at["token"]))
    return 204, None


def change_followup(call: Call) -> Answer:
    return 200, _changed(call, _followup(call))


def delete_followup(call: Call) -> Answer:
    call.parts.posts.delete(_followup(call))
    return 204, None


def _followup(call: Call) -> Body:
    deed = call.parts.deeds.by_token(call.at["app"], call.at["token"])
    found = call.parts.posts.find(deed.channel, call.at["message"], reader=deed.user)
    if found.get("interaction_metadata", {}).get("id") != deed.id:
        raise Refusal(10_008)
    return found


def _changed(call: Call, found: Mapping[str, Any]) -> Body:
    kept = [each["filename"] for each in found["attachments"]]
    check_edit(call.body, list(call.files), kept, was_v2=is_v2(found))
    return call.parts.posts.change(dict(found) if not isinstance(found, dict) else found, call.body, call.files)


def _take_files(call: Call) -> None:
    if call.files:
        call.world.require(call.me, call.at["channel"], FILES)
        if any(len(held) > MAX_FILE_BYTES for held in call.files.values()):
            raise Refusal(40_005)


_WEBHOOK = "/webhooks/{app}/{token}"
ADDRESSES = (
    Address("GET", "/channels/{channel}/messages", messages),
    Address("POST", "/channels/{channel}/messages", post),
    Address("GET", "/channels/{channel}/messages/{message}", message),
    Address("PATCH", "/channels/{channel}/messages/{message}", change),
    Address("DELETE", "/channels/{channel}/messages/{message}", delete),
    Address("POST", "/interactions/{deed}/{token}/callback", first_answer, is_open=True),
    Address("POST", _WEBHOOK, further_answer, is_open=True),
    Address("GET", _WEBHOOK + "/messages/@original", original, is_open=True),
    Address("PATCH", _WEBHOOK + "/messages/@original", change_original, is_open=True),
    Address("DELETE", _WEBHOOK + "/messages/@original", delete_original, is_open=True),
    Address("PATCH", _WEBHOOK + "/messages/{message}", change_followup, is_open=True),
    Address("DELETE", _WEBHOOK + "/messages/{message}", delete_followup, is_open=True),
)
