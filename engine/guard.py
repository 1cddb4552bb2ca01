"""The edge of a worker: whatever it raises becomes data, so that one attempt's fault never stops the others. Must not judge it."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from engine.core.ids import RunId, TaskId
from engine.ledger import LedgerStopped

logger = logging.getLogger(__name__)
T = TypeVar("T")
MAX_TRACE_CHARS: Final = 3_000


class Crashed(msgspec.Struct, frozen=True):
    """Something was raised; `summary` is its sentence, `trace` the end of the way it took."""

    summary: str
    trace: str

    @property
    def detail(self) -> str:
        """Both, for the log."""
        return f"{self.summary}\n{self.trace}"


async def guarded(work: Callable[[], Awaitable[T]], *, run: RunId, task: TaskId | None = None) -> T | Crashed:
    """The result of the work, or how it crashed.

    Raises: LedgerStopped, for then nothing can be recorded any more.
    """
    try:
        return await work()
    except LedgerStopped:
        raise
    except Exception as error:
        logger.exception("worker crashed", extra={"action": "worker_crashed", "run": run, "task": task})
        trace = "".join(traceback.format_exception(error))
        return Crashed(f"{type(error).__name__}: {error}", trace[-MAX_TRACE_CHARS:])
