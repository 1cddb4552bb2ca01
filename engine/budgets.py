"""A guarded model for each run, within the run's own caps. Must not record anything: spend is in the journal's events.

Outermost first: the fallback, the codec of the model that is asked, and the guards around the call.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from engine.core.entities import Run
from engine.core.ids import RunId
from engine.model.budget import Budget, Price
from engine.model.codecs.coded import CodecOf, CodedModel, always_native
from engine.model.fallback import FallbackModel
from engine.model.guarded import GuardedModel, Guards
from engine.model.lanes import Lanes, Rates
from engine.model.types import Model, Reply, Request

PriceOf = Callable[[str], Awaitable[Price | None]]
Caps = tuple[float | None, int | None]


class Desk(msgspec.Struct, frozen=True):
    """What is known of models: their prices, their codecs, who stands in for whom, their providers' rates; and how secrets are taken out."""

    price_of: PriceOf
    codec_of: CodecOf = always_native
    fallbacks: Mapping[str, tuple[str, ...]] = {}
    redact: Callable[[str], str] = str
    rates: Mapping[str, Rates] = {}


class _Account(msgspec.Struct):
    budget: Budget
    caps: Caps
    model: Model


class RunBudgets:
    """Hands out the model of a run. All runs share the providers' lanes; each has its own budget.

    `run_now` tells the run as it is at this moment: a cap that a person raises holds for attempts that are under way, too.
    """

    def __init__(self, model: Model, desk: Desk, run_now: Callable[[RunId], Run]) -> None:
        self._model = model
        self._desk = desk
        self._run_now = run_now
        self._lanes = Lanes(desk.rates)
        chains = ((name, *others) for name, others in desk.fallbacks.items())
        self._have_next = frozenset(name for chain in chains for name in chain[:-1])
        self._accounts: dict[RunId, _Account] = {}

    def model_for(self, run: RunId) -> Model:
        """The model that spends the run's budget."""
        return _RunModel(self, run)

    def reopen(self) -> None:
        """Forget what providers said of their quotas: a person says that they can be asked again."""
        self._lanes.reopen()

    async def complete(self, run: RunId, request: Request, on_delta: Callable[[str], None] | None) -> Reply:
        """The model's reply, paid for by the run within its caps of this moment.

        Raises: ModelError; BudgetReached; PriceUnknown.
        """
        return await self._account(self._run_now(run)).model.complete(request, on_delta)

    def _account(self, run: Run) -> _Account:
        caps = (run.config.budget_usd, run.config.budget_tokens)
        account = self._accounts.get(run.id)
        if account is None or account.caps != caps:
            account = self._open(caps, run, account)
            self._accounts[run.id] = account
        return account

    def _open(self, caps: Caps, run: Run, before: _Account | None) -> _Account:
        # Calls under way belong to the account they began in: with a new cap they count as spent at their worst case.
        usd = run.spend.cost_usd if before is None else before.budget.spent_usd + before.budget.reserved_usd
        tokens = run.spend.tokens if before is None else before.budget.spent_tokens + before.budget.reserved_tokens
        budget = Budget(*caps, spent_usd=usd, spent_tokens=tokens)
        guards = Guards(
            budget=budget, price_of=self._desk.price_of, redact=self._desk.redact, sleep=asyncio.sleep,
            lanes=self._lanes, jitter=random.random, has_next=self._have_next.__contains__,
        )  # fmt: skip
        coded = CodedModel(GuardedModel(self._model, guards), self._desk.codec_of)
        return _Account(budget, caps, FallbackModel(coded, self._desk.fallbacks))


class _RunModel:
    """The Model port for one run: each call is made from the account that is open then."""

    def __init__(self, budgets: RunBudgets, run: RunId) -> None:
        self._budgets = budgets
        self._run = run

    async def complete(self, request: Request, on_delta: Callable[[str], None] | None = None) -> Reply:
        return await self._budgets.complete(self._run, request, on_delta)
