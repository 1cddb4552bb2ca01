"""The budget: caps hold under every interleaving, unknown prices need a cap on tokens."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.budget import Budget, BudgetReached, Price, PriceUnknown, Reservation, WorstCase, worst_case
from engine.model.types import Message, Request, ToolCall, ToolSpec, Usage

# What a caller does next: reserve a worst case, or end the n-th open call, having used a share of its worst case.
RESERVE = st.tuples(st.just("reserve"), st.integers(0, 400), st.floats(0, 0.4))
END = st.tuples(st.sampled_from(["settle", "release", "forfeit"]), st.integers(0, 20), st.floats(0, 1))


def capped(usd: float | None = None, tokens: int | None = None) -> Budget:
    budget = Budget()
    budget.limit(usd=usd is not None, tokens=tokens is not None)
    budget.allow(usd or 0.0, tokens or 0)
    return budget


@given(
    steps=st.lists(RESERVE | END, max_size=60),
    cap_usd=st.none() | st.integers(0, 10**9).map(lambda nano: nano / 10**9),
    cap_tokens=st.integers(0, 1000),
)
def test_spent_and_reserved_never_exceed_a_cap(steps, cap_usd, cap_tokens):
    budget = capped(cap_usd, cap_tokens)
    open_calls: list[tuple[Reservation, WorstCase]] = []
    for what, number, share in steps:
        if what == "reserve":
            worst = WorstCase(tokens=number, usd=share)
            with suppress(BudgetReached):
                open_calls.append((budget.reserve(worst), worst))
        elif open_calls:
            reservation, worst = open_calls.pop(number % len(open_calls))
            if what == "settle":
                used = Usage(prompt_tokens=int(worst.tokens * share), completion_tokens=0)
                budget.settle(reservation, used, (worst.usd or 0) * share)
            else:
                getattr(budget, what)(reservation)
        tokens, usd = budget.needed(WorstCase(tokens=0, usd=0.0))
        assert budget.spent_tokens + budget.reserved_tokens == tokens <= cap_tokens
        assert cap_usd is None or budget.spent_usd <= usd <= cap_usd + 1e-12


def test_what_a_call_did_not_use_can_be_reserved_again():
    budget = capped(tokens=100)
    first = budget.reserve(WorstCase(tokens=80, usd=None))
    with pytest.raises(BudgetReached):
        budget.reserve(WorstCase(tokens=50, usd=None))
    budget.settle(first, Usage(20, 10), None)
    budget.reserve(WorstCase(tokens=50, usd=None))


def test_an_unknown_price_makes_a_cap_on_tokens_mandatory():
    with pytest.raises(PriceUnknown, match="set a limit in tokens"):
        capped(usd=5.0).reserve(WorstCase(tokens=1, usd=None))
    capped(usd=5.0, tokens=10).reserve(WorstCase(tokens=1, usd=None))


def test_a_reservation_is_settled_once():
    budget = capped(usd=1.0)
    reservation = budget.reserve(WorstCase(tokens=1, usd=0.5))
    budget.settle(reservation, Usage(1, 0), 0.25)
    with pytest.raises(KeyError):
        budget.release(reservation)
    assert (budget.spent_usd, budget.reserved_tokens) == (0.25, 0)


def test_a_provider_that_charges_more_than_the_worst_case_is_told_truly():
    budget = capped(usd=1.0)
    budget.settle(budget.reserve(WorstCase(tokens=1, usd=0.5)), Usage(1, 0), 1.5)
    assert budget.spent_usd == 1.5


def test_the_worst_case_counts_all_that_is_sent_byte_by_byte():
    request = Request(
        model="m",
        messages=(
            Message(role="user", content="ß" * 10),
            Message(role="assistant", tool_calls=(ToolCall("1", "read", '{"a":1}'),)),
        ),
        tools=(ToolSpec("read", "reads", b"{}"),),
        max_output_tokens=100,
    )
    worst = worst_case(request, Price(usd_per_prompt_token=1.0, usd_per_completion_token=2.0))
    prompt = 20 + len('1read{"a":1}') + len("{}readreads") + 16 * 4
    assert worst == WorstCase(tokens=prompt + 100, usd=prompt + 200.0)
    assert worst_case(request, None).usd is None
