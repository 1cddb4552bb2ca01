"""What goes wrong on the way: answers that get lost, servers that stumble, connections that break. A test orders it beforehand."""

import re
from collections.abc import Sequence

import msgspec


class Trouble(msgspec.Struct):
    """The next `times` requests that fit fail: with a status, or by a broken connection (`status` 0).

    `is_done`: what was asked is done all the same, and only the answer is lost.
    """

    method: str
    path: str
    status: int = 0
    is_done: bool = False
    times: int = 1
    is_page: bool = False
    """The answer is a page of a proxy, not Discord's JSON."""
    retry_after_s: float = 0.0
    """With 429: others used up what the bot shares with them, which is not held against it."""


class Troubles:
    """What is still to go wrong; `met` counts what did."""

    def __init__(self) -> None:
        self._waiting: list[Trouble] = []
        self.met = 0

    def order(self, *troubles: Trouble) -> None:
        """Let them happen."""
        self._waiting += troubles

    def take(self, method: str, path: str) -> Trouble | None:
        """What goes wrong with this request."""
        for trouble in self._waiting:
            if trouble.method == method and re.search(trouble.path, path):
                trouble.times -= 1
                self.met += 1
                self._waiting = _left(self._waiting)
                return trouble
        return None


def _left(troubles: Sequence[Trouble]) -> list[Trouble]:
    return [each for each in troubles if each.times > 0]
