"""Carries a person's order out while no engine runs: recorded on the state branch, acted on by the next `orch resume`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from adapters.settings import secrets_of
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core import events as e
from engine.ledger import Ledger
from engine.recovery import load_board
from engine.redaction import Redactor
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock


async def submit_offline(repository: Path, command: c.PeopleCommand, by: str) -> Sequence[e.Record] | c.Refused:
    """The records that the order became, durable, or why it was refused. Nothing is dispatched.

    Raises: EngineRunning when an engine took the repository in the meantime; the store's errors.
    """
    clock = SystemClock()
    with EngineLock(repository, since_ms=clock.now_ms()):
        log = GitLog.open(repository)
        try:
            log.clean_leftovers()
            ledger = Ledger(log, load_board(log), clock, Redactor(secrets_of()).text)
            return await _submit(ledger, command, by)
        finally:
            log.close()


async def _submit(ledger: Ledger, command: c.PeopleCommand, by: str) -> Sequence[e.Record] | c.Refused:
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(ledger.run())
        answer = await ledger.submit(command, by)
        writing.cancel()
    return answer
