"""How often a method may be called: Slack's tiers in a sliding minute, and one post a second in a channel.

The numbers are what Slack promises at least ("50+ per minute"); here they are the most.
"""

import math
from collections import deque

import msgspec

PER_MINUTE = {1: 5, 2: 20, 3: 50, 4: 100}
"""Tier 1 is `1+`: five opens in a minute are what was seen to be taken."""
POST_GAP_S = 1.0
_JITTER_S = 1e-6


class Limited(Exception):
    """429, with what stands in Retry-After."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Turned(msgspec.Struct):
    """A 429 that was given: when, for what, and how long it said to wait. `was_heeded` is False after a call within that time."""

    at_s: float
    what: tuple[str, str]
    retry_after_s: int
    was_heeded: bool = True


class Rates:
    """What was called when. `post_gap_s` is how far apart posts in a channel must be."""

    def __init__(self, post_gap_s: float = POST_GAP_S) -> None:
        self.post_gap_s = post_gap_s
        self._calls: dict[str, deque[float]] = {}
        self._posted: dict[str, float] = {}
        self.turned: list[Turned] = []

    def take(self, method: str, tier: int | None, now: float, channel: str = "") -> None:
        """Count a call; `channel` when it posts there.

        Raises: Limited.
        """
        for each in self.turned:
            if each.what == (method, channel) and now < each.at_s + each.retry_after_s - _JITTER_S:
                each.was_heeded = False
        wait_s = max(self._wait(method, tier, now), self._post_wait(channel, now) if channel else 0.0)
        if wait_s > _JITTER_S:
            self.turned.append(Turned(now, (method, channel), math.ceil(wait_s)))
            raise Limited(math.ceil(wait_s))
        self._calls.setdefault(method, deque()).append(now)
        if channel:
            self._posted[channel] = now

    def _wait(self, method: str, tier: int | None, now: float) -> float:
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if tier is None or len(calls) < PER_MINUTE[tier]:
            return 0.0
        return calls[0] + 60 - now

    def _post_wait(self, channel: str, now: float) -> float:
        return self._posted[channel] + self.post_gap_s - now if channel in self._posted else 0.0
