"""A chat in memory: channels, threads, private answers, forms. It keeps what is on its screens, and how it got there.

It outlives the bot, as a platform does: a test that pulls the plug gives the same chat to the next bot.
"""

import asyncio

import msgspec

from bot.forms import Form
from bot.messages import Message, Picture
from bot.port import Actor, Caps, ChatDown, ChatGone, Health, Invocation, MessageRef, Place, ThreadRef
from bot.shown import Shown, shown
from engine.core.ids import RunId


class Entry(msgspec.Struct):
    """A message on a screen: what it showed, first to last, and when."""

    place: Place
    thread: str
    message: Message
    shown: Shown
    at_s: float
    edits: list[tuple[float, str]]


class MemoryChat:
    """The port, and a look at the screens. Every call takes `latency_s`."""

    def __init__(self, name: str = "memory", caps: Caps = Caps(max_text=4_000, max_actions=5)) -> None:
        self.name = name
        self.caps = caps
        self.entries: dict[str, Entry] = {}
        self.answers: list[tuple[Invocation, str]] = []
        self.forms: list[tuple[Invocation, Form]] = []
        self.groups: dict[str, tuple[str, ...]] = {}
        self.latency_s = 0.05
        self.down_until_s = 0.0
        self.closed: set[Place] = set()
        self.deleted: set[str] = set()
        self.calls = 0
        self._by_key: dict[tuple[Place, str], str] = {}
        self.after_next_post: asyncio.Event | None = None

    async def open_thread(self, place: Place, card: Message, key: str) -> ThreadRef:
        await self._reach(place)
        return ThreadRef(place, self._put(place, "", card, key))

    async def post(self, thread: ThreadRef, message: Message, key: str) -> MessageRef:
        await self._reach(thread.place)
        name = self._put(thread.place, thread.thread, message, key)
        if self.after_next_post is not None:
            # The answer is lost on its way: the message stands, and the bot is not told.
            self.after_next_post.set()
            await asyncio.get_running_loop().create_future()
        return MessageRef(thread.place, name, thread.thread)

    async def edit(self, ref: MessageRef, message: Message) -> None:
        await self._reach(ref.place)
        if ref.message in self.deleted or ref.message not in self.entries:
            raise ChatGone(f"there is no message {ref.message}")
        entry = self.entries[ref.message]
        entry.message, entry.shown = message, shown(message, self.caps)
        entry.edits.append((asyncio.get_running_loop().time(), entry.shown.text))

    async def reply(self, invocation: Invocation, message: Message) -> None:
        await self._reach(invocation.place)
        self.answers.append((invocation, shown(message, self.caps).text))

    async def ask_form(self, invocation: Invocation, form: Form) -> None:
        await self._reach(invocation.place)
        self.forms.append((invocation, form))

    async def upload(self, thread: ThreadRef, data: bytes, name: str, alt: str, key: str) -> MessageRef:
        picture = Picture(RunId(name.partition(".")[0]), alt, data)
        return await self.post(thread, picture, key)

    async def resolve(self, actor_id: str) -> Actor:
        await asyncio.sleep(self.latency_s)
        return Actor(actor_id, actor_id.rpartition(":")[2], self.groups.get(actor_id, ()))

    def health(self) -> Health:
        return Health(is_up=True)

    def screen(self, thread: str = "") -> list[str]:
        """What stands in a thread now, or in the channels."""
        return [entry.shown.text for entry in self.entries.values() if entry.thread == thread]

    async def _reach(self, place: Place) -> None:
        self.calls += 1
        await asyncio.sleep(self.latency_s)
        if asyncio.get_running_loop().time() < self.down_until_s:
            raise ChatDown("503")
        if place in self.closed:
            raise ChatGone("the channel is gone", is_place=True)

    def _put(self, place: Place, thread: str, message: Message, key: str) -> str:
        if (place, key) in self._by_key:
            return self._by_key[place, key]
        name = f"m{len(self.entries) + 1}"
        self._by_key[place, key] = name
        at_s = asyncio.get_running_loop().time()
        self.entries[name] = Entry(place, thread, message, shown(message, self.caps), at_s, [])
        return name
