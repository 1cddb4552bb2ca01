"""Idempotency keys: a request that is sent twice is carried out once, and answered twice. Must not know what it does.

Follows the IETF draft "The Idempotency-Key HTTP Header Field". The memory is this process's; a run that was started remembers
its key itself, across restarts.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from adapters.web.problems import Problem

MAX_KEYS: Final = 2_000
MAX_KEY_CHARS: Final = 200
T = TypeVar("T")


class Repeats(Generic[T]):
    """Remembers the latest answers by key."""

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._known: OrderedDict[str, tuple[bytes, asyncio.Future[T]]] = OrderedDict()

    async def once(self, key: str, asked: bytes, answer: Callable[[], Awaitable[T]]) -> T:
        """What `answer` gave the first time; a repeat that comes meanwhile waits for it. An error is not remembered.

        Raises: Problem for a key that was used for something else; whatever `answer` raises.
        """
        if (known := self._known.get(key)) is not None:
            if known[0] != asked:
                raise Problem(422, "key-reused", "this Idempotency-Key belongs to another request; choose a new one")
            return await asyncio.shield(known[1])
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._known[key] = (asked, future)
        try:
            found = await answer()
        except BaseException as error:
            del self._known[key]
            _pass_on(future, error)
            raise
        future.set_result(found)
        self._forget_oldest()
        return found

    def _forget_oldest(self) -> None:
        for key in [key for key, (_, future) in self._known.items() if future.done()][: -self._max_keys]:
            del self._known[key]


def _pass_on(future: "asyncio.Future[T]", error: BaseException) -> None:
    """Let those who wait fail in the same way; marked as seen, for there may be none."""
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
        return
    future.set_exception(error)
    future.exception()
