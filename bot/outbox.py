"""All that is said unasked: an announcer a channel, fed by the board. Must not decide what is worth saying (bot/notifier.py)."""

import asyncio
from collections.abc import Mapping

from bot.announcer import CARD, Announcer, What
from bot.desk import EngineSeen
from bot.pace import Pacer
from bot.port import ChatPort, Place
from engine.core.chat_entities import Binding
from engine.core.ids import BindingId, RunId


class Outbox:
    """The announcers. A binding of an adapter that is not configured now waits, and nothing of it is lost."""

    def __init__(self, engine: EngineSeen, ports: Mapping[str, ChatPort], pacer: Pacer) -> None:
        self._engine = engine
        self._ports = ports
        self._pacer = pacer
        self._announcers: dict[Place, Announcer] = {}
        self._group = asyncio.TaskGroup()
        self._is_open = False

    async def run(self) -> None:
        """Speak until cancelled.

        Raises: LedgerStopped, in an ExceptionGroup.
        """
        async with self._group:
            self._is_open = True
            try:
                for announcer in self._announcers.values():
                    _ = self._group.create_task(announcer.run())
                await asyncio.get_running_loop().create_future()
            finally:
                self._is_open = False

    def serve(self, binding: Binding) -> None:
        """Open the binding's thread, send what waits, and keep up what it shows."""
        announcer = self._announcer(place_of(binding))
        if announcer is not None:
            announcer.take(binding.id)

    def touch(self, binding: BindingId, what: What = CARD) -> None:
        """What the binding shows may be out of date, or something waits to be sent."""
        announcer = self._announcer(place_of(self._engine.board.chat.bindings[binding]))
        if announcer is not None:
            announcer.touch(binding, what)

    def touch_run(self, run: RunId) -> None:
        """The run has changed."""
        for binding in self._engine.board.chat.live(run):
            self.touch(binding.id)

    def _announcer(self, place: Place) -> Announcer | None:
        port = self._ports.get(place.adapter)
        if port is None:
            return None
        if place not in self._announcers:
            self._announcers[place] = announcer = Announcer(place, port, self._engine, self._pacer)
            if self._is_open:
                _ = self._group.create_task(announcer.run())
        return self._announcers[place]


def place_of(binding: Binding) -> Place:
    """Where the binding is."""
    return Place(binding.adapter, binding.workspace, binding.channel)
