"""The real clock, and times as the log writes them; the one place of the engine that reads the machine's time."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go backwards, from an arbitrary start."""
        return time.monotonic()


def iso(at_ms: int) -> str:
    """`2026-11-22T21:15:29Z`: UTC, whole seconds, since a commit's time has no more."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_after(now_ms: int, wait_s: float) -> str:
    """The time after a wait, rounded up: `iso` keeps whole seconds, and nobody is to wake too early."""
    return iso(now_ms + int(wait_s * 1000) + 999)


def from_iso(text: str) -> int:
    """Milliseconds since 1970 for what `iso` wrote.

    Raises: ValueError.
    """
    return int(datetime.fromisoformat(text).timestamp() * 1000)
