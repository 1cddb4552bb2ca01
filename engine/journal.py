"""Writes an attempt's conversation to the state branch, batch by batch; must not read it back."""

import asyncio

from engine.core import commands as c
from engine.ledger import Ledger
from engine.ports import Log
from engine.store.layout import attempt_folder, file_ref
from engine.tools.notepad import DesignNote, InsightNote, Note, WatchNote
from engine.work import Job, Journal, LogBatch


def journal_for(ledger: Ledger, job: Job, *, actor: str, prefix: str = "") -> Journal:
    """A function that records a batch of the job's turns; `prefix` (`review-`) keeps a second conversation apart.

    Batches are numbered after those that an earlier conversation of the same attempt has left (a review that was held twice).
    A batch of an attempt that is no longer the latest is dropped: its story is over.
    """
    stem = f"{attempt_folder(job.run.id, job.task.id, job.attempt)}/{prefix}"
    written: int | None = None

    async def write(batch: LogBatch) -> None:
        await _put_down(ledger, job, actor, batch.notes)
        nonlocal written
        if not batch.content:
            return
        if written is None:
            written = await asyncio.to_thread(_count, ledger.log, stem)
        written += 1
        path = _path(stem, written)
        command = c.LogTurns(job.task.id, job.attempt, file_ref(path, batch.content), batch.turns, batch.spend)
        await ledger.submit(command, actor, {path: batch.content})
        # Whoever looks on has had these turns from us; from now on they are read from git.
        await ledger.flush()

    return write


async def _put_down(ledger: Ledger, job: Job, actor: str, notes: tuple[Note, ...]) -> None:
    """The notes as events; the core refuses what is said already, or too much, and nobody need mind."""
    for note in notes:
        command: c.PostInsight | c.LogDesign | c.WatchAttempt
        match note:
            case WatchNote(nudge):
                command = c.WatchAttempt(job.task.id, job.attempt, nudge)
            case InsightNote(summary, topics, paths):
                command = c.PostInsight(job.task.id, job.attempt, summary, topics, paths)
            case DesignNote(area, summary, reason, applies_to):
                command = c.LogDesign(job.task.id, job.attempt, area, summary, reason, applies_to)
        await ledger.submit(command, "guardian" if isinstance(note, WatchNote) else actor)


def _path(stem: str, number: int) -> str:
    return f"{stem}{number:04d}.jsonl"


def _count(log: Log, stem: str) -> int:
    number = 0
    while log.read(_path(stem, number + 1)) is not None:
        number += 1
    return number
