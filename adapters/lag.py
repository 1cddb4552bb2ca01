"""Watches that the loop is never held up: chats want an acknowledgement within 3 s, whatever else is under way."""

import asyncio
import logging
from typing import Final

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
LATE_S: Final = 0.25
"""From here on it is told. Work that blocks belongs into a thread (asyncio.to_thread)."""
QUIET_S: Final = 60.0
"""Once it was told, the same again within this time is no news."""


async def watch_lag() -> None:
    """Warn, until cancelled, when the loop came back to this later than it should have; at most once a minute."""
    loop = asyncio.get_running_loop()
    quiet_until = 0.0
    while True:
        wanted = loop.time() + LOOK_EVERY_S
        await asyncio.sleep(LOOK_EVERY_S)
        late_s = loop.time() - wanted
        if late_s > LATE_S and loop.time() >= quiet_until:
            quiet_until = loop.time() + QUIET_S
            logger.warning("the loop was held up", extra={"action": "loop_late", "late_s": round(late_s, 3)})
