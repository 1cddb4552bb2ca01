"""A chat platform as a story sees it: people who type and press, screens that they read, and what can go wrong there.

A platform outlives the bot: a test that pulls the plug connects the next bot to the same one. Each platform that we speak on
joins the stories by an implementation (tests/stories/conftest.py lists them); stories name people by plain names (`alice`),
messages by whatever `names` calls them, and know no platform.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from bot.port import ChatPort, Invocation, Place

Deliver = Callable[[Invocation], Awaitable[None]]
"""What the bot does with a deed (bot/bot.py, `Bot.handle`)."""


class Button(msgspec.Struct, frozen=True):
    """A button as it stands on somebody's screen, or stood there a while ago; `control` is the platform's own."""

    label: str
    on: str
    control: Any


class Platform(ABC):
    """People, screens, faults. `place` is the story's channel, `home` another one, `elsewhere` one that no rule allows.

    What people do returns what the bot answered to it, in private: empty when a form came up or nothing was said. `deed` names
    one deed that is delivered several times. `calls` counts what the bot asked of the platform.
    """

    name: str
    place: Place
    home: Place
    elsewhere: Place
    calls: int

    @abstractmethod
    def connected(self, deliver: Deliver) -> AbstractAsyncContextManager[ChatPort]:
        """The port of a bot that lives while the context is open; leaving it is like pulling the plug."""

    # People.

    @abstractmethod
    def who(self, name: str) -> str:
        """The account of somebody, as an Actor's id: `memory:T1:alice`."""

    @abstractmethod
    def joins(self, name: str, group: str) -> str:
        """Put somebody into a group; returns its id, as an Actor's `groups` hold it."""

    @abstractmethod
    async def types(self, who: str, text: str, *, place: Place | None = None, deed: str = "") -> str:
        """`/orch <text>` in the channel."""

    @abstractmethod
    async def mentions(self, who: str, text: str, thread: str) -> str:
        """`@orch <text>` in the thread below the card."""

    @abstractmethod
    async def presses(self, who: str, button: Button, *, deed: str = "") -> str:
        """A button that is shown to them, or was when they looked."""

    @abstractmethod
    async def fills_in(self, who: str, values: Mapping[str, str]) -> str:
        """The form that came up last."""

    @abstractmethod
    def key_of(self, deed: str) -> str:
        """The Invocation's `dedupe_key` of a deed."""

    # Screens.

    @abstractmethod
    def names(self, thread: str | None = None) -> list[str]:
        """All messages in order; or those of the thread below a card; or, for an empty one, those of the channels themselves."""

    @abstractmethod
    def text(self, message: str) -> str:
        """What a person reads there, without markup."""

    @abstractmethod
    def history(self, message: str) -> list[tuple[float, str]]:
        """When it showed what: first when it was posted, then each edit."""

    @abstractmethod
    def place_of(self, message: str) -> Place:
        """Where it stands."""

    @abstractmethod
    def buttons(self, on: str) -> list[Button]:
        """The buttons of the message, in order."""

    @abstractmethod
    def control(self, name: str, args: Mapping[str, str], on: str) -> Button:
        """A button that another version of the bot drew on the message."""

    def screen(self, thread: str = "") -> list[str]:
        """What stands in the thread below a card, or in the channels."""
        return [self.text(name) for name in self.names(thread)]

    def card(self) -> str:
        """The first card."""
        return self.names("")[0]

    def thread(self) -> list[str]:
        """What stands below the first card; nothing as long as there is none."""
        return [text for card in self.names("")[:1] for text in self.screen(card)]

    def button(self, label: str, on: str) -> Button:
        """The button with the label."""
        return next(button for button in self.buttons(on) if button.label == label)

    def objections(self) -> list[str]:
        """What the platform holds against the bot: limits that were not heeded, calls that no bot should make."""
        return []

    # Faults.

    @abstractmethod
    def down_until(self, at_s: float) -> None:
        """Everything that the bot asks fails until then, in the loop's time."""

    @abstractmethod
    def latency(self, seconds: float) -> None:
        """How long everything takes that the bot asks."""

    @abstractmethod
    def delete(self, message: str) -> None:
        """Somebody deletes it."""

    @abstractmethod
    def close(self) -> None:
        """The story's channel is closed to the bot."""

    @abstractmethod
    def lose_answers(self, are_lost: bool) -> None:
        """Whether, from now on, a post stands and the bot is never told."""
