"""The chat in memory as a platform for stories."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bot.port import Actor, ChatPort, Invocation, Kind, Place
from bot.shown import Action
from tests.fakes.chat import MemoryChat
from tests.fakes.platforms import Button, Deliver, Platform

_deeds = itertools.count(1)


class MemoryPlatform(Platform):
    """A MemoryChat, and the people who use it."""

    def __init__(self, chat: MemoryChat | None = None, workspace: str = "T1", channel: str = "C1") -> None:
        self.chat = chat or MemoryChat()
        self.name = self.chat.name
        self.place = Place(self.name, workspace, channel)
        self.home = Place(self.name, workspace, "home")
        self.elsewhere = Place(self.name, workspace, "elsewhere")
        self._deliver: Deliver | None = None

    @property
    def calls(self) -> int:  # type: ignore[override]  # it is the chat that counts
        return self.chat.calls

    @asynccontextmanager
    async def connected(self, deliver: Deliver) -> AsyncIterator[ChatPort]:
        self._deliver = deliver
        yield self.chat

    def who(self, name: str) -> str:
        return f"{self.name}:{self.place.workspace}:{name}"

    def joins(self, name: str, group: str) -> str:
        identifier = self.who(group)
        self.chat.groups[self.who(name)] = (*self.chat.groups.get(self.who(name), ()), identifier)
        return identifier

    async def types(self, who: str, text: str, *, place: Place | None = None, deed: str = "") -> str:
        return await self._does(who, "command", "", {"text": text}, place=place, deed=deed)

    async def mentions(self, who: str, text: str, thread: str) -> str:
        return await self._does(who, "mention", "", {"text": text}, thread=thread)

    async def presses(self, who: str, button: Button, *, deed: str = "") -> str:
        action: Action = button.control
        thread = self.chat.entries[button.on].thread or button.on
        return await self._does(who, "click", action.name, action.args, thread=thread, deed=deed)

    async def fills_in(self, who: str, values: Mapping[str, str]) -> str:
        invocation, form = self.chat.forms[-1]
        return await self._does(who, "form", form.name, form.args, thread=invocation.thread, values=dict(values))

    def key_of(self, deed: str) -> str:
        return deed

    def names(self, thread: str | None = None) -> list[str]:
        return [name for name, entry in self.chat.entries.items() if thread is None or entry.thread == thread]

    def text(self, message: str) -> str:
        return self.chat.entries[message].shown.text

    def history(self, message: str) -> list[tuple[float, str]]:
        entry = self.chat.entries[message]
        return [(entry.at_s, ""), *entry.edits]

    def place_of(self, message: str) -> Place:
        return self.chat.entries[message].place

    def buttons(self, on: str) -> list[Button]:
        return [Button(action.label, on, action) for action in self.chat.entries[on].shown.actions]

    def control(self, name: str, args: Mapping[str, str], on: str) -> Button:
        return Button(name, on, Action(name, name, dict(args)))

    def down_until(self, at_s: float) -> None:
        self.chat.down_until_s = at_s

    def latency(self, seconds: float) -> None:
        self.chat.latency_s = seconds

    def delete(self, message: str) -> None:
        self.chat.deleted.add(message)

    def close(self) -> None:
        self.chat.closed.add(self.place)

    def lose_answers(self, are_lost: bool) -> None:
        self.chat.after_next_post = asyncio.Event() if are_lost else None

    async def _does(
        self, who: str, kind: Kind, name: str, args: Mapping[str, str], *, place: Place | None = None,
        thread: str | None = None, deed: str = "", values: dict[str, str] | None = None,
    ) -> str:  # fmt: skip
        before = len(self.chat.answers)
        place, key = place or self.place, deed or f"deed {next(_deeds)}"
        assert self._deliver is not None, "no bot is connected"
        await self._deliver(
            Invocation(
                place, Actor(self.who(who), who), key, kind, name, thread, dict(args), values or {},
            )
        )  # fmt: skip
        return "\n".join(text for given, text in self.chat.answers[before:] if given.dedupe_key == key)
