"""Whoever holds the loop up is found out."""

import asyncio
import logging

import pytest

from adapters.lag import watch_lag
from tests.fakes.jumping import JumpingLoop, passes, run


@pytest.mark.parametrize(
    ("held_s", "times_s", "told"), [(0.1, (5.2,), 0), (3.5, (5.2,), 1), (3.5, (5.2, 10.0), 1), (3.5, (5.2, 70.0), 2)]
)
def test_work_that_holds_the_loop_up_is_told_once_a_minute(
    held_s: float, times_s: tuple[float, ...], told: int, caplog: pytest.LogCaptureFixture
):
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(watch_lag())
            for pause_s in times_s:
                await passes(pause_s)
                loop._move(held_s)  # what blocks lets time pass and nobody else run
            await passes(1)
            watch.cancel()

    with caplog.at_level(logging.WARNING, "adapters.lag"):
        run(main())
    assert [record.message for record in caplog.records] == ["the loop was held up"] * told
