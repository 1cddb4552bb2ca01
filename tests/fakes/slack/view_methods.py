"""views.* and files.*: forms that come up, home tabs, and files in three steps."""

from typing import Any

from tests.fakes.slack.calls import Answer, Call, Entry, invalid
from tests.fakes.slack.shapes import faults_of_view
from tests.fakes.slack.workspace import APP, BOT, BOT_USER, TEAM, File, Post, Refused, View


def open_view(call: Call) -> Answer:
    trigger = call.text("trigger_id")
    payload = _view(call, "modal")
    ticket = call.space.use_trigger(trigger)
    view = View(call.space.next_id("V"), ticket.user, payload, call.space.next_id("hash"))
    call.space.views[view.id] = view
    return {"view": told(view)}


def update_view(call: Call) -> Answer:
    view = call.space.views.get(call.text("view_id"))
    if view is None or not view.is_open:
        raise Refused("not_found")
    _same(call, view)
    view.payload, view.hash = _view(call, "modal"), call.space.next_id("hash")
    return {"view": told(view)}


def publish_view(call: Call) -> Answer:
    user = call.text("user_id")
    if user not in call.space.users:
        raise Refused("user_not_found")
    payload = _view(call, "home")
    before = call.space.homes.get(user)
    if before is not None:
        _same(call, before)
    view = View(call.space.next_id("V"), user, payload, call.space.next_id("hash"))
    call.space.homes[user] = view
    return {"view": told(view)}


def told(view: View, values: dict[str, Any] | None = None) -> Answer:
    """The view as the API and the payloads tell it."""
    return {
        "team_id": TEAM, "private_metadata": "", "callback_id": "", "clear_on_close": False, "notify_on_close": False,
        "close": None, "submit": None, **view.payload, "id": view.id, "hash": view.hash, "app_id": APP, "bot_id": BOT,
        "root_view_id": view.id, "previous_view_id": None, "external_id": "", "app_installed_team_id": TEAM,
        "state": {"values": values or {}},
    }  # fmt: skip


def _same(call: Call, view: View) -> None:
    if call.args.get("hash") not in {None, view.hash}:
        raise Refused("hash_conflict")


def _view(call: Call, kind: str) -> dict[str, Any]:
    view = call.parsed("view")
    faults = faults_of_view(view)
    if not faults and view["type"] != kind:
        faults = [f"view.type must be {kind}"]
    if faults:
        raise invalid("; ".join(faults))
    return {**view, "blocks": call.space.numbered(view["blocks"])}


def upload_url(call: Call) -> Answer:
    name, length = call.text("filename"), call.number("length", 0)
    if length <= 0:
        raise invalid("length must be more than 0")
    file = File(call.space.next_id("F"), name, length, call.text("alt_txt", ""))
    call.space.files[file.id] = file
    return {"upload_url": f"{call.base}/upload/{file.id}", "file_id": file.id}


def complete_upload(call: Call) -> Answer:
    asked = call.parsed("files")
    if not isinstance(asked, list) or not asked:
        raise invalid("missing required field: files")
    done = []
    for each in asked:
        file = call.space.files.get(each.get("id", ""))
        if file is None or file.content is None or file.completed_at is not None:
            raise Refused("file_not_found")
        done.append((file, str(each.get("title") or file.name)))
    channel = call.args.get("channel_id")
    if channel:
        within = call.within(channel).own_channel()
        text, thread = call.text("initial_comment", ""), call.text("thread_ts", "")
        shown = [{"id": file.id, "name": file.name, "title": title} for file, title in done]
        call.space.post_later(Post(within.id, "", BOT_USER, text, [], thread, files=shown))
    for file, title in done:
        file.title, file.completed_at = title, call.space.now()
    return {"files": [{"id": file.id, "title": file.title} for file, _ in done]}


METHODS = {
    "views.open": Entry(open_view, "", 4),
    "views.update": Entry(update_view, "", 4),
    "views.publish": Entry(publish_view, "", 4),
    "files.getUploadURLExternal": Entry(upload_url, "files:write", 4, takes_json=False),
    "files.completeUploadExternal": Entry(complete_upload, "files:write", 4),
}
