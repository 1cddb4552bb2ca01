"""What a run may spend: worst cases are reserved before a call and settled after; must not call models or read clocks.

Money is counted in whole nano-dollars, rounded up, so that no sum of floats can creep over a cap.
"""

from __future__ import annotations

import math

import msgspec

from engine.model.types import Message, Request, Usage

_NANO = 1_000_000_000
_TOKENS_PER_MESSAGE = 16
"""Role marks and separators around a message; OpenAI's cookbook counts 3 to 5."""


class Price(msgspec.Struct, frozen=True):
    """The most a model can charge for a token, in US dollars."""

    usd_per_prompt_token: float
    usd_per_completion_token: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of a call in US dollars."""
        return prompt_tokens * self.usd_per_prompt_token + completion_tokens * self.usd_per_completion_token


class WorstCase(msgspec.Struct, frozen=True):
    """The most that a call can cost; `usd` is None where the price is unknown."""

    tokens: int
    usd: float | None


class Reservation(msgspec.Struct, frozen=True):
    """Money and tokens held back for one call that is under way."""

    number: int
    tokens: int
    nano_usd: int


class BudgetReached(Exception):
    """A call's worst case does not fit in what is left."""


class TaskBudgetReached(BudgetReached):
    """It is the cap of a single task that the call does not fit in."""


class PriceUnknown(Exception):
    """A model without a known price was to be used without a cap on tokens."""


def worst_case(request: Request, price: Price | None) -> WorstCase:
    """The upper bound of what a request can cost.

    A token of a byte-level encoding is at least one byte, so that the UTF-8 length bounds the prompt in every language.
    """
    prompt = sum(_message_bytes(message) for message in request.messages)
    prompt += sum(
        len(tool.parameters) + len((tool.name + tool.description).encode("utf-8", "surrogatepass"))
        for tool in request.tools
    )
    prompt += len(request.schema)
    prompt += _TOKENS_PER_MESSAGE * (len(request.messages) + len(request.tools) + 1)
    usd = None if price is None else price.of(prompt, request.max_output_tokens)
    return WorstCase(tokens=prompt + request.max_output_tokens, usd=usd)


class Budget:
    """The caps of one run. Any number of callers may share it: spent + reserved never exceeds a cap.

    Only a provider that charges more than the worst case can go over, and then `spent_usd` tells the truth about it.
    """

    def __init__(self) -> None:
        self._cap_nano: int | None = None
        self._cap_tokens: int | None = None
        self._spent_nano = 0
        self._spent_tokens = 0
        self._open: dict[int, Reservation] = {}
        self._next = 1

    @property
    def spent_usd(self) -> float:
        """What settled calls have cost, in US dollars; calls without a price are not in it."""
        return self._spent_nano / _NANO

    @property
    def spent_tokens(self) -> int:
        """The tokens of all settled calls."""
        return self._spent_tokens

    @property
    def reserved_tokens(self) -> int:
        """The tokens that calls under way hold back."""
        return sum(each.tokens for each in self._open.values())

    @property
    def unused(self) -> tuple[int, float]:
        """The tokens and US dollars that the caps leave free; nothing where there is no cap."""
        tokens = 0 if self._cap_tokens is None else self._cap_tokens - self._spent_tokens - self.reserved_tokens
        nano = 0 if self._cap_nano is None else self._cap_nano - self._spent_nano - self._held_nano
        return max(0, tokens), max(0, nano) / _NANO

    def limit(self, *, usd: bool, tokens: bool) -> None:
        """Say which caps there are; one that is new allows what is spent or held back already, and no more."""
        nano = self._spent_nano + self._held_nano
        self._cap_nano = (nano if self._cap_nano is None else self._cap_nano) if usd else None
        spent = self._spent_tokens + self.reserved_tokens
        self._cap_tokens = (spent if self._cap_tokens is None else self._cap_tokens) if tokens else None

    def allow(self, usd: float, tokens: int) -> None:
        """Set the caps that there are to these."""
        if self._cap_nano is not None:
            self._cap_nano = round(usd * _NANO)
        if self._cap_tokens is not None:
            self._cap_tokens = tokens

    def needed(self, worst: WorstCase) -> tuple[int, float]:
        """The tokens and US dollars that the caps must allow in all for one more call with this worst case."""
        nano = self._spent_nano + self._held_nano + _nano(worst.usd or 0.0)
        return self._spent_tokens + self.reserved_tokens + worst.tokens, nano / _NANO

    def holds(self, worst: WorstCase) -> bool:
        """Whether the caps allow one more call with this worst case."""
        tokens, usd = self.needed(worst)
        return (self._cap_tokens is None or tokens <= self._cap_tokens) and (
            self._cap_nano is None or round(usd * _NANO) <= self._cap_nano
        )

    def reserve(self, worst: WorstCase) -> Reservation:
        """Hold back the worst case of a call that is about to be made.

        Raises: BudgetReached when it does not fit; PriceUnknown when neither a price nor a cap on tokens bounds it.
        """
        if worst.usd is None and self._cap_tokens is None:
            raise PriceUnknown(
                "this model has no known price, so a limit in dollars cannot hold: set a limit in tokens for the run"
            )
        if not self.holds(worst):
            raise BudgetReached("the worst case of the call is more than the caps leave")
        reservation = Reservation(number=self._next, tokens=worst.tokens, nano_usd=_nano(worst.usd or 0.0))
        self._next += 1
        self._open[reservation.number] = reservation
        return reservation

    def settle(self, reservation: Reservation, usage: Usage, cost_usd: float | None) -> None:
        """Replace a reservation by what the call really used; without a cost, its tokens alone are counted.

        Raises: KeyError for a reservation that was settled before.
        """
        del self._open[reservation.number]
        self._spent_tokens += usage.total_tokens
        self._spent_nano += _nano(cost_usd or 0.0)

    def release(self, reservation: Reservation) -> None:
        """Give a reservation back whole, for a call that the provider refused.

        Raises: KeyError for a reservation that was settled before.
        """
        del self._open[reservation.number]

    def forfeit(self, reservation: Reservation) -> None:
        """Count the worst case as spent, for a call whose outcome is unknown: the provider may charge for it.

        Raises: KeyError for a reservation that was settled before.
        """
        del self._open[reservation.number]
        self._spent_tokens += reservation.tokens
        self._spent_nano += reservation.nano_usd

    @property
    def _held_nano(self) -> int:
        return sum(each.nano_usd for each in self._open.values())


def _nano(usd: float) -> int:
    return math.ceil(usd * _NANO)


def _message_bytes(message: Message) -> int:
    calls = "".join(call.id + call.name + call.arguments for call in message.tool_calls)
    return len((message.content + message.tool_call_id + calls).encode("utf-8", "surrogatepass"))
