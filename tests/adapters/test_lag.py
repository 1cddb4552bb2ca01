"""Whoever holds the loop up is found out."""

import asyncio
import logging

import pytest

from adapters.lag import watch_lag
from tests.fakes.jumping import JumpingLoop, run


@pytest.mark.parametrize(("held_s", "is_told"), [(0.1, False), (3.5, True)])
def test_work_that_holds_the_loop_up_is_told(held_s: float, is_told: bool, caplog: pytest.LogCaptureFixture):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(watch_lag())
            await asyncio.sleep(5.2)
            loop._move(held_s)  # what blocks lets time pass and nobody else run
            await asyncio.sleep(1)
            watch.cancel()

    with caplog.at_level(logging.WARNING, "adapters.lag"):
        run(main())
    assert [record.message for record in caplog.records] == (["the loop was held up"] if is_told else [])
