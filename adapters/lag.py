"""Watches that the loop is never held up: chats want an acknowledgement within 3 s, whatever else is under way."""

import asyncio
import logging
from typing import Final

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
LATE_S: Final = 0.25
"""From here on it is told. Work that blocks belongs into a thread (asyncio.to_thread)."""


async def watch_lag() -> None:
    """Warn, until cancelled, whenever the loop came back to this later than it should have."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + LOOK_EVERY_S
        await asyncio.sleep(LOOK_EVERY_S)
        late_s = loop.time() - wanted
        if late_s > LATE_S:
            logger.warning("the loop was held up", extra={"action": "loop_late", "late_s": round(late_s, 3)})
