"""One run on several surfaces at once: what stands on each, and how a person answers a question there."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal

from adapters.web.chat import PLACE as CONSOLE
from adapters.web.chat import ThreadItem, WebChat
from bot.port import Actor, Invocation, Place
from engine.core.blackboard import Blackboard
from tests.fakes.jumping import LoopClock
from tests.fakes.platforms import Deliver, Platform
from tests.fakes.talk import ALICE

_deeds = itertools.count(1)
_told: ContextVar[list[str]] = ContextVar("told")
"""What was said in private to the deed that is being done: each is done in a task, and so in a context, of its own."""


class Surface(ABC):
    """Alice's screen, and her hands. `account` is who she is there; what she does returns what she alone was told."""

    account: str
    place: Place

    @abstractmethod
    def texts(self) -> list[str]:
        """What stands there for everybody."""

    @abstractmethod
    def labels(self) -> list[str]:
        """The buttons."""

    @abstractmethod
    async def clicks(self, label: str) -> str:
        """The last button of this label."""

    @abstractmethod
    async def fills_in(self, **values: str) -> str:
        """The form that came up last."""

    def says(self, part: str) -> bool:
        """Whether it stands there."""
        return any(part in text for text in self.texts())


class OnPlatform(Surface):
    """A chat platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.account = platform.who(ALICE)
        self.place = platform.place

    def texts(self) -> list[str]:
        return [self._platform.text(name) for name in self._platform.names()]

    def labels(self) -> list[str]:
        return [each.label for name in self._platform.names() for each in self._platform.buttons(name)]

    async def clicks(self, label: str) -> str:
        names = self._platform.names()
        found = [each for name in names for each in self._platform.buttons(name) if each.label == label]
        return await self._platform.presses(ALICE, found[-1])

    async def fills_in(self, **values: str) -> str:
        return await self._platform.fills_in(ALICE, values)


class Console(Surface):
    """The page of the web console, which looks on."""

    account = "web:alice"
    place = CONSOLE

    def __init__(self, board: Callable[[], Blackboard], deliver: Deliver) -> None:
        self.port = WebChat(board, LoopClock().now_ms)
        self._deliver = deliver
        self._items: dict[str, tuple[str, ThreadItem]] = {}
        self.port.tell = self._see

    def texts(self) -> list[str]:
        return [item.text for _, item in self._items.values() if not item.private]

    def labels(self) -> list[str]:
        return [action.label for _, item in self._items.values() for action in item.actions]

    async def clicks(self, label: str) -> str:
        found = [(t, a) for t, item in self._items.values() for a in item.actions if a.label == label]
        thread, action = found[-1]
        return await self._does("click", thread, action.name, action.args, {})

    async def fills_in(self, **values: str) -> str:
        thread, form = [(t, item.form) for t, item in self._items.values() if item.form is not None][-1]
        return await self._does("form", thread, form.name, form.args, values)

    async def _does(
        self, kind: Literal["click", "form"], thread: str, name: str, args: dict[str, str], values: dict[str, str]
    ) -> str:
        actor, key = Actor(self.account, "alice"), f"web {next(_deeds)}"
        deed = Invocation(CONSOLE, actor, key, kind, name, thread, dict(args), values)
        _told.set([])
        await self._deliver(deed)
        return "\n".join(_told.get())

    def _see(self, thread: str, item: ThreadItem, only_for: str) -> None:
        if only_for in {"", self.account}:
            self._items[item.id] = thread, item
        if only_for and item.kind == "reply":
            _told.get().append(item.text)
