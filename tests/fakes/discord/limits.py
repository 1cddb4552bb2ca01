"""How often a bot may ask: a bucket a route, one for all, and slow lanes for old messages and renamed channels.

A bot is to learn these numbers from the headers alone, so a test may choose any. Source: Discord's documentation, Rate Limits.
"""

from collections import deque
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec

Window = tuple[int, float]
Scope = Literal["user", "global", "shared"]


class Limits(msgspec.Struct, frozen=True):
    """Each is a number of requests and the seconds in which they may be made."""

    messages: Window = (5, 5.0)
    others: Window = (10, 5.0)
    everywhere: Window = (50, 1.0)
    channel_changes: Window = (2, 600.0)
    old_edits: Window = (3, 60.0)
    invalid: Window = (10_000, 600.0)


WIDE = Limits(messages=(1_000, 1.0), others=(1_000, 1.0), everywhere=(10_000, 1.0))
"""For tests in real time, that are about something else."""


class Verdict(NamedTuple):
    """What a request gets beside its answer; `retry_after_s` is more than 0 when it gets no other."""

    headers: dict[str, str]
    retry_after_s: float = 0.0
    scope: Scope = "user"
    code: int = 0


class Meter:
    """Counts the requests; a window begins with the first request after the last one is over."""

    def __init__(self, limits: Limits, now_s: Callable[[], float]) -> None:
        self.limits = limits
        self._now_s = now_s
        self._windows: dict[str, tuple[float, int]] = {}
        self._invalid: deque[float] = deque()
        self.refused: list[Scope] = []

    def is_banned(self) -> bool:
        """Whether there were so many invalid requests that the whole address is shut out."""
        most, seconds = self.limits.invalid
        while self._invalid and self._invalid[0] < self._now_s() - seconds:
            self._invalid.popleft()
        return len(self._invalid) >= most

    def saw(self, status: int, *, is_shared: bool = False) -> None:
        """An answer was given; those of a shared limit do not count against the bot."""
        if status in {401, 403} or (status == 429 and not is_shared):
            self._invalid.append(self._now_s())

    @property
    def invalid(self) -> int:
        """The invalid requests of the last minutes."""
        return len(self._invalid)

    def count(self, method: str, template: str, major: str, *, is_exempt: bool = False) -> Verdict:
        """The verdict on one more request."""
        if is_exempt:
            return Verdict({})
        left, after_s = self._take("*", self.limits.everywhere)
        if left < 0:
            self.refused.append("global")
            return Verdict({"X-RateLimit-Global": "true"}, after_s, "global")
        window = self.limits.messages if "/messages" in template and method != "GET" else self.limits.others
        left, after_s = self._take(f"{method} {template} {major}", window)
        headers = {
            "X-RateLimit-Limit": str(window[0]), "X-RateLimit-Remaining": str(max(0, left)),
            "X-RateLimit-Reset": f"{1_800_000_000 + self._now_s() + after_s:.3f}", "X-RateLimit-Reset-After": f"{after_s:.3f}",
            "X-RateLimit-Bucket": sha256(f"{method} {template}".encode()).hexdigest()[:32],
        }  # fmt: skip
        if left < 0:
            self.refused.append("user")
            return Verdict(headers, after_s)
        return Verdict(headers)

    def slow_lane(self, name: str, window: Window, headers: dict[str, str], code: int = 0) -> Verdict:
        """The verdict of a limit that no header tells of."""
        left, after_s = self._take(name, window)
        if left >= 0:
            return Verdict(headers)
        self.refused.append("user")
        return Verdict(headers, after_s, "user", code)

    def _take(self, name: str, window: Window) -> tuple[int, float]:
        most, seconds = window
        since, used = self._windows.get(name, (self._now_s(), 0))
        if self._now_s() >= since + seconds:
            since, used = self._now_s(), 0
        self._windows[name] = (since, used + 1)
        return most - used - 1, since + seconds - self._now_s()


def refusal_body(verdict: Verdict) -> dict[str, Any]:
    """What a 429 says."""
    words = (
        "You are being rate limited."
        if not verdict.code
        else "Maximum number of edits to messages older than 1 hour reached."
    )
    body = {"message": words, "retry_after": round(verdict.retry_after_s, 3), "global": verdict.scope == "global"}
    return body | ({"code": verdict.code} if verdict.code else {})
