"""The guards: what leaves is redacted, what may pass is tried again, and no more calls run than may."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal, get_args

import msgspec
import pytest

from engine.model.budget import Budget, Price, WorstCase
from engine.model.guarded import GuardedModel, Guards, RetryPolicy
from engine.model.lanes import Lanes, Rates
from engine.model.types import Message, ModelError, Reply, Request, Usage
from tests.fakes.model import ScriptedModel, Step, says

REQUEST = Request(model="openai/x", messages=(Message(role="user", content="hi"),), max_output_tokens=10)
Role = Literal["system", "user", "assistant", "tool"]
PRICE = Price(usd_per_prompt_token=0.001, usd_per_completion_token=0.001)


@dataclass
class Bench:
    budget: Budget = field(default_factory=Budget)
    price: Price | None = PRICE
    slept_s: list[float] = field(default_factory=list)

    def guards(self, lanes: Lanes | None = None) -> Guards:
        return Guards(
            budget=self.budget,
            price_of=self._price_of,
            redact=lambda text: text.replace("hunter2", "[redacted]"),
            sleep=self._sleep,
            more=self._more,
            lanes=lanes or Lanes(),
            retry=RetryPolicy(max_tries=3, first_wait_s=1, max_wait_s=30),
            jitter=lambda: 1.0,
        )

    async def _price_of(self, _model: str) -> Price | None:
        return self.price

    async def _more(self, _: WorstCase) -> None:
        pass

    async def _sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)


def complete(bench: Bench, *steps: Step, request: Request = REQUEST) -> tuple[Reply, ScriptedModel]:
    model = ScriptedModel(steps)
    return asyncio.run(GuardedModel(model, bench.guards()).complete(request)), model


def test_what_users_and_tools_say_is_redacted_before_it_leaves():
    messages = tuple(Message(role=role, content="it is hunter2") for role in get_args(Role))
    _, model = complete(Bench(), says("ok"), request=msgspec.structs.replace(REQUEST, messages=messages))
    sent = {message.role: message.content for message in model.requests[0].messages}
    assert sent["user"] == sent["tool"] == "it is [redacted]"
    assert sent["system"] == sent["assistant"] == "it is hunter2"


def test_a_transient_error_is_tried_again_with_growing_waits():
    bench = Bench()
    reply, model = complete(bench, ModelError("a", "unavailable"), ModelError("b", "timeout"), says("ok"))
    assert (reply.text, len(model.requests), bench.slept_s) == ("ok", 3, [1.0, 2.0])


def test_a_provider_that_says_when_to_come_back_is_not_asked_sooner():
    bench = Bench()
    complete(bench, ModelError("a", "rate_limit", retry_after_s=0.25), says("ok"))
    assert bench.slept_s == [1.25]


@pytest.mark.parametrize(
    "error",
    [ModelError("a", "auth"), ModelError("a", "quota")],
    ids=["auth", "quota"],
)
def test_what_no_further_try_can_help_is_raised_at_once(error):
    bench = Bench()
    with pytest.raises(ModelError) as caught:
        complete(bench, error)
    assert (caught.value, bench.slept_s) == (error, [])


def test_a_limit_that_holds_for_an_hour_is_a_quota_that_is_used_up_until_then():
    bench = Bench()
    with pytest.raises(ModelError) as caught:
        complete(bench, ModelError("a", "rate_limit", retry_after_s=3600))
    assert (caught.value.kind, caught.value.retry_after_s, bench.slept_s) == ("quota", 3600, [])


def test_the_last_try_raises_its_error():
    errors = [ModelError(str(number), "unavailable") for number in range(3)]
    with pytest.raises(ModelError, match="2"):
        complete(Bench(), *errors)


def test_a_reply_settles_its_cost_and_a_missing_cost_is_reckoned_from_the_price():
    bench = Bench()
    complete(bench, says("ok", cost_usd=0.5))
    assert (bench.budget.spent_usd, bench.budget.reserved_tokens) == (0.5, 0)
    complete(bench, says("ok", cost_usd=None))
    assert bench.budget.spent_usd == pytest.approx(0.5 + 110 * 0.001)


def test_a_refused_call_costs_nothing_and_one_that_timed_out_its_worst_case():
    bench = Bench()
    with pytest.raises(ModelError):
        complete(bench, ModelError("a", "bad_request"))
    assert bench.budget.spent_usd == 0
    with pytest.raises(ModelError):
        complete(bench, *[ModelError("a", "timeout")] * 3)
    assert bench.budget.spent_tokens == 3 * (2 + 16 * 2 + 10)


def test_a_broken_answer_costs_what_was_reported_and_else_its_worst_case():
    bench = Bench()
    with pytest.raises(ModelError):
        complete(bench, *[ModelError("a", "unavailable", usage=Usage(7, 1))] * 3)
    assert bench.budget.spent_tokens == 24
    assert bench.budget.spent_usd == pytest.approx(0.024)
    with pytest.raises(ModelError):
        complete(bench, *[ModelError("a", "unavailable", may_be_charged=True)] * 3)
    assert bench.budget.spent_tokens == 24 + 3 * (2 + 16 * 2 + 10)
    assert bench.budget.reserved_tokens == 0


def test_a_connection_that_timed_out_before_it_stood_costs_nothing():
    bench = Bench()
    with pytest.raises(ModelError):
        complete(bench, *[ModelError("a", "timeout", may_be_charged=False)] * 3)
    assert bench.budget.spent_tokens == bench.budget.reserved_tokens == 0


class Gate:
    """A model that answers when it is told to, and counts how many calls are inside at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered = asyncio.Semaphore(0)
        self.inside = self.most = 0

    async def complete(self, request: Request) -> Reply:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.entered.release()
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        return Reply("ok", (), Usage(1, 1), 0.01, "stop", request.model)


def test_a_provider_serves_no_more_calls_at_once_than_its_slots():
    async def story() -> int:
        gate, lanes = Gate(), Lanes({"openai": Rates(calls_at_once=2)})
        models = [GuardedModel(gate, Bench().guards(lanes)) for _ in range(5)]
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(model.complete(REQUEST)) for model in models]
            await gate.entered.acquire()
            await gate.entered.acquire()
            gate.open.set()
        assert all(call.result().text == "ok" for call in calls)
        return gate.most

    assert asyncio.run(story()) == 2


def test_a_cancelled_call_counts_its_worst_case_and_gives_back_its_slot():
    async def story() -> tuple[int, int]:
        gate, bench = Gate(), Bench()
        model = GuardedModel(gate, bench.guards(Lanes({"openai": Rates(calls_at_once=1)})))
        async with asyncio.TaskGroup() as group:
            call = group.create_task(model.complete(REQUEST))
            await gate.entered.acquire()
            call.cancel()
        gate.open.set()
        spent = bench.budget.spent_tokens
        await model.complete(REQUEST)
        return spent, bench.budget.reserved_tokens

    assert asyncio.run(story()) == (2 + 16 * 2 + 10, 0)
