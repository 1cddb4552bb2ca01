"""A guarded model for each attempt, which pays for its calls out of grants from the run's budget.

Outermost first: thrift, the fallback, the codec of the model that is asked, and the guards around the call. Must not record anything
itself: the treasury does.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec

from engine.agent.outcome import Limits
from engine.core.entities import Run, Spend
from engine.core.ids import RunId
from engine.finishing import to_the_end
from engine.model.budget import Budget, BudgetReached, Price, TaskBudgetReached, WorstCase
from engine.model.codecs.coded import CodecOf, CodedModel, always_native
from engine.model.fallback import FallbackModel
from engine.model.guarded import GuardedModel, Guards
from engine.model.lanes import Lanes, Rates
from engine.model.types import Model, Reply, Request, Window
from engine.treasury import Need, Treasury
from engine.work import Job

PriceOf = Callable[[str], Awaitable[Price | None]]
WindowOf = Callable[[str], Awaitable[Window]]


async def unknown_window(_: str) -> Window:
    """Nothing is known of any model."""
    return Window()


class ModelFacts(msgspec.Struct, frozen=True):
    """What is known of models: their prices, codecs and windows, who stands in for whom, their providers' rates, which ones a thrifty run may
    choose from, or the one it is to use; and how secrets are taken out.
    """

    price_of: PriceOf
    codec_of: CodecOf = always_native
    fallbacks: Mapping[str, tuple[str, ...]] = {}
    redact: Callable[[str], str] = str
    rates: Mapping[str, Rates] = {}
    choices: tuple[str, ...] = ()
    cheap: str = ""
    window_of: WindowOf = unknown_window


class RunBudgets:
    """Opens a purse for each attempt. All runs share the providers' lanes; the purses of a run share its budget."""

    def __init__(self, model: Model, facts: ModelFacts, treasury: Treasury) -> None:
        self._model = model
        self._facts = facts
        self._treasury = treasury
        self._lanes = Lanes(facts.rates)
        chains = ((name, *others) for name, others in facts.fallbacks.items())
        self._have_next = frozenset(name for chain in chains for name in chain[:-1])
        self._purses: dict[RunId, list[Purse]] = {}

    def reopen(self) -> None:
        """Forget what providers said of their quotas: a person says that they can be asked again."""
        self._lanes.reopen()

    async def limits_of(self, model: str, limits: Limits) -> Limits:
        """The limits of an attempt that the model thinks for: within the windows that are known, its fallbacks' too."""
        chain = (model, *self._facts.fallbacks.get(model, ()))
        windows = [await self._facts.window_of(name) for name in chain]
        contexts = [window.context for window in windows if window.context]
        replies = [window.max_output for window in windows if window.max_output]
        context = min(contexts, default=limits.context_tokens)
        # A reply that may fill a small window would leave no room for what it answers.
        longest = min([limits.max_output_tokens, context // 4, *replies])
        return msgspec.structs.replace(limits, context_tokens=context, max_output_tokens=longest)

    @asynccontextmanager
    async def purse(self, job: Job) -> AsyncIterator[Model]:
        """The model that the attempt thinks with, or its reviewer; what it spent is settled at the end, whatever ends it.

        What the model raises: ModelError; BudgetReached; PriceUnknown.
        """
        purses = self._purses.setdefault(job.run.id, [])
        purse = Purse(job, self._treasury, purses)
        purses.append(purse)
        guards = Guards(
            budget=purse.budget, price_of=self._facts.price_of, redact=self._facts.redact, sleep=asyncio.sleep,
            lanes=self._lanes, jitter=random.random, has_next=self._have_next.__contains__, more=purse.more,
        )  # fmt: skip
        coded = CodedModel(GuardedModel(_Counted(self._model, purse), guards), self._facts.codec_of)
        try:
            yield _Thrifty(FallbackModel(coded, self._facts.fallbacks), self._treasury, job.run.id, self._facts)
        finally:
            await to_the_end(purse.close())


class Purse:
    """What one attempt may spend: a budget of its own, which grows by grants. A run without caps needs none."""

    def __init__(self, job: Job, treasury: Treasury, purses: "list[Purse]") -> None:
        self.budget = Budget()
        self.calls = 0
        self._job = job
        self._treasury = treasury
        self._purses = purses
        self._changed = asyncio.Event()
        self._books = asyncio.Lock()
        self._is_closed = False

    async def more(self, worst: WorstCase) -> None:
        """See to it that the call can be paid for, within the caps of this moment.

        Raises: BudgetReached, TaskBudgetReached when that can't be.
        """
        while self._limit(self._run) and not self.budget.holds(worst):
            await self._get(worst)

    async def _get(self, worst: WorstCase) -> None:
        self._changed.clear()
        async with self._books:
            drawn = await self._treasury.draw(self._job.task.id, self._job.attempt, self._need(worst))
            if isinstance(drawn, Spend):
                self._allow(drawn)
                return
        if drawn.of_task:
            raise TaskBudgetReached(self._words(worst, of_task=True))
        given = [await purse.give_back() for purse in tuple(self._purses)]
        if not any(given) and not self._changed.is_set():
            await self._wait(worst)

    async def give_back(self) -> bool:
        """Give back what is not used, as an attempt of the run has too little; whether there was anything."""
        async with self._books:
            is_about_to_call = self.calls or self.budget.reserved_tokens
            if self._is_closed or is_about_to_call or self.budget.unused == (0, 0.0):
                return False
            used = self._used
            self._allow(used)
            await self._treasury.give_back(self._job.task.id, self._job.attempt, used)
            return True

    def call_ended(self) -> None:
        """A call of this purse is over: those of the run that wait look again."""
        for purse in self._purses:
            purse.wake()

    def wake(self) -> None:
        """Something changed in the run's budget."""
        self._changed.set()

    async def close(self) -> None:
        """Settle the grant; those of the run that wait look again."""
        async with self._books:
            self._is_closed = True
            self._purses.remove(self)
            await self._treasury.settle(self._job.task.id, self._job.attempt, self._used)
        self.call_ended()

    async def _wait(self, worst: WorstCase) -> None:
        """Until a call of another attempt ends, which gives back what it did not use."""
        if not any(purse.calls for purse in self._purses if purse is not self):
            raise BudgetReached(self._words(worst, of_task=False))
        await self._changed.wait()

    @property
    def _run(self) -> Run:
        return self._treasury.run(self._job.run.id)

    @property
    def _used(self) -> Spend:
        return Spend(tokens=self.budget.spent_tokens, cost_usd=self.budget.spent_usd)

    def _limit(self, run: Run) -> bool:
        """Let the budget know which caps there are; whether there are any. One that is new begins with nothing granted."""
        config = run.config
        has_usd = config.budget_usd is not None or config.task_budget_usd is not None
        has_tokens = config.budget_tokens is not None or config.task_budget_tokens is not None
        self.budget.limit(usd=has_usd, tokens=has_tokens)
        return has_usd or has_tokens

    def _allow(self, granted: Spend) -> None:
        self.budget.allow(granted.cost_usd, granted.tokens)

    def _need(self, worst: WorstCase) -> Need:
        tokens, usd = self.budget.needed(worst)
        return Need(tokens, usd, worst.tokens, worst.usd or 0.0)

    def _words(self, worst: WorstCase, *, of_task: bool) -> str:
        config, spend = self._run.config, self._run.spend
        usd, tokens = config.budget_usd, config.budget_tokens
        whose = "the budget"
        if of_task:
            usd, tokens, whose = (
                config.task_budget_usd,
                config.task_budget_tokens,
                f"what {self._job.task.id} may spend",
            )
            spend = sum((attempt.spend for attempt in self._job.task.attempts), self._used)
        caps = [f"${usd:.2f}"] if usd is not None else []
        caps += [f"{tokens:,} tokens"] if tokens is not None else []
        price = f" and ${worst.usd:.2f}" if worst.usd else ""
        return (
            f"{whose} of {' and '.join(caps)} is reached: {spend.tokens:,} tokens and ${spend.cost_usd:.2f} are spent, "
            f"others may be bound by calls under way, and the next call may need {worst.tokens:,} tokens{price}"
        )


class _Counted:
    """Tells the purse which calls are under way."""

    def __init__(self, model: Model, purse: Purse) -> None:
        self._model = model
        self._purse = purse

    async def complete(self, request: Request) -> Reply:
        self._purse.calls += 1
        try:
            return await self._model.complete(request)
        finally:
            self._purse.calls -= 1
            self._purse.call_ended()


class _Thrifty:
    """Lets a run that is finished cheaply think with the cheapest model there is."""

    def __init__(self, model: Model, treasury: Treasury, run: RunId, facts: ModelFacts) -> None:
        self._model = model
        self._treasury = treasury
        self._run = run
        self._facts = facts

    async def complete(self, request: Request) -> Reply:
        if self._treasury.run(self._run).thrifty:
            request = msgspec.structs.replace(request, model=await self._cheapest(request.model))
        return await self._model.complete(request)

    async def _cheapest(self, named: str) -> str:
        """The model that is named for this, or whose tokens cost least; the request's own where no other is known to cost less."""
        if self._facts.cheap:
            return self._facts.cheap
        prices = {name: await self._facts.price_of(name) for name in dict.fromkeys((named, *self._facts.choices))}
        # An agent reads far more than it writes: a token of the prompt weighs three times one of the reply.
        known = {name: price.of(3, 1) for name, price in prices.items() if price is not None}
        return min(known, key=known.__getitem__) if named in known else named
