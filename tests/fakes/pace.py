"""Processor time as a test may compare it: a busy or slow machine is slow for both sides of a comparison."""

import gc
import time
from collections.abc import Callable


def cpu_s(work: Callable[[], object], times: int = 3) -> float:
    """The least processor time of this thread, in seconds, in which `work` was done; without garbage collection,
    whose cost is that of everything else the process holds.
    """
    best = float("inf")
    gc.collect()
    gc.disable()
    try:
        for _ in range(times):
            began = time.thread_time()
            work()
            best = min(best, time.thread_time() - began)
    finally:
        gc.enable()
    return best
