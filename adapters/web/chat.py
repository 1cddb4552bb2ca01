"""The console as a chat: a ChatPort whose threads the page shows. Must hold no rule of conversation.

What the bot posts unasked is an intent on the state branch, so a thread is made from the board each time it is read, and a
restart loses none of it. Only what passes between a person and the bot (what was typed, private answers, forms) is kept here,
within bounds, for as long as the process lives: what came of it is in the log.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from bot.cards import RunCard
from bot.forms import Form
from bot.messages import Message, Notice, Picture
from bot.port import Actor, Caps, ChatGone, Health, Invocation, MessageRef, Place, ThreadRef
from bot.rendering import card_of, message_of
from bot.shown import Action, shown
from engine.clock import iso
from engine.core.blackboard import Blackboard
from engine.core.chat_entities import Binding
from engine.core.ids import PostId, RunId

NAME: Final = "web"
PLACE: Final = Place(NAME, "local", "console")
CAPS: Final = Caps(max_text=100_000, max_actions=25, files=False)
"""No files: the page draws a run's picture itself, and shows it as it is now."""
MAX_TALK: Final = 300
MAX_THREADS: Final = 500
LOBBY: Final = ""
"""Outside of any run's thread."""


class ThreadItem(msgspec.Struct, frozen=True):
    """One thing in a thread. The bot's has a `message` with its `actions`; a person's has `text` alone. `private` is seen by
    whom it is addressed to alone; a later item of the same id replaces an earlier one.
    """

    id: str
    at: str
    by: str
    kind: Literal["card", "post", "said", "reply", "form"]
    text: str
    private: bool = False
    message: Message | None = None
    actions: tuple[Action, ...] = ()
    form: Form | None = None


class _Talk(msgspec.Struct, frozen=True):
    item: ThreadItem
    only_for: str


Tell = Callable[[str, ThreadItem, str], None]
"""Called with the thread, what is new or changed in it, and whom alone it is for (everybody when empty)."""


class WebChat:
    """A ChatPort on the page's threads; `tell` brings what is new to those who look on."""

    name = NAME
    caps = CAPS

    def __init__(self, board: Callable[[], Blackboard], now_ms: Callable[[], int]) -> None:
        self._board = board
        self._now_ms = now_ms
        self._talk: OrderedDict[str, deque[_Talk]] = OrderedDict()
        self._shown: OrderedDict[str, OrderedDict[str, ThreadItem]] = OrderedDict()
        self._count = 0
        self.tell: Tell = _nobody

    async def open_thread(self, place: Place, card: Message, key: str) -> ThreadRef:
        """The thread of this key; opening it twice is opening it once."""
        _check(place)
        thread = _named(key)
        self._put(thread, self._item(thread, "card", card))
        return ThreadRef(PLACE, thread)

    async def post(self, thread: ThreadRef, message: Message, key: str) -> MessageRef:
        """The message of this key in the thread; posting it twice is posting it once."""
        _check(thread.place)
        name = _named(f"{thread.thread}/{key}")
        if name not in self._of(thread.thread):
            self._put(thread.thread, self._item(name, "post", message))
        return MessageRef(PLACE, name, thread.thread)

    async def edit(self, ref: MessageRef, message: Message) -> None:
        """Those who look on see the message as it is now; who comes later sees it so anyway."""
        _check(ref.place)
        thread = ref.thread or ref.message
        if ref.message not in self._of(thread) and not self._is_on_the_board(ref.message):
            raise ChatGone(f"there is no message {ref.message} in the console")
        self._put(thread, self._item(ref.message, "card" if ref.message == thread else "post", message))

    async def reply(self, invocation: Invocation, message: Message) -> None:
        """Answer below what was typed."""
        self._say(invocation, self._item(self._next(), "reply", message))

    async def ask_form(self, invocation: Invocation, form: Form) -> None:
        """Put the form to the person who asked."""
        self._say(invocation, ThreadItem(self._next(), iso(self._now_ms()), "", "form", form.title, form=form))

    async def upload(self, thread: ThreadRef, data: bytes, name: str, alt: str, key: str) -> MessageRef:
        """The text that tells the same as the file; the page has a picture of its own."""
        del data, name
        return await self.post(thread, Notice(alt), key)

    async def resolve(self, actor_id: str) -> Actor:
        """The console knows its people by name alone; a proxy's groups are not passed on."""
        return Actor(actor_id, actor_id.partition(":")[2])

    def health(self) -> Health:
        """It works for as long as the console does."""
        return Health(is_up=True)

    def heard(self, thread: str, by: str, text: str) -> ThreadItem:
        """What a person typed, as an item that everybody in the thread sees."""
        item = ThreadItem(self._next(), iso(self._now_ms()), by, "said", text)
        self._keep(thread, item, "")
        return item

    def items(self, run: RunId, actor: str) -> list[ThreadItem]:
        """The run's thread for this person, oldest first: from the board, with what was said and answered since the start."""
        board = self._board()
        found: list[ThreadItem] = []
        for binding in threads_of(board, run):
            found += self._posted(board, binding)
            found += [t.item for t in self._talk.get(binding.thread, ()) if t.only_for in {"", actor}]
        return sorted(found, key=lambda item: item.at)

    def seen(self, thread: str) -> list[ThreadItem]:
        """What was posted into the thread since the start, in order."""
        return list(self._of(thread).values())

    def _posted(self, board: Blackboard, binding: Binding) -> list[ThreadItem]:
        card = card_of(board, binding.run)
        posts = (board.chat.posts[PostId(name)] for (bound, _), name in board.chat.keys.items() if bound == binding.id)
        return [
            _item_of(binding.thread, binding.bound_at, "card", card),
            *(
                _item_of(post.message, post.intended_at, "post", message_of(board, post))
                for post in posts
                if post.message
            ),
        ]

    def _is_on_the_board(self, name: str) -> bool:
        """Whether an earlier process posted it."""
        chat = self._board().chat
        return any(each.thread == name for each in chat.bindings.values()) or any(
            post.message == name for post in chat.posts.values()
        )

    def _of(self, thread: str) -> "OrderedDict[str, ThreadItem]":
        return self._shown.get(thread) or OrderedDict()

    def _put(self, thread: str, item: ThreadItem) -> None:
        kept = self._shown.setdefault(thread, OrderedDict())
        kept[item.id] = item
        while len(kept) > MAX_TALK:
            kept.popitem(last=False)
        while len(self._shown) > MAX_THREADS:
            self._shown.popitem(last=False)
        self.tell(thread, item, "")

    def _say(self, invocation: Invocation, item: ThreadItem) -> None:
        private = msgspec.structs.replace(item, private=True)
        self._keep(invocation.thread or LOBBY, private, invocation.actor.id)

    def _keep(self, thread: str, item: ThreadItem, only_for: str) -> None:
        self._talk.setdefault(thread, deque(maxlen=MAX_TALK)).append(_Talk(item, only_for))
        if len(self._talk) > MAX_THREADS:
            self._talk.popitem(last=False)
        self.tell(thread, item, only_for)

    def _item(self, name: str, kind: Literal["card", "post", "reply"], message: Message) -> ThreadItem:
        return _item_of(name, iso(self._now_ms()), kind, message)

    def _next(self) -> str:
        self._count += 1
        return f"t{self._count}"


def threads_of(board: Blackboard, run: RunId) -> list[Binding]:
    """The run's bindings to the console that have a thread, oldest first."""
    names = board.chat.bindings_of.get(run, ())
    return [b for name in names if (b := board.chat.bindings[name]).adapter == NAME and b.thread]


def _item_of(name: str, at: str, kind: Literal["card", "post", "reply"], message: Message) -> ThreadItem:
    if isinstance(message, Picture):
        message = msgspec.structs.replace(message, png=b"")
    # The card's tasks are left out: the page has the run itself beside the thread.
    told = None if isinstance(message, RunCard) else message
    seen = shown(message, CAPS)
    return ThreadItem(name, at, "", kind, seen.text, message=told, actions=seen.actions)


def _named(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _check(place: Place) -> None:
    if place != PLACE:
        raise ChatGone(f"the console has one place, {PLACE}, and {place} is another", is_place=True)


def _nobody(thread: str, item: ThreadItem, only_for: str) -> None:
    """Before the console is open there is nobody to tell."""
