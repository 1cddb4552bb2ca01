"""How often one client may ask: a bucket of tokens for each client and kind of request. Must not know HTTP."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

Kind = Literal["create", "write", "read", "refusal"]
PER_MINUTE: Final[Mapping[Kind, int]] = {"create": 10, "write": 60, "read": 600, "refusal": 30}
"""`refusal` counts requests without a valid proof: a token can't be guessed at speed."""
MAX_CLIENTS: Final = 4_096


class _Bucket(msgspec.Struct):
    left: float
    at_s: float


class Rates:
    """Buckets that hold a minute's worth and refill evenly, so that a burst is possible and a flood is not."""

    def __init__(self, now_s: Callable[[], float], per_minute: Mapping[Kind, int] = PER_MINUTE) -> None:
        self._now_s = now_s
        self._per_minute = per_minute
        self._buckets: OrderedDict[tuple[str, Kind], _Bucket] = OrderedDict()

    def take(self, client: str, kind: Kind) -> float:
        """0 when the client may go on, else the seconds until it may."""
        size, now_s = self._per_minute[kind], self._now_s()
        bucket = self._buckets.pop((client, kind), None) or _Bucket(size, now_s)
        self._buckets[client, kind] = bucket
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        bucket.left = min(size, bucket.left + (now_s - bucket.at_s) * size / 60)
        bucket.at_s = now_s
        if bucket.left < 1:
            return (1 - bucket.left) * 60 / size
        bucket.left -= 1
        return 0.0
