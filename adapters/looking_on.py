"""A task's conversation while it is held, over the engine's door: each turn when it is over, the words as they are said.

One JSON line comes in (which task), many go out, until the task is over or the looker-on leaves. Whoever reads too slowly is
let go: the engine waits for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

import msgspec

from engine.agent.outcome import Turn
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import TaskId, read_label
from engine.core.lifecycle import RUN_OVER, TASK
from engine.model.streamed import Stream
from engine.store.lock import EngineLock
from engine.unwritten import UnwrittenTurns

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_WAITING: Final = 1_000
PACE_S: Final = 0.1
"""Between two pieces of what is being said: the text so far replaces the one before."""


class Workplace(Protocol):
    """What is looked on at: an engine."""

    @property
    def unwritten(self) -> UnwrittenTurns:
        """Turns that are over and not written yet."""
        ...

    @property
    def board(self) -> Blackboard:
        """What is durable now."""
        ...

    def watch(self, watcher: Callable[[Sequence[e.Record], Blackboard], None]) -> Callable[[], None]:
        """Call `watcher` after each durable group; the result ends the watching."""
        ...


class Wish(msgspec.Struct, frozen=True, tag="look-on", tag_field="order"):
    """Which task, and which attempt of it; 0 for all that are and will be."""

    task: TaskId
    attempt: int = 0


class TurnOver(msgspec.Struct, frozen=True, tag="turn", tag_field="kind"):
    """A turn that is over; `label` (`R1/T3/a2`, `R1/T3/a2/review`) names the conversation."""

    label: str
    turn: Turn


class Said(msgspec.Struct, frozen=True, tag="said", tag_field="kind"):
    """What the model has said in the present turn so far."""

    label: str
    text: str
    is_done: bool


News = TurnOver | Said


def wish_of(line: bytes) -> Wish | None:
    """The wish to look on, None when the line is something else."""
    try:
        return msgspec.json.decode(line, type=Wish)
    except msgspec.MsgspecError:
        return None


async def show(
    engine: Workplace, stream: Stream, wish: Wish, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Write news of the task until there is no more to come."""
    show = _Show(engine, stream, wish)
    with show.attached():
        async with asyncio.TaskGroup() as group:
            # The other side sends nothing more: the end of its stream says that it has left.
            leaving = group.create_task(reader.read())
            leaving.add_done_callback(lambda _: show.end())
            try:
                async for line in show.lines():
                    writer.write(line)
                    await writer.drain()
            finally:
                leaving.cancel()


class _Show:
    def __init__(self, engine: Workplace, stream: Stream, wish: Wish) -> None:
        self._engine = engine
        self._stream = stream
        self._wish = wish
        self._turns: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._said: dict[str, None] = {}
        self._news = asyncio.Event()
        self._is_over = False

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Hear of everything while the context is open."""
        stops = (
            self._engine.unwritten.listen(self._wish.task, self._heard_turn),
            self._stream.listen(self._wish.task, self._heard_words),
            self._engine.watch(self._looked),
        )
        try:
            self._looked((), self._engine.board)
            yield
        finally:
            for stop in stops:
                stop()

    async def lines(self) -> AsyncIterator[bytes]:
        """Each piece of news, as a line; the first is empty and says that nothing is missed from now on."""
        yield b"\n"
        while True:
            await self._news.wait()
            self._news.clear()
            while not self._turns.empty():
                yield self._turns.get_nowait()
            for label in tuple(self._said):
                if (said := self._stream.said(label)) is not None:
                    yield msgspec.json.encode(Said(label, said.text, said.is_done)) + b"\n"
            self._said.clear()
            if self._is_over and self._turns.empty():
                return
            await asyncio.sleep(PACE_S)

    def end(self) -> None:
        """Let the lines end once what waits is sent."""
        self._is_over = True
        self._news.set()

    def _heard_turn(self, label: str, line: bytes) -> None:
        if not self._is_wanted(label):
            return
        try:
            self._turns.put_nowait(msgspec.json.encode(TurnOver(label, msgspec.json.decode(line, type=Turn))) + b"\n")
        except asyncio.QueueFull:
            self._is_over = True
        self._said.pop(label, None)  # the turn holds it all
        self._news.set()

    def _heard_words(self, label: str) -> None:
        if self._is_wanted(label):
            self._said[label] = None
            self._news.set()

    def _looked(self, _: Sequence[e.Record], board: Blackboard) -> None:
        task = board.tasks[self._wish.task]
        attempt = next((each for each in task.attempts if each.number == self._wish.attempt), None)
        is_past = attempt is not None and (len(task.attempts) > attempt.number or attempt.ended_at != "")
        if is_past or not TASK[task.state] or board.runs[task.run].state in RUN_OVER:
            self.end()

    def _is_wanted(self, label: str) -> bool:
        return not self._wish.attempt or read_label(label)[2] == self._wish.attempt


@asynccontextmanager
async def looking_on(repository_path: Path, wish: Wish) -> AsyncIterator[AsyncIterator[News] | None]:
    """What is told from now on while an engine works on the repository; None when none does.

    Raises: RepositoryUnusable.
    """
    holder = await asyncio.to_thread(EngineLock.holder, repository_path)
    if holder is None or not holder.socket:
        yield None
        return
    try:
        reader, writer = await asyncio.open_unix_connection(holder.socket, limit=MAX_LINE_BYTES)
    except OSError:
        yield None
        return
    try:
        writer.write(msgspec.json.encode(wish) + b"\n")
        with suppress(ConnectionError):
            await reader.readline()
        yield _news(reader)
    finally:
        writer.close()


async def _news(reader: asyncio.StreamReader) -> AsyncIterator[News]:
    with suppress(ConnectionError):
        while line := await reader.readline():
            yield msgspec.json.decode(line, type=News)
