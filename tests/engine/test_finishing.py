"""Waiting to the end: the work ends, and the cancellation is neither lost nor too early."""

import asyncio

import pytest

from engine.finishing import to_the_end
from tests.fakes.jumping import passes, run


def test_a_cancellation_waits_for_the_end_of_the_work_and_then_arrives():
    log: list[str] = []

    async def work() -> str:
        await passes(1)
        log.append("worked")
        return "result"

    async def caller() -> None:
        log.append(await to_the_end(work()))
        await asyncio.sleep(0)
        log.append("not reached")

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(caller())
            for _ in range(3):
                await passes(0.1)
                task.cancel()
        assert task.cancelled()

    run(story())
    assert log == ["worked", "result"]


def test_a_time_out_around_it_is_still_a_time_out():
    async def late() -> None:
        async with asyncio.timeout(0.5):
            await to_the_end(passes(1))
            await passes(1)

    with pytest.raises(TimeoutError):
        run(late())


def test_what_the_work_raises_is_raised():
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(to_the_end(broken()))
