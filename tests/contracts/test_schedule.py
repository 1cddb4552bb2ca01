"""What every Scheduler does: wakes once at the time, at once when it is past, not at all when it is told to forget."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from adapters.schedule.apscheduler_alarms import ApschedulerAlarms
from bot.reminders import Scheduler
from engine.clock import SystemClock
from tests.fakes.alarms import LoopScheduler

NOW = SystemClock().now_ms


@contextmanager
def _on_the_loop() -> Iterator[LoopScheduler]:
    yield LoopScheduler(SystemClock())


KINDS: dict[str, Callable[[], AbstractContextManager[Scheduler]]] = {
    "loop": _on_the_loop,
    "apscheduler": ApschedulerAlarms,
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Callable[[], AbstractContextManager[Scheduler]]:
    return KINDS[request.param]


def test_the_key_is_called_on_the_loop_at_its_time(kind):
    async def story() -> None:
        with kind() as scheduler:
            woken, loop = asyncio.Event(), asyncio.get_running_loop()
            told: list[str] = []

            def wake(key: str) -> None:
                assert asyncio.get_running_loop() is loop
                told.append(key)
                woken.set()

            began = NOW()
            scheduler.wake_at("remind D1", began + 150, wake)
            async with asyncio.timeout(10):
                await woken.wait()
            assert told == ["remind D1"]
            assert NOW() - began >= 140

    asyncio.run(story())


def test_a_time_that_is_past_wakes_at_once(kind):
    async def story() -> None:
        with kind() as scheduler:
            woken = asyncio.Event()
            scheduler.wake_at("remind D1", NOW() - 86_400_000, lambda _: woken.set())
            async with asyncio.timeout(10):
                await woken.wait()

    asyncio.run(story())


def test_a_key_has_one_plan_and_can_be_forgotten(kind):
    async def story() -> None:
        with kind() as scheduler:
            told: list[str] = []
            woken = asyncio.Event()
            scheduler.wake_at("a", NOW() + 50, lambda _: told.append("first plan"))
            scheduler.wake_at("a", NOW() + 100, told.append)
            scheduler.wake_at("b", NOW() + 50, told.append)
            scheduler.forget("b")
            scheduler.forget("never known")
            scheduler.wake_at("last", NOW() + 200, lambda _: woken.set())
            async with asyncio.timeout(10):
                await woken.wait()
            assert told == ["a"]

    asyncio.run(story())
