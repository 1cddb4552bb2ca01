"""How fast a provider may be asked: calls at once, requests and tokens a minute, and when not at all. One lane for each provider's key.

All runs of an engine share a lane, so that one that is told to wait makes all wait. Time is the event loop's. Must not know vendors.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from engine.model.types import ModelError, Usage

MAX_WAIT_S: Final = 60.0
"""A provider that wants a longer pause is not waited for inside of an attempt: its run is parked."""

QUOTA_WAIT_S: Final = 900.0
"""When a used-up quota is tried again, where the provider does not say when it is reset."""

FAILURES_TO_BREAK: Final = 5
FAILURES_WITHIN_S: Final = 60.0
BREAK_S: Final = 30.0
TRIAL_S: Final = 10.0
"""How long others wait for the one call that tries a provider after a break; short of it they would give up before it has answered."""
_MINUTE_S: Final = 60.0
_TOLERANCE_S: Final = 1e-6
"""What rounding may leave of a wait; asleep for less than the clock can show, nobody would ever wake."""


class Rates(msgspec.Struct, frozen=True):
    """What a provider's key may do; None is no limit of ours."""

    calls_at_once: int = 8
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


class LaneClosed(ModelError):
    """The lane lets nobody through for now: the provider said so, or it failed too often. No call was made."""


class _Bucket:
    """A token bucket that starts full, fills up within a minute, and may go into debt for what was not foreseen."""

    def __init__(self, per_minute: int) -> None:
        self._size = float(per_minute)
        self._level = self._size
        self._at_s: float | None = None

    def wait_s(self, wanted: float, now_s: float) -> float:
        """Seconds until there is enough. What is more than the whole bucket waits for a full one."""
        self._fill(now_s)
        return max(0.0, min(wanted, self._size) - self._level) / self._size * _MINUTE_S

    def take(self, wanted: float) -> None:
        self._level = min(self._size, self._level - wanted)

    def _fill(self, now_s: float) -> None:
        passed_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._level = min(self._size, self._level + passed_s / _MINUTE_S * self._size)
        self._at_s = now_s


class Pass(msgspec.Struct):
    """A call under way in a lane; `usage` is what it really used, once that is known."""

    tokens: int
    usage: Usage | None = None


class Lane:
    """The way to one provider. Who comes first goes first."""

    def __init__(self, rates: Rates) -> None:
        self._slots = asyncio.Semaphore(rates.calls_at_once)
        self._line = asyncio.Lock()
        self._requests = _Bucket(rates.requests_per_minute) if rates.requests_per_minute else None
        self._tokens = _Bucket(rates.tokens_per_minute) if rates.tokens_per_minute else None
        self._closed_until_s = 0.0
        self._why = ""
        self._failures: deque[float] = deque(maxlen=FAILURES_TO_BREAK)
        self._broken_until_s = 0.0
        self._is_tried = False

    @asynccontextmanager
    async def enter(self, tokens: int) -> AsyncIterator[Pass]:
        """Wait for the turn of a call that may use so many tokens; what it did not use is given back.

        Raises: LaneClosed, of kind `quota` when the provider wants a pause, `unavailable` while it fails too often.
        """
        async with self._slots:
            async with self._line:
                await self._wait(tokens)
            entered = Pass(tokens)
            is_trial = self._begin_trial()
            try:
                yield entered
            except ModelError as error:
                self._learn(error)
                raise
            else:
                self._failures.clear()
                self._broken_until_s = 0.0
            finally:
                if is_trial:
                    self._is_tried = False
                if self._tokens is not None and entered.usage is not None:
                    self._tokens.take(entered.usage.total_tokens - tokens)

    def reopen(self) -> None:
        """Forget that the provider wanted a pause."""
        self._closed_until_s = 0.0

    async def _wait(self, tokens: int) -> None:
        while True:
            now_s = asyncio.get_running_loop().time()
            self._refuse_while_closed(now_s)
            wait_s = max(
                self._closed_until_s - now_s,
                self._requests.wait_s(1, now_s) if self._requests else 0.0,
                self._tokens.wait_s(tokens, now_s) if self._tokens else 0.0,
            )
            if wait_s <= _TOLERANCE_S:
                break
            await asyncio.sleep(wait_s)
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(tokens)

    def _refuse_while_closed(self, now_s: float) -> None:
        closed_s = self._closed_until_s - now_s
        if closed_s > MAX_WAIT_S:
            raise LaneClosed(self._why, "quota", closed_s)
        if self._broken_until_s > now_s or (self._broken_until_s and self._is_tried):
            wait_s = max(self._broken_until_s - now_s, TRIAL_S)
            raise LaneClosed(
                f"the provider failed {FAILURES_TO_BREAK} times within {FAILURES_WITHIN_S:g} s and is left alone for a while",
                "unavailable", wait_s,
            )  # fmt: skip

    def _begin_trial(self) -> bool:
        """After a break one call goes ahead; the others follow when it came through."""
        self._is_tried = self._is_tried or self._broken_until_s > 0
        return self._is_tried

    def _learn(self, error: ModelError) -> None:
        now_s = asyncio.get_running_loop().time()
        if error.kind in ("rate_limit", "quota"):
            default_s = QUOTA_WAIT_S if error.kind == "quota" else 0.0
            until_s = now_s + (default_s if error.retry_after_s is None else error.retry_after_s)
            if until_s > self._closed_until_s:
                self._closed_until_s, self._why = until_s, str(error)
        elif error.kind in ("timeout", "unavailable"):
            self._failures.append(now_s)
            is_full = len(self._failures) == FAILURES_TO_BREAK
            if self._broken_until_s or (is_full and now_s - self._failures[0] <= FAILURES_WITHIN_S):
                self._broken_until_s = now_s + BREAK_S
                self._failures.clear()


class Lanes:
    """The lanes of an engine, by provider (`anthropic/claude-…`: `anthropic`), which is by key: each provider has one."""

    def __init__(self, rates: Mapping[str, Rates] | None = None) -> None:
        self._rates = rates or {}
        self._lanes: dict[str, Lane] = {}

    def of(self, model: str) -> Lane:
        """The lane to the provider that serves a model."""
        provider = model.partition("/")[0]
        if provider not in self._lanes:
            self._lanes[provider] = Lane(self._rates.get(provider, Rates()))
        return self._lanes[provider]

    def reopen(self) -> None:
        """Every provider may be asked again, whatever it said."""
        for lane in self._lanes.values():
            lane.reopen()
