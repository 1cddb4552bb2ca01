"""A guarded model for each run, within the run's own caps. Must not record anything: spend is in the journal's events."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import msgspec

from engine.core.entities import Run
from engine.core.ids import RunId
from engine.model.budget import Budget, Price
from engine.model.guarded import GuardedModel, Guards, ProviderSlots
from engine.model.types import Model

PriceOf = Callable[[str], Awaitable[Price | None]]


class _Account(msgspec.Struct):
    budget: Budget
    caps: tuple[float | None, int | None]
    model: GuardedModel


class RunBudgets:
    """Hands out the model of a run. All runs share the providers' slots; each has its own budget."""

    def __init__(self, model: Model, price_of: PriceOf, redact: Callable[[str], str]) -> None:
        self._model = model
        self._price_of = price_of
        self._redact = redact
        self._slots = ProviderSlots()
        self._accounts: dict[RunId, _Account] = {}

    def model_for(self, run: Run) -> Model:
        """The model that spends the run's budget; `run` brings the caps as they are now and what was spent before."""
        caps = (run.config.budget_usd, run.config.budget_tokens)
        account = self._accounts.get(run.id)
        if account is None or account.caps != caps:
            account = self._open(caps, run, account)
            self._accounts[run.id] = account
        return account.model

    def _open(self, caps: tuple[float | None, int | None], run: Run, before: _Account | None) -> _Account:
        # Calls under way belong to the account they began in: with a new cap they count as spent at their worst case.
        usd = run.spend.cost_usd if before is None else before.budget.spent_usd + before.budget.reserved_usd
        tokens = run.spend.tokens if before is None else before.budget.spent_tokens + before.budget.reserved_tokens
        budget = Budget(*caps, spent_usd=usd, spent_tokens=tokens)
        guards = Guards(
            budget=budget, price_of=self._price_of, redact=self._redact, sleep=asyncio.sleep, slots=self._slots,
            jitter=random.random,
        )  # fmt: skip
        return _Account(budget, caps, GuardedModel(self._model, guards))
