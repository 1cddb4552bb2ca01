"""Deletes the branches of attempts that are over; what they held is on the target branch or kept as a diff.

Must not touch a branch whose attempt is still under review or in the train.
"""

import asyncio
from collections.abc import Sequence

from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.ledger import Ledger
from engine.recovery import delete_stale_branches
from engine.workspace.repository import Repository


class Housekeeper:
    """Cleans up behind attempts, one sweep at a time."""

    def __init__(self, ledger: Ledger, repository: Repository) -> None:
        self._ledger = ledger
        self._repository = repository
        self._due = asyncio.Event()

    async def run(self) -> None:
        """Sweep after each attempt that ends, until cancelled."""
        unwatch = self._ledger.watch(self._see)
        try:
            while True:
                await self._due.wait()
                await self.drain()
        finally:
            unwatch()

    async def drain(self) -> None:
        """Do now what is due."""
        if self._due.is_set():
            self._due.clear()
            await asyncio.to_thread(delete_stale_branches, self._repository, self._ledger.board)

    def _see(self, records: Sequence[e.Record], _: Blackboard) -> None:
        over = (e.WorkMerged, e.AttemptFailed, e.TaskAbandoned, e.HumanAsked)
        if any(isinstance(record.event, over) for record in records):
            self._due.set()
