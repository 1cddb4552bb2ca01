"""One channel's announcer: a single task that says one thing after the other, so that nothing overtakes anything.

It holds no messages, only what is to be said: posts are intents on the state branch, and an edit is rendered when its turn
has come. So a thousand changes while it waits are one edit, and after a crash it begins where it stopped.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import msgspec

from bot.desk import EngineSeen
from bot.messages import Message
from bot.pace import Pacer
from bot.port import ChatDown, ChatGone, ChatPort, MessageRef, Place, ThreadRef
from bot.rendering import card_of, message_of, picture_of
from engine.core import commands as c
from engine.core.chat_entities import Binding, Post
from engine.core.ids import BindingId, PostId, number
from engine.core.lifecycle import RUN_OVER
from engine.ledger import ENGINE

logger = logging.getLogger(__name__)

CARD: Final = "card"
MAX_CALL_S: Final = 60.0
WARN_AT: Final = 3
"""So many failures in a row are worth a warning."""
What = PostId | str
"""What is to be edited: the run's card, or a post."""


class Opening(msgspec.Struct, frozen=True):
    """The thread is to be opened."""

    binding: Binding


class Sending(msgspec.Struct, frozen=True):
    """A post is to be sent."""

    binding: Binding
    post: Post


class Editing(msgspec.Struct, frozen=True):
    """What is shown is to be brought up to date."""

    binding: Binding
    what: What


Utterance = Opening | Sending | Editing


class Announcer:
    """What is said in one place, whichever runs are bound there."""

    def __init__(self, place: Place, port: ChatPort, engine: EngineSeen, pacer: Pacer) -> None:
        self.place = place
        self._port = port
        self._engine = engine
        self._pacer = pacer
        self._bindings: dict[BindingId, None] = {}
        self._dirty: dict[tuple[BindingId, What], None] = {}
        self._told: dict[tuple[BindingId, What], Message] = {}
        self._held: dict[tuple[BindingId, What], float] = {}
        self._wake = asyncio.Event()
        # What was tried before, perhaps by a process that is gone, may show what was true then.
        self._tried: set[BindingId | PostId] = set()
        self._last_binding, self._last_post = engine.board.chat.last_binding, engine.board.chat.last_post

    def take(self, binding: BindingId) -> None:
        """Serve the binding from now on."""
        self._bindings[binding] = None
        self._wake.set()

    def touch(self, binding: BindingId, what: What = CARD) -> None:
        """What is shown of it may be out of date."""
        if self._port.caps.edits:
            self._dirty.setdefault((binding, what))
        self.take(binding)

    async def run(self) -> None:
        """Speak until cancelled.

        Raises: LedgerStopped.
        """
        failures = 0
        while True:
            if self._next() is None:
                await self._wait()
                continue
            await self._pacer.turn(self.place)
            utterance = self._next()
            if utterance is None:
                continue
            try:
                await self._do(utterance)
                self._pacer.spoke(self.place)
                failures = 0
            except ChatDown as error:
                self._put_back(utterance)
                if error.is_message and isinstance(utterance, Editing):
                    self._held[utterance.binding.id, utterance.what] = _now() + error.retry_after_s
                    continue
                failures += 1
                # Once: a moment's trouble is no news, a chat may be down for days, and its health is told elsewhere.
                level = logging.WARNING if failures == WARN_AT else logging.DEBUG
                extra = {"action": "chat_down", "place": str(self.place), "why": str(error)}
                logger.log(level, "chat is down", extra=extra)
                await self._pacer.back_off(failures, error.retry_after_s)
            except ChatGone as error:
                await self._give_up(utterance, error)

    def _next(self) -> Utterance | None:
        """What comes next: threads, questions, other posts, edits; a summary when its run's edits are through."""
        board = self._engine.board
        live = [b for name in tuple(self._bindings) if not (b := board.chat.bindings[name]).ended]
        self._bindings = {binding.id: None for binding in live}
        for binding in live:
            if not binding.thread:
                return Opening(binding)
        posts = [post for name in board.chat.unsettled if (post := board.chat.posts[name]).binding in self._bindings]
        edited = {binding for binding, _ in self._dirty}
        ripe = [post for post in posts if post.content != "summary" or post.binding not in edited]
        if ripe:
            first = min(ripe, key=lambda post: post.content != "decision")
            return Sending(board.chat.bindings[first.binding], first)
        return self._next_edit()

    def _next_edit(self) -> Editing | None:
        """The first edit that need not wait."""
        self._held = {key: at for key, at in self._held.items() if at > _now()}
        for key in tuple(self._dirty):
            if key[0] not in self._bindings:
                del self._dirty[key]
            elif key not in self._held:
                return Editing(self._engine.board.chat.bindings[key[0]], key[1])
        return None

    async def _wait(self) -> None:
        """Wait for something to say: for news, or until an edit that was held back may be made."""
        if self._dirty:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(self._held[key] for key in self._dirty)):
                    await self._wake.wait()
        else:
            self._rest()
            await self._wake.wait()

    def _rest(self) -> None:
        """Nothing is left to be said: let go of what whoever touches it next will bring back."""
        self._wake.clear()
        self._bindings.clear()
        board = self._engine.board
        over = {b for b, _ in self._told if board.runs[board.chat.bindings[b].run].state in RUN_OVER}
        self._told = {key: message for key, message in self._told.items() if key[0] not in over}

    async def _do(self, utterance: Utterance) -> None:
        match utterance:
            case Opening(binding):
                await self._open(binding)
            case Sending(binding, post):
                ref = await self._send(binding, post)
                await self._engine.order(c.SettlePost(post.id, message=ref.message), ENGINE)
            case Editing(binding, what):
                await self._edit(binding, what)

    async def _open(self, binding: Binding) -> None:
        card = card_of(self._engine.board, binding.run)
        is_new = self._is_first_try(binding.id)
        async with self._speaking():
            thread = await self._port.open_thread(self.place, card, self._key(binding, binding.id))
        if is_new:
            self._told[binding.id, CARD] = card
        await self._engine.order(c.OpenThread(binding.id, thread.thread), ENGINE)
        self.touch(binding.id)

    async def _send(self, binding: Binding, post: Post) -> MessageRef:
        thread = ThreadRef(self.place, binding.thread)
        key = self._key(binding, post.id)
        if post.content == "picture" and self._port.caps.files:
            picture = await asyncio.to_thread(picture_of, self._engine.board, post.run)
            async with self._speaking():
                return await self._port.upload(thread, picture.png, f"{post.run}.png", picture.alt, key)
        message = message_of(self._engine.board, post)
        is_new = self._is_first_try(post.id)
        async with self._speaking():
            ref = await self._port.post(thread, message, key)
        if is_new:
            self._told[binding.id, post.id] = message
        return ref

    @asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        """Within, the chat is told what git can tell already; for a limited time."""
        await self._engine.flush()
        async with in_time():
            yield

    def _is_first_try(self, name: BindingId | PostId) -> bool:
        last = self._last_binding if name.startswith("B") else self._last_post
        is_first = number(name) > last and name not in self._tried
        self._tried.add(name)
        return is_first

    async def _edit(self, binding: Binding, what: What) -> None:
        self._dirty.pop((binding.id, what), None)
        board = self._engine.board
        if what == CARD:
            message: Message = card_of(board, binding.run)
            ref = ThreadRef(self.place, binding.thread).card
        else:
            post = board.chat.posts[PostId(what)]
            if not post.message:
                return  # not sent yet, or never: when it is sent, it says what is true then
            message = message_of(board, post)
            ref = MessageRef(self.place, post.message, binding.thread)
        if self._told.get((binding.id, what)) == message:
            return
        async with self._speaking():
            await self._port.edit(ref, message)
        self._told[binding.id, what] = message

    def _put_back(self, utterance: Utterance) -> None:
        if isinstance(utterance, Editing):
            self._dirty.setdefault((utterance.binding.id, utterance.what))

    async def _give_up(self, utterance: Utterance, error: ChatGone) -> None:
        extra = {"action": "chat_gone", "place": str(self.place), "run": utterance.binding.run, "why": str(error)}
        logger.warning("chat is gone", extra=extra)
        if error.is_place or isinstance(utterance, Opening):
            await self._engine.order(c.UnbindChat(utterance.binding.id, str(error)), ENGINE)
        elif isinstance(utterance, Sending):
            await self._engine.order(c.SettlePost(utterance.post.id, dead=str(error) or "gone"), ENGINE)

    def _key(self, binding: Binding, name: str) -> str:
        """The same for each try, and for no other repository that speaks in the same channel."""
        run = self._engine.board.runs[binding.run]
        return f"{name}/{run.id}/{run.base[:12]}/{run.created_at}"


def _now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """A platform that does not answer in time counts as down.

    Raises: ChatDown.
    """
    try:
        async with asyncio.timeout(MAX_CALL_S):
            yield
    except TimeoutError:
        raise ChatDown(f"no answer in {MAX_CALL_S:.0f} s") from None
