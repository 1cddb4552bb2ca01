"""One run on several surfaces at once: what stands on each, and how a person answers a question there.

The ports are the real ones; behind Discord's and Slack's are their APIs in memory, and deeds come in as the platform tells them.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable

from adapters.web.chat import PLACE as CONSOLE
from adapters.web.chat import ThreadItem, WebChat
from bot.forms import Form
from bot.port import Actor, ChatPort, Invocation, Place
from engine.core.blackboard import Blackboard
from tests.adapters.discord.reading import buttons, read
from tests.adapters.discord.rest_fake import ALICE, CHANNEL, GUILD
from tests.adapters.discord.test_router import COMPONENT, MODAL, THREAD, World
from tests.fakes.jumping import LoopClock

_deeds = itertools.count(1)
Take = Callable[[Invocation], object]


class Surface(ABC):
    """Somebody's screen, and their hands. `account` is who they are there."""

    account: str
    place: Place

    @property
    @abstractmethod
    def port(self) -> ChatPort:
        """What the bot speaks through."""

    @abstractmethod
    def texts(self) -> list[str]:
        """What stands there for everybody."""

    @abstractmethod
    def told(self) -> list[str]:
        """What was said to this person alone."""

    @abstractmethod
    def labels(self) -> list[str]:
        """The buttons."""

    @abstractmethod
    async def clicks(self, label: str) -> None:
        """The last button of this label."""

    @abstractmethod
    async def fills_in(self, **values: str) -> None:
        """The form that came up last."""

    def says(self, part: str) -> bool:
        """Whether it stands there."""
        return any(part in text for text in self.texts())


class Console(Surface):
    """The page of the web console, with one person looking on."""

    account = "web:alice"
    place = CONSOLE

    def __init__(self, board: Callable[[], Blackboard], take: Take) -> None:
        self._chat = WebChat(board, LoopClock().now_ms)
        self._take = take
        self._items: dict[str, tuple[str, ThreadItem]] = {}
        self._chat.tell = self._see

    @property
    def port(self) -> ChatPort:
        return self._chat

    def texts(self) -> list[str]:
        return [item.text for _, item in self._items.values() if not item.private]

    def told(self) -> list[str]:
        return [item.text for _, item in self._items.values() if item.private]

    def labels(self) -> list[str]:
        return [action.label for _, item in self._items.values() for action in item.actions]

    async def clicks(self, label: str) -> None:
        found = [(t, a) for t, item in self._items.values() for a in item.actions if a.label == label]
        thread, action = found[-1]
        self._does("click", thread, action.name, action.args, {})

    async def fills_in(self, **values: str) -> None:
        thread, form = [(t, item.form) for t, item in self._items.values() if item.form is not None][-1]
        assert isinstance(form, Form)
        self._does("form", thread, form.name, form.args, values)

    def _does(self, kind: str, thread: str, name: str, args: dict[str, str], values: dict[str, str]) -> None:
        actor, key = Actor(self.account, "alice"), f"web {next(_deeds)}"
        assert kind in {"click", "form"}
        self._take(
            Invocation(
                "web", CONSOLE.workspace, CONSOLE, actor, key, "click" if kind == "click" else "form", name, 0, thread,
                dict(args), values,
            )
        )  # fmt: skip

    def _see(self, thread: str, item: ThreadItem, only_for: str) -> None:
        if only_for in {"", self.account}:
            self._items[item.id] = thread, item


class OnDiscord(Surface):
    """A channel of a Discord server, with one person in it."""

    account = f"discord:{GUILD}:{ALICE}"
    place = Place("discord", GUILD, CHANNEL)

    def __init__(self, take: Take) -> None:
        self._world = World()
        self._world.house = take
        self._clicked = ""

    @property
    def port(self) -> ChatPort:
        return self._world.link.chat

    def texts(self) -> list[str]:
        return [read(each) for each in self._world.memory.messages.values()]

    def told(self) -> list[str]:
        memory = self._world.memory
        return [read(body) for _, body in memory.edits_of_answers if body is not None]

    def labels(self) -> list[str]:
        return [button["label"] for each in self._world.memory.messages.values() for button in buttons(each)]

    async def clicks(self, label: str) -> None:
        found = [b for each in self._world.memory.messages.values() for b in buttons(each) if b["label"] == label]
        self._clicked = await self._does(COMPONENT, {"custom_id": found[-1]["custom_id"], "component_type": 2})

    async def fills_in(self, **values: str) -> None:
        modal = self._world.memory.first_answers[self._clicked]["data"]
        labels = [{"type": 18, "component": {"type": 4, "custom_id": n, "value": v}} for n, v in values.items()]
        await self._does(MODAL, {"custom_id": modal["custom_id"], "components": labels})

    async def _does(self, kind: int, data: dict[str, object]) -> str:
        (thread,) = self._world.memory.threads
        return await self._world.does(kind, data, {**THREAD, "id": thread})
