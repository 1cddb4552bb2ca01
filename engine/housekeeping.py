"""Deletes the branches of attempts that are over; what they held is on the target branch or kept as a diff.

Must not touch a branch whose attempt is still under review or in the train.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

import pygit2

from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.finishing import to_the_end
from engine.ledger import Ledger
from engine.recovery import delete_stale_branches
from engine.workspace.repository import Repository, UnknownBranch

logger = logging.getLogger(__name__)


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
                self._due.clear()
                await self.sweep()
        finally:
            unwatch()

    async def sweep(self) -> None:
        """Delete now what is stale; what somebody else has locked is left to the next sweep."""
        sweep = partial(delete_stale_branches, self._repository, lambda: self._ledger.board)
        try:
            await to_the_end(asyncio.to_thread(sweep))
        except (OSError, pygit2.GitError, UnknownBranch) as error:
            logger.warning("branches not deleted", extra={"action": "sweep_failed", "reason": str(error)})

    def _see(self, records: Sequence[e.Record], _: Blackboard) -> None:
        over = (e.WorkMerged, e.AttemptFailed, e.TaskAbandoned, e.HumanAsked)
        if any(isinstance(record.event, over) for record in records):
            self._due.set()
