"""Writes an attempt's conversation to the state branch, batch by batch; must not read it back."""

from engine.core import commands as c
from engine.ledger import Ledger
from engine.store.layout import attempt_folder, file_ref
from engine.work import Job, Journal, LogBatch


def journal_for(ledger: Ledger, job: Job, *, actor: str, prefix: str = "") -> Journal:
    """A function that records a batch of the job's turns; `prefix` (`review-`) keeps a second conversation apart.

    Batches are numbered after those that a conversation of the same attempt has left before a crash. A batch of an
    attempt that was cut off in the meantime is dropped: its story is over.
    """
    folder = attempt_folder(job.run.id, job.task.id, job.attempt)
    written = 0

    async def write(batch: LogBatch) -> None:
        nonlocal written
        while ledger.log.read(f"{folder}/{prefix}{written + 1:04d}.jsonl") is not None:
            written += 1
        written += 1
        path = f"{folder}/{prefix}{written:04d}.jsonl"
        command = c.LogTurns(job.task.id, job.attempt, file_ref(path, batch.content), batch.turns, batch.spend)
        await ledger.submit(command, actor, {path: batch.content})

    return write
