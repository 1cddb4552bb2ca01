"""The small parts: rates, repeats, the timer, a row."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.web.live import Timer
from adapters.web.problems import Problem
from adapters.web.rates import MAX_CLIENTS, PER_MINUTE, Rates
from adapters.web.repeats import Repeats
from adapters.web.views import run_row
from engine.core.ids import RunId
from tests.fakes.core_steps import land, planned, planned_run
from tests.fakes.jumping import passes, run

R1 = RunId("R1")


def test_a_row_tells_how_long_the_run_still_takes():
    driver = planned_run(*(planned(f"t{number}") for number in range(8)))
    assert run_row(driver.board, driver.board.runs[R1]).left == ""
    for name in ("T3", "T4", "T5"):
        land(driver, name)
    assert run_row(driver.board, driver.board.runs[R1]).left == "about 1 min left"


def test_a_bucket_refills_with_time_and_each_client_has_its_own():
    now = [0.0]
    rates = Rates(lambda: now[0], {**PER_MINUTE, "create": 2})
    assert [rates.take("a", "create") for _ in range(3)] == [0.0, 0.0, 30.0]
    assert rates.take("b", "create") == 0.0
    assert rates.take("a", "read") == 0.0
    now[0] = 30.0
    assert rates.take("a", "create") == 0.0
    assert rates.take("a", "create") == pytest.approx(30.0)


def test_a_crowd_of_clients_is_not_kept_for_ever():
    rates = Rates(lambda: 0.0, {**PER_MINUTE, "create": 1})
    for number in range(MAX_CLIENTS + 1):
        rates.take(str(number), "create")
    assert rates.take("0", "create") == 0.0
    assert rates.take(str(MAX_CLIENTS), "create") > 0


def test_a_failed_request_may_be_tried_again_with_its_key():
    async def scene() -> None:
        repeats: Repeats[int] = Repeats(max_keys=2)

        async def fails() -> int:
            raise Problem(409, "refused", "not now")

        async def works() -> int:
            return 7

        with pytest.raises(Problem, match="not now"):
            await repeats.once("k", b"x", fails)
        assert await repeats.once("k", b"x", works) == 7
        assert await repeats.once("k", b"x", fails) == 7
        with pytest.raises(Problem, match="another request"):
            await repeats.once("k", b"y", works)
        for key in ("l", "m"):
            await repeats.once(key, b"x", works)
        with pytest.raises(Problem, match="not now"):
            await repeats.once("k", b"x", fails)

    run(scene())


def test_who_waits_for_the_same_key_fails_or_ends_with_it():
    async def scene() -> None:
        repeats: Repeats[int] = Repeats()
        going = asyncio.Event()

        async def fails_late() -> int:
            await going.wait()
            raise Problem(409, "refused", "not now")

        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(_kind(repeats, fails_late)) for _ in range(3)]
            await passes(1)
            going.set()
        assert [each.result() for each in tries] == ["refused"] * 3

    run(scene())


def test_a_timer_acts_at_once_and_then_at_its_pace():
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        acted: list[float] = []
        timer = Timer(lambda: acted.append(round(loop.time(), 2)), 1.0)
        for _ in range(25):
            timer.due()
            await passes(0.1)
        timer.due()
        timer.cancel()
        await passes(5)
        assert acted == [0.0, 1.0, 2.0]

    run(scene())


async def _kind(repeats: Repeats[int], answer: Callable[[], Awaitable[int]]) -> str:
    try:
        await repeats.once("k", b"x", answer)
    except Problem as problem:
        return problem.kind
    return ""
