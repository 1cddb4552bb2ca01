"""The Scheduler port on the running loop's timers: works in virtual time as in real."""

import asyncio
from collections.abc import Callable

from engine.ports import Clock


class LoopScheduler:
    """Wakes by `call_later`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def wake_at(self, key: str, at_ms: int, call: Callable[[str], None]) -> None:
        self.forget(key)
        delay_s = max(0.0, (at_ms - self._clock.now_ms()) / 1000)
        self._timers[key] = asyncio.get_running_loop().call_later(delay_s, call, key)

    def forget(self, key: str) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
