"""The guards around a model: redaction, retries, the provider's lane, and the budget.

Outermost first: redaction, retry, lane, budget, the model. The budget sits innermost, so that each try is paid for on its
own: a call that failed may still be charged. Must not know any vendor.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from engine.model.budget import Budget, Price, Reservation, WorstCase, worst_case
from engine.model.lanes import MAX_WAIT_S, LaneClosed, Lanes
from engine.model.types import Message, Model, ModelError, Reply, Request, Usage

logger = logging.getLogger(__name__)


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how long to try again; a provider that asks for more than `max_wait_s` is not waited for here."""

    max_tries: int = 5
    first_wait_s: float = 1.0
    max_wait_s: float = MAX_WAIT_S

    def wait_s(self, tries: int, error: ModelError, jitter: float) -> float | None:
        """Seconds to wait after that many tries, or None to give up; `jitter` is between 0 and 1.

        Exponential backoff with full jitter (Brooker, AWS Architecture Blog, 2015); never sooner than the provider says.
        """
        if not error.is_transient or tries >= self.max_tries:
            return None
        asked = error.retry_after_s or 0.0
        if asked > self.max_wait_s:
            return None
        return asked + jitter * min(self.max_wait_s - asked, self.first_wait_s * 2.0 ** (tries - 1))


@dataclass(frozen=True)
class Guards:
    """What a GuardedModel holds its calls to. `price_of` tells the price of a model, None where it is unknown; `has_next` whether another
    model can be asked in its place, so that nobody waits for a lane that is closed; `more` returns when the budget holds a call, or raises.
    """

    budget: Budget
    price_of: Callable[[str], Awaitable[Price | None]]
    redact: Callable[[str], str]
    sleep: Callable[[float], Awaitable[None]]
    more: Callable[[WorstCase], Awaitable[None]]
    lanes: Lanes = field(default_factory=Lanes)
    has_next: Callable[[str], bool] = lambda _: False
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    jitter: Callable[[], float] = random.random


class GuardedModel:
    """A Model that leaks no secret, keeps within the budget, and tries again when that may help; one for each budget."""

    def __init__(self, model: Model, guards: Guards) -> None:
        self._model = model
        self._guards = guards

    async def complete(self, request: Request) -> Reply:
        """The model's reply.

        Raises: ModelError when no further try can help; BudgetReached; PriceUnknown.
        """
        request = self._redacted(request)
        tries = 0
        while True:
            tries += 1
            try:
                return await self._try_once(request)
            except ModelError as error:
                wait_s = self._wait_s(request.model, tries, error)
                if wait_s is None:
                    raise _for_long(error) from error
                logger.warning(
                    "model call failed, trying again",
                    extra={"action": "model_retry", "label": request.label, "kind": error.kind, "wait_s": wait_s},
                )
            await self._guards.sleep(wait_s)

    def _wait_s(self, model: str, tries: int, error: ModelError) -> float | None:
        if isinstance(error, LaneClosed) and self._guards.has_next(model):
            return None
        return self._guards.retry.wait_s(tries, error, self._guards.jitter())

    def _redacted(self, request: Request) -> Request:
        return msgspec.structs.replace(request, messages=tuple(self._redacted_message(m) for m in request.messages))

    def _redacted_message(self, message: Message) -> Message:
        if message.role not in ("user", "tool"):
            return message
        return msgspec.structs.replace(message, content=self._guards.redact(message.content))

    async def _try_once(self, request: Request) -> Reply:
        price = await self._guards.price_of(request.model)
        worst = worst_case(request, price)
        async with self._guards.lanes.of(request.model).enter(_likely_tokens(worst, request)) as entered:
            # Nobody else can reserve between these two: nothing waits there.
            await self._guards.more(worst)
            reservation = self._guards.budget.reserve(worst)
            reply = await self._paid_call(request, reservation, price)
            entered.usage = reply.usage
            return reply

    async def _paid_call(self, request: Request, reservation: Reservation, price: Price | None) -> Reply:
        budget = self._guards.budget
        try:
            reply = await self._model.complete(request)
        except ModelError as error:
            _settle_failed(budget, reservation, error, price)
            raise
        except BaseException:
            # A cancelled call may be charged all the same, and nobody will tell us how much.
            budget.forfeit(reservation)
            raise
        budget.settle(
            reservation, reply.usage, _reckoned(reply.usage, price) if reply.cost_usd is None else reply.cost_usd
        )
        return reply


def _settle_failed(budget: Budget, reservation: Reservation, error: ModelError, price: Price | None) -> None:
    """Count what the provider may charge for a call that brought nothing."""
    if error.usage is not None:
        budget.settle(reservation, error.usage, _reckoned(error.usage, price))
    elif error.may_be_charged:
        budget.forfeit(reservation)
    else:
        budget.release(reservation)


def _reckoned(usage: Usage, price: Price | None) -> float | None:
    return None if price is None else price.of(usage.prompt_tokens, usage.completion_tokens)


def _likely_tokens(worst: WorstCase, request: Request) -> int:
    """About what the call uses up of the provider's rate: three bytes a token (the worst case is one), and the longest reply."""
    return (worst.tokens - request.max_output_tokens) // 3 + request.max_output_tokens


def _for_long(error: ModelError) -> ModelError:
    """A rate limit that holds for longer than anybody waits is, for the run, a quota that is used up until then."""
    if error.kind == "rate_limit" and (error.retry_after_s or 0.0) > MAX_WAIT_S:
        return ModelError(str(error), "quota", error.retry_after_s)
    return error
