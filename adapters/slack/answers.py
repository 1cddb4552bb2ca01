"""What a deed brings along to be answered by: a trigger for a form (3 s), an address for words (30 min, five times).

Both are secrets that let anybody answer, so they stay in memory. Must not know what is said.
"""

import asyncio
from collections import OrderedDict
from typing import Final, Literal

import msgspec

MAX_OPEN: Final = 2_000
MAX_USES: Final = 5
GOOD_FOR_S: Final = 1_740.0
"""A minute less than the half hour that Slack keeps an address open."""

Kind = Literal["command", "click", "form", "home"]


class Deed(msgspec.Struct):
    """How a deed can be answered; what it did not bring is empty."""

    kind: Kind
    trigger: str = ""
    address: str = ""
    taken_at: float = 0.0
    uses: int = 0


class Answers:
    """The deeds that may still be answered, by handle."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Deed] = OrderedDict()

    def take(self, handle: str, deed: Deed) -> None:
        """Remember how to answer."""
        deed.taken_at = _now()
        self._open[handle] = deed
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)

    def of(self, handle: str) -> Deed | None:
        """How to answer it; None when it did not come to this process, or long ago."""
        return self._open.get(handle)

    def address(self, handle: str) -> str:
        """Where to answer it, empty when that is no longer possible. One use is counted."""
        deed = self._open.get(handle)
        if deed is None or deed.uses >= MAX_USES or _now() - deed.taken_at > GOOD_FOR_S:
            return ""
        deed.uses += 1
        return deed.address

    def trigger(self, handle: str) -> str:
        """What lets a form come up, empty when there is none; Slack takes it once."""
        deed = self._open.get(handle)
        if deed is None:
            return ""
        trigger, deed.trigger = deed.trigger, ""
        return trigger


def _now() -> float:
    return asyncio.get_running_loop().time()
