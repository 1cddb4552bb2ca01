"""The bot's Scheduler on APScheduler, in memory: plans are made anew from the board at each start. Must not decide anything.

A wake-up that is late is still given, once (`misfire_grace_time=None`, `coalesce`); every time is UTC.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler


class ApschedulerAlarms:
    """The Scheduler port; a context that starts and stops it. Open it on the loop that is to be woken."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=UTC,
        )

    def __enter__(self) -> Self:
        self._scheduler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scheduler.shutdown(wait=False)

    def wake_at(self, key: str, at_ms: int, call: Callable[[str], None]) -> None:
        """Call `call(key)` on the loop at that time, at once when it is past; replaces the key's earlier plan."""
        self._scheduler.add_job(
            _wake, "date", run_date=datetime.fromtimestamp(at_ms / 1000, UTC), args=(call, key), id=key,
            replace_existing=True,
        )  # fmt: skip

    def forget(self, key: str) -> None:
        """Do not wake for the key; an unknown one is fine."""
        try:
            self._scheduler.remove_job(key)
        except JobLookupError:
            return


async def _wake(call: Callable[[str], None], key: str) -> None:
    # A coroutine, since APScheduler runs plain functions in a thread.
    call(key)
