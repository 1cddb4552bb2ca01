"""Waiting that a cancellation does not cut short: what was begun is ended before its caller goes on. Must not hide a cancellation.

A thread can't be cancelled. Whoever walks away from one leaves it at work behind everybody's back: a worktree taken for nobody, a branch
moved after the engine's end.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[object, object, T], hurry: Callable[[], None] = lambda: None) -> T:
    """The result of `work`, which always ends; a cancellation meanwhile is delivered at the caller's next `await`.

    `hurry` is called at each cancellation, for work that can be asked to end sooner.

    Raises: whatever `work` raises.
    """
    loop, caller = asyncio.get_running_loop(), asyncio.current_task()
    task = loop.create_task(work)
    cancellations = 0
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            cancellations += 1
            hurry()
    if caller is not None:
        for _ in range(cancellations):
            # Taken back and made again, so that whoever counts requests (`asyncio.timeout`, `TaskGroup`) counts right.
            caller.uncancel()
            caller.cancel()
    return task.result()
