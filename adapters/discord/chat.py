"""Discord as a ChatPort: cards, threads, posts, edits, files. Must hold no rule of conversation, and never waits by itself.

A post is found again after a crash in two ways: by its nonce, which Discord itself remembers for a few minutes, and by the id
of its container, looked up among the newest messages before anything is sent.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import discord
import msgspec
from discord.http import Route

from adapters.discord.answers import Answers, AnswerTooLate
from adapters.discord.errors import (
    ARCHIVED,
    NO_DIRECT_MESSAGES,
    OLD_EDITS,
    THREAD_EXISTS,
    UNKNOWN_MEMBER,
    code_of,
    meant,
)
from adapters.discord.forms import FormTooLarge, modal_payload
from adapters.discord.inbound import NAME, groups_of
from adapters.discord.render import CAPS, Payload, mark_of, message_payload, nonce_of, thread_name
from adapters.discord.rest import CALL_FAILED, FileRefused, Rest, Upload
from adapters.discord.told import MEMBER, NAMED, SAID, understood
from bot.forms import Form
from bot.messages import Message, Notice, Picture
from bot.port import Actor, ChatDown, ChatGone, Health, Invocation, MessageRef, Place, ThreadRef
from bot.replies import discord as say
from engine.core.ids import RunId

WEEK_MIN: Final = 10_080
OLD_S: Final = 3_600.0
OLD_GAP_S: Final = 20.0
"""Discord limits edits of messages that are older than an hour further (30046); measured pace, not documented."""
MAX_REMEMBERED: Final = 5_000


T = TypeVar("T")


class _Successor(msgspec.Struct, frozen=True):
    """What stands in for a message that can't be edited: `key` finds it again, `note` links what was before."""

    ref: MessageRef
    key: str
    note: str


class DiscordChat:
    """The port. `health` is told by whoever keeps the connection up (adapters/discord/connection.py)."""

    name = NAME
    caps = CAPS

    def __init__(self, rest: Rest, answers: Answers, now_ms: Callable[[], int]) -> None:
        self._rest = rest
        self._answers = answers
        self._now_ms = now_ms
        self._fresh: OrderedDict[str, _Successor] = OrderedDict()
        self._edited_at: OrderedDict[str, float] = OrderedDict()
        self.state = Health(is_up=False, detail=say.not_connected())
        self.me = 0

    def health(self) -> Health:
        """Whether Discord can be reached, and what is wrong when it can't."""
        return self.state

    async def open_thread(self, place: Place, card: Message, key: str) -> ThreadRef:
        """The card in the channel, and the thread that hangs from it."""
        channel = _channel(place, place.channel)
        message = await self._once(channel, message_payload(card, key=key), key)
        route = Route(
            "POST", "/channels/{channel_id}/messages/{message_id}/threads", channel_id=channel, message_id=message
        )
        try:
            await self._rest.call(route, {"name": thread_name(card), "auto_archive_duration": WEEK_MIN}, is_paced=True)
        except CALL_FAILED as error:
            if code_of(error) != THREAD_EXISTS:
                raise meant(error) from None
        return ThreadRef(place, message)

    async def post(self, thread: ThreadRef, message: Message, key: str) -> MessageRef:
        """The message in the thread; a thread that was archived opens by it."""
        channel = _channel(thread.place, thread.thread)
        sent = await self._once(channel, message_payload(message, key=key), key)
        return MessageRef(thread.place, sent, thread.thread)

    async def upload(self, thread: ThreadRef, data: bytes, name: str, alt: str, key: str) -> MessageRef:
        """A picture in its message, with the words that tell the same; the words alone where files are not allowed."""
        channel = _channel(thread.place, thread.thread)
        picture = Picture(RunId(name.partition(".")[0]), alt)
        sent = await self._found(channel, key)
        if not sent:
            payload = message_payload(picture, key=key, picture=name)
            try:
                sent = await self._sent(channel, payload, key, Upload(name, data))
            except FileRefused:
                sent = await self._sent(channel, message_payload(picture, key=key), key)
        return MessageRef(thread.place, sent, thread.thread)

    async def edit(self, ref: MessageRef, message: Message) -> None:
        """The message where it stands, or where its successor does."""
        stands = self._fresh.get(ref.message, _Successor(ref, "", ""))
        ref = stands.ref
        channel = _channel(ref.place, ref.thread or ref.place.channel)
        if not ref.message.isdecimal():
            raise ChatGone(f"{ref.message} is no message of Discord")
        self._keep_pace(ref.message)
        try:
            await self._patch(channel, ref.message, message_payload(message, key=stands.key, note=stands.note))
        except CALL_FAILED as error:
            if code_of(error) != OLD_EDITS:
                raise meant(error) from None
            await self._start_afresh(ref, message)

    async def reply(self, invocation: Invocation, message: Message) -> None:
        """To the person: below what they did, or, where nothing can be shown to them alone, as a direct message."""
        upload = _upload_of(message)
        payload = message_payload(message, picture=upload.name if upload else "")
        if self._answers.knows(invocation.handle):
            with suppress(AnswerTooLate):
                await self._answers.answer(invocation.handle, payload, upload)
                return
        await self._whisper(invocation, message, upload)

    async def ask_form(self, invocation: Invocation, form: Form) -> None:
        """The form as a modal, which is the first answer to the click or none."""
        try:
            modal = modal_payload(form)
        except FormTooLarge as error:
            raise ChatGone(f"the form is too large: {error}") from None
        if not self._answers.knows(invocation.handle):
            raise ChatGone("a form needs a click to answer")
        if not await self._answers.ask(invocation.handle, modal):
            await self._answers.answer(invocation.handle, message_payload(Notice(say.click_again(), is_refusal=True)))

    async def resolve(self, actor_id: str) -> Actor:
        """The member and their roles; somebody who left the server has none."""
        _, guild, user = [*actor_id.split(":"), "", "", ""][:3]
        if not (guild.isdecimal() and user.isdecimal()):
            return Actor(actor_id, user or actor_id)
        try:
            told = await self._rest.call(
                Route("GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild, user_id=user)
            )
        except CALL_FAILED as error:
            if code_of(error) == UNKNOWN_MEMBER:
                return Actor(actor_id, user)
            raise meant(error) from None
        found = understood(MEMBER, told)
        name = found.nick or found.user.global_name or found.user.username
        return Actor(actor_id, name, groups_of(guild, found.roles))

    async def _once(self, channel: str, payload: Payload, key: str, upload: Upload | None = None) -> str:
        """The id of the one message that fulfils the key."""
        return await self._found(channel, key) or await self._sent(channel, payload, key, upload)

    async def _found(self, channel: str, key: str) -> str:
        """The message of ours that was sent with the key before, among the newest; empty when there is none."""
        told = await self._rest.spoken(Route("GET", "/channels/{channel_id}/messages?limit=100", channel_id=channel))
        mark, me = mark_of(key), str(self.me)
        mine = (each for each in understood(SAID, told) if each.author.id == me)
        return next((each.id for each in mine if any(part.id == mark for part in each.components)), "")

    async def _sent(self, channel: str, payload: Payload, key: str, upload: Upload | None = None) -> str:
        body = {**payload, "nonce": nonce_of(f"{channel}/{key}"), "enforce_nonce": True}
        return understood(NAMED, await self._rest.spoken(_messages(channel), body, upload=upload)).id

    async def _patch(self, channel: str, message: str, payload: Payload) -> None:
        route = Route("PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=channel, message_id=message)
        try:
            await self._rest.call(route, payload, is_paced=True)
        except CALL_FAILED as error:
            if code_of(error) != ARCHIVED:
                raise
            await self._rest.call(Route("PATCH", "/channels/{channel_id}", channel_id=channel), {"archived": False})
            await self._rest.call(route, payload)

    def _keep_pace(self, message: str) -> None:
        """Hold an edit of an old message back when the last one was a moment ago."""
        now = asyncio.get_running_loop().time()
        is_old = self._now_ms() / 1000 - discord.utils.snowflake_time(int(message)).timestamp() > OLD_S
        wait_s = self._edited_at.get(message, -OLD_GAP_S) + OLD_GAP_S - now
        if is_old and wait_s > 0:
            raise ChatDown("an old message is edited slowly", wait_s, is_message=True)
        _remember(self._edited_at, message, now)

    async def _start_afresh(self, ref: MessageRef, message: Message) -> None:
        """A successor in the thread for a message that can't be edited any more for now."""
        thread = ref.thread or ref.message
        link = f"https://discord.com/channels/{ref.place.workspace}/{ref.thread or ref.place.channel}/{ref.message}"
        key, note, channel = f"after {ref.message}", say.goes_on_here(link), _channel(ref.place, thread)
        known = await self._found(channel, key)
        sent = known or await self._sent(channel, message_payload(message, key=key, note=note), key)
        fresh = _Successor(MessageRef(ref.place, sent, thread), key, note)
        for old in [each for each, newer in self._fresh.items() if newer.ref == ref]:
            self._fresh[old] = fresh
        _remember(self._fresh, ref.message, fresh)
        if known:
            # It was made before a restart, and shows what was true then.
            await self.edit(ref, message)

    async def _whisper(self, invocation: Invocation, message: Message, upload: Upload | None) -> None:
        """Say it in a direct message, without buttons, as those count in a server alone. Somebody who takes none is told in the
        open how to ask, and no more.
        """
        user = invocation.actor.id.rpartition(":")[2]
        payload = message_payload(message, picture=upload.name if upload else "", has_buttons=False)
        try:
            told = await self._rest.call(Route("POST", "/users/@me/channels"), {"recipient_id": user})
            await self._rest.call(_messages(understood(NAMED, told).id), payload, upload=upload)
        except CALL_FAILED as error:
            if code_of(error) != NO_DIRECT_MESSAGES:
                raise meant(error) from None
            where = _channel(invocation.place, invocation.thread or invocation.place.channel)
            await self._rest.spoken(_messages(where), message_payload(Notice(say.no_private_way())))


def _upload_of(message: Message) -> Upload | None:
    """The image that the message brings along."""
    return Upload(f"{message.run}.png", message.png) if isinstance(message, Picture) and message.png else None


def _messages(channel: str) -> Route:
    return Route("POST", "/channels/{channel_id}/messages", channel_id=channel)


def _channel(place: Place, channel: str) -> str:
    """The channel's id, once it is one: what is stored, or typed after `bind --to`, goes into an address."""
    if place.adapter != NAME or not place.workspace.isdecimal() or not channel.isdecimal():
        raise ChatGone(f"{place} is no channel of Discord", is_place=True)
    return channel


def _remember(kept: "OrderedDict[str, T]", name: str, value: T) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)
