"""The one port to chats: what a platform tells us (Invocation) and what we ask of it (ChatPort). Must not name a platform.

Slack, Discord, the web console and the chat in memory implement it and pass one suite (tests/contracts/test_chat.py). An
implementation translates and nothing else: it holds no rule of conversation, and it acknowledges before it hands over.
"""

from typing import Literal, Protocol

import msgspec

from bot.forms import Form
from bot.messages import Message

Kind = Literal["command", "click", "form", "mention"]


class Place(msgspec.Struct, frozen=True):
    """A channel: `slack`, `T1`, `C9`. The console's is `web`, `local`, `console`."""

    adapter: str
    workspace: str
    channel: str

    def __str__(self) -> str:
        return f"{self.adapter}:{self.workspace}:{self.channel}"


class MessageRef(msgspec.Struct, frozen=True):
    """A message that can be edited; `thread` is the one it stands in, empty for a message of the channel itself."""

    place: Place
    message: str
    thread: str = ""


class ThreadRef(msgspec.Struct, frozen=True):
    """The thread of one run. It is named like the message that it hangs from, which is the run's card."""

    place: Place
    thread: str

    @property
    def card(self) -> MessageRef:
        """The run's card: the message that opened the thread."""
        return MessageRef(self.place, self.thread)


class Actor(msgspec.Struct, frozen=True):
    """Who spoke or clicked. `id` is `slack:T1:U7` or `web:alice`; `groups` are ids in the same form (`slack:T1:S3`)."""

    id: str
    name: str
    groups: tuple[str, ...] = ()


class Invocation(msgspec.Struct, frozen=True):
    """Something a person did. The platform has acknowledged it already; the answer comes by `reply` or `ask_form`.

    - `command`: `name` is the verb and `args` its options; or `name` is empty and `args["text"]` is the line as it was typed.
    - `mention`: `args["text"]` is what followed the bot's name.
    - `click`: `name` and `args` are those of the Action (bot/shown.py) that was clicked.
    - `form`: `name` and `args` are those of the Form, `values` what was filled in.

    `dedupe_key` is the same for each delivery of one deed; `handle` is the platform's own (a trigger, a response address) and
    is never stored. `is_home`: it was done on the person's own page, which is to show what became of it; a command there, whatever
    its name, asks for the page.
    """

    place: Place
    actor: Actor
    dedupe_key: str
    kind: Kind
    name: str
    thread: str | None = None
    args: dict[str, str] = {}
    values: dict[str, str] = {}
    handle: str = ""
    is_home: bool = False


class Caps(msgspec.Struct, frozen=True):
    """What a platform can show. `max_text` counts UTF-16 units, as the strictest platform does; `max_label` a button's text.

    `files` are pictures; `text_files` says that a text can be brought as a file, too.
    """

    max_text: int
    max_actions: int
    max_label: int = 75
    modals: bool = True
    edits: bool = True
    files: bool = True
    text_files: bool = False


class Health(msgspec.Struct, frozen=True):
    """Whether the platform can be reached, and a sentence about it."""

    is_up: bool
    detail: str = ""


class ChatDown(Exception):
    """The platform can't be reached now: try again, after `retry_after_s` when it says so (0 when it does not).

    `is_message`: only this one message has to wait, and the rest of the channel need not.
    """

    def __init__(self, message: str, retry_after_s: float = 0.0, *, is_message: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_message = is_message


class ChatGone(Exception):
    """Trying again can't help: the message was deleted, or the whole place is closed to us (`is_place`)."""

    def __init__(self, message: str, *, is_place: bool = False) -> None:
        super().__init__(message)
        self.is_place = is_place


class ChatPort(Protocol):
    """A chat platform. Each method raises ChatDown or ChatGone and nothing else; cancellation passes."""

    @property
    def name(self) -> str:
        """`slack`, `discord`, `web`: the first part of every id of this platform."""
        ...

    @property
    def caps(self) -> Caps:
        """What it can show."""
        ...

    async def open_thread(self, place: Place, card: Message, key: str) -> ThreadRef:
        """Post the card into the place and open a thread under it; with a `key` that was used before: that thread."""
        ...

    async def post(self, thread: ThreadRef, message: Message, key: str) -> MessageRef:
        """Post into the thread; with a `key` that was used before, nothing is posted and that message returned."""
        ...

    async def edit(self, ref: MessageRef, message: Message) -> None:
        """Show the message in place of what the reference shows. Called from one task per channel, in order."""
        ...

    async def reply(self, invocation: Invocation, message: Message) -> None:
        """Answer what a person did, where they did it, for their eyes alone."""
        ...

    async def ask_form(self, invocation: Invocation, form: Form) -> None:
        """Put a form to the person who clicked. Only where `caps.modals` says so."""
        ...

    async def upload(self, thread: ThreadRef, data: bytes, name: str, alt: str, key: str) -> MessageRef:
        """Post a picture with a text that tells the same, or where `caps.text_files` says so a text (`name` ends in `.txt`) with a
        caption; idempotent by `key` as `post` is.
        """
        ...

    async def resolve(self, actor_id: str) -> Actor:
        """Who this is and which groups they are in now."""
        ...

    def health(self) -> Health:
        """Whether it works."""
        ...
