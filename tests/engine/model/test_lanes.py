"""The lanes: what one caller is told holds for all, rates are kept, and a provider that fails is left alone for a while."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.budget import Budget, Price, WorstCase
from engine.model.guarded import GuardedModel, Guards
from engine.model.lanes import BREAK_S, FAILURES_TO_BREAK, MAX_WAIT_S, QUOTA_WAIT_S, Lane, LaneClosed, Lanes, Rates
from engine.model.types import Message, ModelError, ModelErrorKind, Request, Usage
from tests.fakes.jumping import passes, run
from tests.fakes.model import ScriptedModel, says


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def call(
    lane: Lane, error: ModelError | None = None, *, tokens: int = 100, used: int = 100, takes_s: float = 0.0
) -> float:
    """When the call was let through."""
    async with lane.enter(tokens) as entered:
        began_s = now_s()
        await passes(takes_s)
        if error is not None:
            raise error
        entered.usage = Usage(used, 0)
        return began_s


async def fails(lane: Lane, error: ModelError) -> None:
    with pytest.raises(ModelError) as caught:
        await call(lane, error)
    assert caught.value is error


async def refused(lane: Lane) -> LaneClosed:
    with pytest.raises(LaneClosed) as caught:
        await call(lane)
    return caught.value


def starts(rates: Rates, number: int, **more: float) -> list[float]:
    async def story() -> list[float]:
        lane = Lane(rates)
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call(lane, **more)) for _ in range(number)]  # type: ignore[arg-type]  # as the test says
        return sorted(each.result() for each in calls)

    return run(story())


def test_no_more_calls_run_at_once_than_may():
    assert starts(Rates(calls_at_once=2), 5, takes_s=10.0) == [0, 0, 10, 10, 20]


def test_a_minute_lets_through_as_many_requests_as_it_may_and_then_one_after_the_other():
    assert starts(Rates(calls_at_once=99, requests_per_minute=6), 8) == pytest.approx([0] * 6 + [10, 20])


def test_tokens_that_were_not_used_are_given_back_and_more_than_foreseen_is_owed():
    rates = Rates(calls_at_once=1, tokens_per_minute=600)
    assert starts(rates, 4, tokens=300, used=0) == [0, 0, 0, 0]
    assert starts(rates, 3, tokens=300, used=600)[1:] == pytest.approx([30, 90])


def test_a_call_that_is_greater_than_a_minutes_tokens_waits_for_a_full_bucket_and_no_longer():
    assert starts(Rates(calls_at_once=9, tokens_per_minute=100), 2, tokens=500, used=500) == pytest.approx([0, 300])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=20), st.integers(100, 1000))
def test_in_no_minute_is_more_used_than_the_bucket_and_a_minutes_refill(wanted: list[int], per_minute: int):
    async def story() -> list[tuple[float, int]]:
        lane = Lane(Rates(calls_at_once=50, tokens_per_minute=per_minute))

        async def one(tokens: int) -> tuple[float, int]:
            return await call(lane, tokens=tokens, used=tokens), tokens

        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(one(tokens)) for tokens in wanted]
        return [each.result() for each in calls]

    used = run(story())
    for begin, _ in used:
        within = sum(tokens for at, tokens in used if begin <= at < begin + 60)
        assert within <= 2 * per_minute + max(wanted)


def test_when_one_is_told_to_wait_all_wait():
    async def story() -> list[float]:
        lane = Lane(Rates())
        await fails(lane, ModelError("slow down", "rate_limit", 30.0))
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(call(lane)) for _ in range(3)]
        return [each.result() for each in calls]

    assert run(story()) == pytest.approx([30, 30, 30])


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (ModelError("used up", "quota", 3600.0), 3600),
        (ModelError("used up", "quota"), QUOTA_WAIT_S),
        (ModelError("no", "rate_limit", 7200.0), 7200),
    ],
    ids=["a reset that is known", "none", "a long limit"],
)
def test_a_used_up_quota_lets_nobody_through_until_its_reset(error: ModelError, wait_s: float):
    async def story() -> None:
        lane = Lane(Rates())
        await fails(lane, error)
        await passes(wait_s / 2)
        closed = await refused(lane)
        assert (closed.kind, str(closed)) == ("quota", str(error))
        assert closed.retry_after_s == pytest.approx(wait_s / 2)
        await passes(wait_s / 2 - MAX_WAIT_S + 1)
        assert await call(lane) == pytest.approx(wait_s)

    run(story())


def test_a_lane_that_is_reopened_is_tried_at_once():
    async def story() -> float:
        lanes = Lanes()
        await fails(lanes.of("openai/x"), ModelError("used up", "quota"))
        lanes.reopen()
        return await call(lanes.of("openai/y"))

    assert run(story()) == 0


def test_providers_have_lanes_of_their_own():
    async def story() -> float:
        lanes = Lanes()
        await fails(lanes.of("openai/x"), ModelError("used up", "quota"))
        return await call(lanes.of("anthropic/x"))

    assert run(story()) == 0


async def broken(lane: Lane, kind: ModelErrorKind = "unavailable") -> None:
    for _ in range(FAILURES_TO_BREAK):
        await fails(lane, ModelError("down", kind))


@pytest.mark.parametrize("kind", ["unavailable", "timeout"])
def test_a_provider_that_fails_five_times_in_a_minute_is_left_alone_and_then_tried_by_one(kind: ModelErrorKind):
    async def story() -> None:
        lane = Lane(Rates())
        await broken(lane, kind)
        closed = await refused(lane)
        assert (closed.kind, closed.retry_after_s) == ("unavailable", BREAK_S)
        await passes(BREAK_S)
        async with asyncio.TaskGroup() as group:
            trial = group.create_task(call(lane, takes_s=5.0))
            await passes(1)
            await refused(lane)
        assert trial.result() == BREAK_S
        await call(lane)

    run(story())


def test_a_trial_that_fails_closes_the_lane_again():
    async def story() -> None:
        lane = Lane(Rates())
        await broken(lane)
        await passes(BREAK_S)
        await fails(lane, ModelError("still down", "unavailable"))
        assert (await refused(lane)).retry_after_s == BREAK_S

    run(story())


async def spread(lane: Lane) -> None:
    for _ in range(3 * FAILURES_TO_BREAK):
        await fails(lane, ModelError("down", "unavailable"))
        await passes(20)


async def between(lane: Lane) -> None:
    for _ in range(3 * FAILURES_TO_BREAK):
        await fails(lane, ModelError("down", "unavailable"))
        await call(lane)


async def mistakes(lane: Lane) -> None:
    for _ in range(3 * FAILURES_TO_BREAK):
        await fails(lane, ModelError("no such model", "bad_request"))


@pytest.mark.parametrize("story", [spread, between, mistakes])
def test_failures_that_are_spread_or_between_good_calls_or_our_own_break_nothing(
    story: Callable[[Lane], Awaitable[None]],
):
    async def told() -> None:
        lane = Lane(Rates())
        await story(lane)
        await call(lane)

    run(told())


def guarded(model: ScriptedModel, lanes: Lanes, *, has_next: bool) -> GuardedModel:
    async def price_of(_: str) -> Price:
        return Price(0.0, 0.0)

    async def enough(_: WorstCase) -> None:
        pass

    guards = Guards(Budget(), price_of, str, asyncio.sleep, enough, lanes, lambda _: has_next)
    return GuardedModel(model, guards)


@pytest.mark.parametrize("has_next", [True, False])
def test_a_broken_lane_is_waited_for_unless_another_model_can_be_asked(has_next: bool):
    async def story() -> float:
        lanes = Lanes()
        await broken(lanes.of("a/x"))
        model = guarded(ScriptedModel([says("hello")]), lanes, has_next=has_next)
        try:
            await model.complete(Request("a/x", (Message("user", "hi"),)))
        except LaneClosed:
            return -1
        return now_s()

    assert run(story()) == (-1 if has_next else pytest.approx(BREAK_S, abs=2))
