"""Slack as a ChatPort: cards, threads, posts, edits, files. Must hold no rule of conversation, and never waits by itself.

Slack does not know a message that it is told twice, so each post carries its key in its metadata, and what stands in the channel
or the thread is looked through before anything is sent.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from adapters.slack.answers import Answers
from adapters.slack.api import Api, objects_in, text_in
from adapters.slack.directory import NAME, Directory
from adapters.slack.errors import INVALID_BLOCKS, MISSING_SCOPE, TRIGGERS_OVER, SlackGone
from adapters.slack.forms import FormTooLarge, modal_payload
from adapters.slack.home import home_payload
from adapters.slack.render import CAPS, MAX_ALT, QUIET, Payload, key_of, message_payload, notification, post_payload
from adapters.slack.who import Myself
from bot.cards import RunCard
from bot.forms import Form
from bot.messages import Home, Message, Notice, Picture
from bot.port import Actor, ChatDown, ChatGone, Health, Invocation, MessageRef, Place, ThreadRef
from bot.replies import slack as say
from bot.text import cut
from engine.core.ids import RunId

logger = logging.getLogger(__name__)

PAGE: Final = 200
MAX_PAGES: Final = 10
MAX_REMEMBERED: Final = 1_000
FILE_TRIES: Final = 5
FILE_WAIT_S: Final = 2.0
"""A picture that was just uploaded can't be shown until Slack has looked at it; the message is refused until then."""
RIGHT_WAIT_S: Final = 60.0
REDRAW_WAIT_S: Final = 1.1
_STAMP: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,8}")
_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{1,20}")


TEXT: Final = ".txt"
_Sent = TypeVar("_Sent")


class _File(msgspec.Struct):
    id: str
    refusals: int = 0


class _Text(msgspec.Struct, frozen=True):
    """A text that is a file; its `name` is its key in the thread, `title` is what people read."""

    content: bytes
    name: str
    title: str
    caption: str


class SlackChat:
    """The port. `me` and `state` are told by whoever keeps the connection up (adapters/slack/connection.py)."""

    name = NAME
    caps = CAPS

    def __init__(self, api: Api, answers: Answers, *, has_plans: bool = False) -> None:
        self._api = api
        self._has_plans = has_plans
        self._answers = answers
        self._directory = Directory(api)
        self._files: OrderedDict[str, _File] = OrderedDict()
        self._sharing = asyncio.Lock()
        self.state = Health(is_up=False, detail=say.not_connected())
        self.me: Myself | None = None

    def health(self) -> Health:
        """Whether Slack can be reached, and what is wrong when it can't."""
        return self.state

    async def open_thread(self, place: Place, card: Message, key: str) -> ThreadRef:
        """The card in the channel; its thread is there with the first answer to it."""
        channel = self._channel(place)

        async def send(has_plans: bool) -> str:
            return await self._once(channel, "", post_payload(card, key, has_plans=has_plans), key)

        return ThreadRef(place, await self._drawn(card, send))

    async def post(self, thread: ThreadRef, message: Message, key: str) -> MessageRef:
        """The message in the thread."""
        sent = await self._once(self._channel(thread.place), _stamp(thread.thread), post_payload(message, key), key)
        return MessageRef(thread.place, sent, thread.thread)

    async def upload(self, thread: ThreadRef, data: bytes, name: str, alt: str, key: str) -> MessageRef:
        """A picture in its message, with the words that tell the same; the words alone where files are not allowed. A text is a
        file of its own.
        """
        channel, stamp = self._channel(thread.place), _stamp(thread.thread)
        if name.endswith(TEXT):
            text = _Text(data, f"{name.removesuffix(TEXT)}-{sha256(key.encode()).hexdigest()[:12]}{TEXT}", name, alt)
            async with self._sharing:
                return MessageRef(thread.place, await self._shared(channel, stamp, text), thread.thread)
        picture = Picture(RunId(name.partition(".")[0]), alt)
        with _rights_come_back():
            found = await self._find(channel, stamp, key)
        if not found:
            file = await self._uploaded(f"{channel}/{key}", data, name, alt)
            try:
                found = await self._send(channel, stamp, post_payload(picture, key, file=file))
            except SlackGone as error:
                if error.code != INVALID_BLOCKS or not file:
                    raise
                self._refuse(f"{channel}/{key}")
        self._files.pop(f"{channel}/{key}", None)
        return MessageRef(thread.place, found, thread.thread)

    async def edit(self, ref: MessageRef, message: Message) -> None:
        """The message where it stands."""
        where = {"channel": self._channel(ref.place), "ts": _stamp(ref.message), "parse": "none", "link_names": False}

        async def send(has_plans: bool) -> None:
            with _rights_come_back():
                await self._api.write("chat.update", {**where, **message_payload(message, has_plans=has_plans)})

        await self._drawn(message, send)

    async def reply(self, invocation: Invocation, message: Message) -> None:
        """To the person: below what they did and for them alone, or on their own page where they asked there."""
        channel, payload = self._channel(invocation.place), message_payload(message)
        deed = self._answers.of(invocation.handle)
        user = invocation.actor.id.rpartition(":")[2]
        where = {"thread_ts": _stamp(invocation.thread)} if invocation.thread else {}
        if isinstance(message, Home) or (deed is not None and deed.kind == "home"):
            await self._api.write("views.publish", {"user_id": user, "view": home_payload(message, channel)})
        elif channel.startswith("D"):
            await self._api.write("chat.postMessage", {"channel": channel, **payload, **where, **QUIET})
        elif deed is not None and deed.kind == "command" and (address := self._answers.address(invocation.handle)):
            # It works where the bot is no member, too.
            await self._respond(address, payload)
        else:
            await self._whisper(invocation, {"channel": channel, "user": user, **payload, **where})

    async def ask_form(self, invocation: Invocation, form: Form) -> None:
        """The form as a modal, while the click's trigger is good; afterwards the person is asked to click again."""
        try:
            view = modal_payload(form, self._channel(invocation.place), invocation.thread, is_home=invocation.is_home)
        except FormTooLarge as error:
            raise ChatGone(f"the form is too large: {error}") from None
        if not await self._brought_up(view, self._answers.trigger(invocation.handle)):
            await self.reply(invocation, Notice(say.click_again(), is_refusal=True))

    async def resolve(self, actor_id: str) -> Actor:
        """The member and the user groups they are in."""
        return await self._directory.resolve(actor_id)

    async def _brought_up(self, view: Payload, trigger: str) -> bool:
        """Whether the form came up; not when the trigger was used, or is older than 3 s."""
        try:
            if trigger:
                await self._api.write("views.open", {"trigger_id": trigger, "view": view})
        except SlackGone as error:
            if error.code not in TRIGGERS_OVER:
                raise
            return False
        return bool(trigger)

    async def _drawn(self, message: Message, send: Callable[[bool], Awaitable[_Sent]]) -> _Sent:
        """The message with a plan where Slack takes one; where it has refused the first, there is none from then on.

        Raises: ChatDown after that refusal, for a refused call counts against the channel's pace, too.
        """
        has_plans = self._has_plans and isinstance(message, RunCard)
        try:
            return await send(has_plans)
        except SlackGone as error:
            if error.code != INVALID_BLOCKS or not has_plans:
                raise
        if self._has_plans:
            self._has_plans = False
            logger.warning("Slack refuses plans; cards do without", extra={"action": "plans_refused"})
        raise ChatDown("Slack refuses plans", REDRAW_WAIT_S, is_message=True)

    async def _once(self, channel: str, thread: str, payload: Payload, key: str) -> str:
        """The one message that fulfils the key."""
        with _rights_come_back():
            return await self._find(channel, thread, key) or await self._send(channel, thread, payload)

    async def _send(self, channel: str, thread: str, payload: Payload) -> str:
        where = {"thread_ts": thread} if thread else {}
        return text_in(await self._api.write("chat.postMessage", {"channel": channel, **where, **payload}), "ts")

    async def _find(self, channel: str, thread: str, key: str) -> str:
        """The message that was posted with the key, empty when there is none among the latest of the place."""
        return await self._look(channel, thread, lambda message: key_of(message) == key)

    async def _look(self, channel: str, thread: str, is_it: Callable[[Payload], bool]) -> str:
        params: dict[str, str | int | bool] = {"channel": channel, "limit": PAGE, "include_all_metadata": True}
        if thread:
            params["ts"] = thread
        for _ in range(MAX_PAGES if thread else 1):
            page = await self._api.read(f"conversations.{'replies' if thread else 'history'}", **params)
            for message in objects_in(page, "messages"):
                if self._is_mine(message) and is_it(message):
                    return text_in(message, "ts")
            # A thread is told from its beginning, a channel from its end.
            more = page.get("response_metadata")
            if not isinstance(more, dict) or not more.get("next_cursor"):
                break
            params["cursor"] = str(more["next_cursor"])
        return ""

    def _is_mine(self, message: dict[str, Any]) -> bool:
        me = self._myself()
        return message.get("bot_id") == me.bot or message.get("user") == me.user

    async def _uploaded(self, name: str, data: bytes, filename: str, alt: str) -> str:
        """The id of the file, which nobody sees until a message shows it; empty when it has to do without."""
        known = self._files.get(name)
        if known is not None:
            return known.id
        try:
            file = await self._brought(filename, data, alt_txt=cut(alt, MAX_ALT))
            await self._api.write("files.completeUploadExternal", {"files": [{"id": file, "title": filename}]})
        except SlackGone as error:
            if error.code != MISSING_SCOPE:
                raise
            return ""
        self._remember(name, file)
        return file

    async def _brought(self, filename: str, data: bytes, **about: str) -> str:
        """The id of a file that Slack has now, and that belongs to nothing yet."""
        place = await self._api.read("files.getUploadURLExternal", filename=filename, length=len(data), **about)
        await self._api.put_file(text_in(place, "upload_url"), data)
        return text_in(place, "file_id")

    def _remember(self, name: str, file: str) -> None:
        self._files[name] = _File(file)
        while len(self._files) > MAX_REMEMBERED:
            self._files.popitem(last=False)

    async def _shared(self, channel: str, thread: str, text: _Text) -> str:
        """The message that shows the text, which Slack itself posts, at times a moment later: without metadata, so that the file's
        name is what it is found by.
        """
        place, name = f"{channel}/{thread}/{text.name}", text.name
        found = await self._look(channel, thread, lambda message: _shows(message, name, self._file_at(place)))
        if not found and place not in self._files:
            file = await self._brought(name, text.content)
            done = {"files": [{"id": file, "title": text.title}], "channel_id": channel, "thread_ts": thread}
            done["initial_comment"] = notification(text.caption)
            await self._api.write("files.completeUploadExternal", done)
            self._remember(place, file)
            found = await self._look(channel, thread, lambda message: _shows(message, name, file))
        if not found:
            raise ChatDown("Slack has not shown the file yet", FILE_WAIT_S)
        return found

    def _file_at(self, place: str) -> str:
        known = self._files.get(place)
        return known.id if known is not None else ""

    def _refuse(self, name: str) -> NoReturn:
        """Try the picture again in a moment; when that did not help, do without it."""
        file = self._files[name]
        file.refusals += 1
        if file.refusals >= FILE_TRIES:
            file.id = ""
        raise ChatDown("Slack has not looked at the picture yet", FILE_WAIT_S)

    async def _whisper(self, invocation: Invocation, payload: Payload) -> None:
        try:
            await self._api.write("chat.postEphemeral", payload)
        except SlackGone:
            words = {name: payload[name] for name in ("text", "blocks")}
            address = self._answers.address(invocation.handle)
            if address:
                await self._respond(address, words)
            else:
                # A form brings no address along; where the bot is no member, a direct message is left.
                await self._api.write("chat.postMessage", {"channel": payload["user"], **words, **QUIET})

    async def _respond(self, address: str, payload: Payload) -> None:
        await self._api.respond(address, {"response_type": "ephemeral", "replace_original": False, **payload})

    def _myself(self) -> Myself:
        if self.me is None:
            raise ChatDown("not connected to Slack")
        return self.me

    def _channel(self, place: Place) -> str:
        """The channel's id, once it is one of ours: what is stored, or typed after `bind --to`, is somebody's text."""
        if place.adapter != NAME or not _CHANNEL.fullmatch(place.channel):
            raise ChatGone(f"{place} is no channel of Slack", is_place=True)
        if place.workspace != self._myself().team:
            raise ChatGone(f"{place} is in another workspace than {self._myself().team}", is_place=True)
        return place.channel


@contextmanager
def _rights_come_back() -> Iterator[None]:
    """A right that is missing can be given again; until then what is to be said waits, and is not given up.

    Raises: ChatDown.
    """
    try:
        yield
    except SlackGone as error:
        if error.code != MISSING_SCOPE:
            raise
        raise ChatDown(str(error), RIGHT_WAIT_S) from None


def _shows(message: Payload, name: str, file: str) -> bool:
    """Whether the message shows the file of this name, or of this id."""
    return any(each.get("name") == name or each.get("id") == (file or None) for each in objects_in(message, "files"))


def _stamp(text: str) -> str:
    """A message's id, once it is one."""
    if not _STAMP.fullmatch(text):
        raise ChatGone(f"{text} is no message of Slack")
    return text
