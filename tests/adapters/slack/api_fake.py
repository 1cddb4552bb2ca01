"""Slack's Web API in memory, behind the door that our adapter calls: channels, threads, messages, files, views, people.

It stands where slack_sdk's client stands, refuses as Slack does, and holds every payload to the limits that Slack documents.
"""

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Self, cast

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.api import Api
from adapters.slack.who import Myself
from tests.adapters.slack.refusals import refused
from tests.fakes.slack.limits import VIEW_BLOCKS, faults_of

TEAM, BOT, BOT_USER, CHANNEL, ALICE = "T1", "B9", "U9", "C1", "U5"
ME = Myself(TEAM, BOT_USER, BOT, "orch", "Acme")
START_S = 1_800_000_000
Body = dict[str, Any]


class InMemory:
    """`faults` are raised by the next calls whose method begins so, after the call was carried out where that is said."""

    def __init__(self) -> None:
        self.now_s = START_S
        self.messages: dict[str, Body] = {}
        self.channels = {CHANNEL, "D1"}
        self.ephemerals: list[Body] = []
        self.responses: list[tuple[str, Body]] = []
        self.views: list[Body] = []
        self.homes: dict[str, Body] = {}
        self.files: dict[str, Body] = {}
        self.triggers: set[str] = set()
        self.people: dict[str, Body] = {ALICE: {"id": ALICE, "name": "alice", "real_name": "Alice"}}
        self.groups: list[Body] = [{"id": "S3", "users": [ALICE]}]
        self.log: list[str] = []
        self.faults: list[tuple[str, Exception, bool]] = []
        self.page = 200
        self._count = itertools.count(1)

    def fails(self, method: str, error: Exception, *, is_after: bool = False) -> None:
        """The next call of the method fails, before or after it was carried out."""
        self.faults.append((method, error, is_after))

    def api(self) -> Api:
        """A door to it."""
        found = Api()
        found.use(cast("AsyncWebClient", self))
        return found

    @property
    def session(self) -> Any:
        """What aiohttp's session is."""
        return SimpleNamespace(post=self._post)

    async def api_call(self, method: str, *, http_verb: str = "POST", json: Any = None, params: Any = None) -> Body:
        """What slack_sdk's client does."""
        self.log.append(method)
        assert (http_verb == "GET") == (params is not None)
        fault = next((each for each in self.faults if method.startswith(each[0])), None)
        if fault is not None:
            self.faults.remove(fault)
            if not fault[2]:
                raise fault[1]
        told = self._route(method, json if params is None else params)
        if fault is not None:
            raise fault[1]
        return {"ok": True, **told}

    def _route(self, method: str, body: Body) -> Body:
        table: dict[str, Callable[[Body], Body]] = {
            "chat.postMessage": self._say, "chat.update": self._edit, "chat.postEphemeral": self._whisper,
            "conversations.history": self._history, "conversations.replies": self._replies, "views.open": self._open,
            "views.publish": self._publish, "files.getUploadURLExternal": self._place, "users.info": self._who,
            "files.completeUploadExternal": self._complete, "usergroups.list": lambda _: {"usergroups": self.groups},
        }  # fmt: skip
        return table[method](body)

    def _say(self, body: Body) -> Body:
        self._check(body)
        stamp = f"{self.now_s}.{next(self._count):06}"
        self.messages[stamp] = {**body, "ts": stamp, "bot_id": BOT, "user": BOT_USER, "edits": 0}
        return {"ts": stamp, "channel": body["channel"]}

    def _edit(self, body: Body) -> Body:
        self._check(body)
        found = self.messages.get(body["ts"])
        if found is None:
            raise refused("message_not_found")
        found.update(body, edits=found["edits"] + 1)
        return {"ts": body["ts"]}

    def _whisper(self, body: Body) -> Body:
        self._check(body)
        self.ephemerals.append(body)
        return {"message_ts": "1.1"}

    def _check(self, body: Body) -> None:
        if body["channel"] not in self.channels:
            raise refused("channel_not_found")
        if faults_of(body["blocks"]) or not body["text"]:
            raise refused("invalid_blocks")
        for block in body["blocks"]:
            if block["type"] == "image" and block["slack_file"]["id"] not in self.files:
                raise refused("invalid_blocks")

    def _history(self, body: Body) -> Body:
        if body["channel"] not in self.channels:
            raise refused("channel_not_found")
        found = [each for each in reversed(self.messages.values()) if self._is_in(each, body["channel"], "")]
        return {"messages": self._shown(found[: body["limit"]], body)}

    def _replies(self, body: Body) -> Body:
        found = [each for each in self.messages.values() if self._is_in(each, body["channel"], body["ts"])]
        at = int(body.get("cursor", "0"))
        more = str(at + self.page) if at + self.page < len(found) else ""
        shown = self._shown(found[at : at + self.page], body)
        return {"messages": shown, "response_metadata": {"next_cursor": more}}

    def _is_in(self, message: Body, channel: str, thread: str) -> bool:
        return bool(message["channel"] == channel and message.get("thread_ts", "") == thread)

    def _shown(self, messages: list[Body], body: Body) -> list[Body]:
        if body.get("include_all_metadata"):
            return messages
        return [{name: value for name, value in each.items() if name != "metadata"} for each in messages]

    def _open(self, body: Body) -> Body:
        if body["trigger_id"] not in self.triggers:
            raise refused("expired_trigger_id")
        self.triggers.remove(body["trigger_id"])
        assert not faults_of(body["view"]["blocks"], VIEW_BLOCKS)
        self.views.append(body["view"])
        return {"view": {"id": "V1"}}

    def _publish(self, body: Body) -> Body:
        assert not faults_of(body["view"]["blocks"], VIEW_BLOCKS)
        self.homes[body["user_id"]] = body["view"]
        return {}

    def _place(self, body: Body) -> Body:
        name = f"F{next(self._count)}"
        return {"upload_url": f"https://files.example/{name}", "file_id": name}

    def _complete(self, body: Body) -> Body:
        for each in body["files"]:
            self.files[each["id"]].update(each)
        return {"files": body["files"]}

    def _who(self, body: Body) -> Body:
        if body["user"] not in self.people:
            raise refused("user_not_found")
        return {"user": self.people[body["user"]]}

    def _post(self, url: str, *, data: bytes = b"", json: Any = None, timeout: object = None) -> Any:
        if data:
            self.files[url.rpartition("/")[2]] = {"content": data}
        else:
            self.responses.append((url, json))
        return _Answered()


class _Answered:
    status = 200

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return
