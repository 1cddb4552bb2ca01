"""The forecast: what runs like it have cost here, honest about how little it knows, and where people see it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.forecast import forecast, percentile
from bot.replies.spend import forecast as words
from engine.core.blackboard import Blackboard
from engine.core.entities import Run, RunConfig, RunState, Spend
from engine.core.ids import RunId

AT = "2026-01-01T08:00:00Z"


def board(*costs: float, model: str = "m", state: RunState = "completed") -> Blackboard:
    found = Blackboard()
    for number, cost in enumerate(costs, 1):
        run = Run(RunId(f"R{number}"), "o", state, "main", "b", RunConfig(model), AT, AT)
        found.put_run(msgspec.structs.replace(run, spend=Spend(tokens=int(cost * 1000), cost_usd=cost)))
    return found


def test_half_and_nine_of_ten_are_told_with_their_number():
    found = forecast(board(*[0.1 * n for n in range(1, 11)]), "m")
    assert words(found, RunConfig("m")) == (
        "of 10 completed runs with this model, half stayed under 0.50 USD, nine of ten under 0.90 USD"
    )


@pytest.mark.parametrize(
    "past",
    [board(1.0, 2.0), board(1.0, 2.0, 3.0, model="another"), board(1.0, 2.0, 3.0, state="cancelled"), board(0, 0, 0)],
    ids=["two runs", "another model", "none completed", "nothing spent"],
)
def test_where_nobody_can_say_nothing_is_said(past: Blackboard):
    assert words(forecast(past, "m"), RunConfig("m")) == ""


def test_a_cap_that_most_runs_would_have_reached_is_called_tight():
    found = forecast(board(1.0, 2.0, 3.0), "m")
    assert words(found, RunConfig("m", budget_usd=1.5)).endswith("the cap is less than half of them needed")
    assert "cap" not in words(found, RunConfig("m", budget_usd=2.0))


def test_without_prices_it_is_told_in_tokens():
    past = board(1.0, 2.0, 3.0)
    for run in tuple(past.runs.values()):
        past.put_run(
            msgspec.structs.replace(run, spend=Spend(tokens=run.spend.tokens, unpriced_tokens=run.spend.tokens))
        )
    assert "half stayed under 2,000 tokens" in words(forecast(past, "m"), RunConfig("m"))


@given(st.lists(st.integers(0, 1000), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[int], share: float):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) or found == min(values)
