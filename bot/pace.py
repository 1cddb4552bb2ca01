"""How fast we speak: per channel, per workspace, and how long we wait after a failure. Knows time, and no chat."""

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from bot.port import Place

MAX_BACKOFF_S: Final = 30.0


class PaceRules(msgspec.Struct, frozen=True):
    """Messages a second. A channel's default stays below what Discord's buckets were seen to allow (5 in 5 s), and a
    workspace's limit, by adapter, below Slack's for chat.update (50 a minute); `own_per_s` is for adapters with another pace.
    """

    channel_per_s: float = 0.9
    own_per_s: Mapping[str, float] = {}
    workspace_per_s: Mapping[str, float] = msgspec.field(default_factory=lambda: {"slack": 0.7})


class Pacer:
    """Gives out turns to speak; whoever has waited then says what is true at that moment."""

    def __init__(self, rules: PaceRules, jitter: Callable[[], float] = random.random) -> None:
        self._rules = rules
        self._jitter = jitter
        self._free_at: dict[tuple[str, ...], float] = {}

    async def turn(self, place: Place) -> None:
        """Return when something may be said in the place; the turn is taken with that."""
        now = asyncio.get_running_loop().time()
        gaps: dict[tuple[str, ...], float] = {_key(place): self._gap_s(place)}
        if place.adapter in self._rules.workspace_per_s:
            gaps[place.adapter, place.workspace] = 1 / self._rules.workspace_per_s[place.adapter]
        at = max([now, *(self._free_at.get(key, now) for key in gaps)])
        for key, gap in gaps.items():
            self._free_at[key] = at + gap
        if at > now:
            await asyncio.sleep(at - now)

    def spoke(self, place: Place) -> None:
        """What was said in the last turn arrived only now, as a picture does after a while: the next turn counts from here."""
        now = asyncio.get_running_loop().time()
        self._free_at[_key(place)] = max(self._free_at.get(_key(place), now), now + self._gap_s(place))

    def _gap_s(self, place: Place) -> float:
        return 1 / self._rules.own_per_s.get(place.adapter, self._rules.channel_per_s)

    async def back_off(self, failures: int, retry_after_s: float) -> None:
        """Wait after so many failures in a row (1 for the first): doubling with jitter up to 30 s, longer only when told."""
        wait_s = min(MAX_BACKOFF_S, 2.0 ** min(failures - 1, 10)) * (0.5 + self._jitter() / 2)
        await asyncio.sleep(max(wait_s, retry_after_s))


def _key(place: Place) -> tuple[str, ...]:
    return place.adapter, place.workspace, place.channel
