"""Gathers an agent's turns into batches for the journal: JSON lines, at most 16 turns or 64 KiB. A note goes on at once. Must not lose a turn."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from engine.agent.outcome import Turn
from engine.core.entities import Spend
from engine.finishing import to_the_end
from engine.tools.notepad import Note, Notepad
from engine.unwritten import Page, UnwrittenTurns
from engine.work import Journal, LogBatch

MAX_TURNS: Final = 16
MAX_BYTES: Final = 64 * 1024
_encoder: Final = msgspec.json.Encoder(order="sorted")


class Notebook:
    """Turns that are not written yet; what is written is never rewritten (docs/state-branch.md, growth)."""

    def __init__(
        self, journal: Journal, redact: Callable[[str], str], notepad: Notepad | None = None, page: Page | None = None
    ) -> None:
        self._journal = journal
        self._redact = redact
        self._notepad = notepad or Notepad()
        self._page = page or UnwrittenTurns().page("")
        self._lines: list[bytes] = []
        self._bytes = 0
        self._spend = Spend()

    async def write(self, turn: Turn) -> None:
        """Take the turn, and pass a full batch on; a cancellation waits until both are done."""
        await to_the_end(self._write(turn))
        # A cancellation that came meanwhile is taken here, not by whatever the agent does next.
        await asyncio.sleep(0)

    async def flush(self) -> None:
        """Pass on what is left."""
        await to_the_end(self._pass_on(self._notepad.take()))

    async def _write(self, turn: Turn) -> None:
        # In a thread: tens of kilobytes, with a page of patterns to look for.
        line = await asyncio.to_thread(self._redacted, turn)
        self._lines.append(line)
        self._page.add(line)
        self._bytes += len(line)
        self._spend += spend_of(turn)
        notes = self._notepad.take()
        if notes or len(self._lines) >= MAX_TURNS or self._bytes >= MAX_BYTES:
            await self._pass_on(notes)

    async def _pass_on(self, notes: tuple[Note, ...] = ()) -> None:
        if not self._lines and not notes:
            return
        batch = LogBatch(b"".join(self._lines), len(self._lines), self._spend, notes)
        self._lines, self._bytes, self._spend = [], 0, Spend()
        try:
            await self._journal(batch)
        finally:
            self._page.written(batch.turns)

    def _redacted(self, turn: Turn) -> bytes:
        messages = tuple(
            msgspec.structs.replace(
                message,
                content=self._redact(message.content),
                tool_calls=tuple(
                    msgspec.structs.replace(call, name=self._redact(call.name), arguments=self._redact(call.arguments))
                    for call in message.tool_calls
                ),
            )
            for message in turn.messages
        )
        return _encoder.encode(msgspec.structs.replace(turn, messages=messages)) + b"\n"


def spend_of(turn: Turn) -> Spend:
    """What the turn's reply cost; tokens without a known price are counted apart, never as free."""
    tokens = turn.usage.total_tokens
    if turn.cost_usd is None:
        return Spend(tokens=tokens, unpriced_tokens=tokens)
    return Spend(tokens=tokens, cost_usd=turn.cost_usd)
