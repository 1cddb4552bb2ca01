"""Budgets: one account a run, caps that a person raises at once, and no way to spend twice."""

import asyncio

import msgspec
import pytest

from engine.agent.outcome import Limits
from engine.budgets import Desk, RunBudgets
from engine.core.entities import Run, RunConfig, Spend
from engine.core.ids import RunId
from engine.model.budget import BudgetReached, Price
from engine.model.types import Message, Request, Window
from tests.engine.jobs import NOW
from tests.fakes.model import ScriptedModel, says

R1 = RunId("R1")
CALL = Request("m", (Message("user", "hello"),), max_output_tokens=100)


async def price_of(_: str) -> Price:
    return Price(0.0, 0.0)


class Runs:
    """The runs of a board that a person changes."""

    def __init__(self, tokens: int, spent: int = 0) -> None:
        config = RunConfig("m", budget_tokens=tokens)
        self.now = Run(R1, "o", "running", "main", "b", config, NOW, NOW, spend=Spend(tokens=spent))

    def raise_to(self, tokens: int) -> None:
        self.now = msgspec.structs.replace(self.now, config=RunConfig("m", budget_tokens=tokens))

    def budgets(self, calls: int = 10) -> RunBudgets:
        return RunBudgets(ScriptedModel([says("hi")] * calls), Desk(price_of), lambda _: self.now)


def test_what_was_spent_before_the_start_counts():
    runs = Runs(tokens=1000, spent=950)
    with pytest.raises(BudgetReached):
        asyncio.run(runs.budgets().model_for(R1).complete(CALL))


def test_a_raise_holds_at_once_for_an_attempt_that_is_under_way():
    async def story() -> None:
        runs = Runs(tokens=10)
        model = runs.budgets().model_for(R1)
        with pytest.raises(BudgetReached):
            await model.complete(CALL)
        runs.raise_to(10_000)
        await model.complete(CALL)

    asyncio.run(story())


def test_all_attempts_of_a_run_spend_from_one_account_also_after_a_raise():
    async def story() -> None:
        runs = Runs(tokens=300)
        budgets = runs.budgets()
        old = budgets.model_for(R1)
        await old.complete(CALL)
        runs.raise_to(400)
        new = budgets.model_for(R1)
        await new.complete(CALL)
        # 220 are spent; 110 more are, whoever asks; then a worst case of over 130 no longer fits.
        await old.complete(CALL)
        for model in (old, new):
            with pytest.raises(BudgetReached):
                await model.complete(CALL)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("window", "limits"),
    [
        (Window(8_192, 1_000), Limits(context_tokens=8_192, max_output_tokens=1_000)),
        (Window(1_000_000, 64_000), Limits(context_tokens=1_000_000)),
        (Window(), Limits()),
    ],
    ids=["small", "large", "unknown"],
)
def test_an_attempt_keeps_within_the_window_of_its_model(window: Window, limits: Limits):
    async def window_of(_: str) -> Window:
        return window

    budgets = RunBudgets(ScriptedModel([]), Desk(price_of, window_of=window_of), lambda _: Runs(1).now)
    assert asyncio.run(budgets.limits_of("m", Limits())) == limits
