"""Time that jumps: an asyncio loop whose clock moves to the next timer when nothing else is left to do."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
START_MS = 1_800_000_000_000


class NothingWillHappen(Exception):
    """The loop waits for ever: no timer, no event."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: says how far the clock may jump instead."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events:
            return events
        if timeout is None:
            raise NothingWillHappen("every task waits and no timer is set")
        if timeout > 0:
            self._jump(timeout)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time. Threads would need real time, so work for the executor is done at once, in place."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_JumpingSelector(self._move))

    def _move(self, seconds: float) -> None:
        self._virtual_s += seconds

    def time(self) -> float:
        return self._virtual_s

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]  # the base class speaks of executors alone
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever waits, as an executor does
            future.set_exception(error)
        return future


class LoopClock:
    """The Clock port on the running loop's time, beginning at START_MS."""

    def now_ms(self) -> int:
        return START_MS + int(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


async def passes(seconds: float) -> None:
    """Time, virtual time alone, passes.

    Raises: RuntimeError in real time, where a test waits for what is to happen and never for the clock.
    """
    if not isinstance(asyncio.get_running_loop(), JumpingLoop):
        raise RuntimeError("this loop's time is real: wait for an event instead")  # noqa: TRY004 - no argument is wrong
    await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result, in virtual time."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)
