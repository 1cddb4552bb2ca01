"""The single writer: commands come in, events are appended, the board moves on. Must not act on the world.

What queued while a group was being written becomes the next group (natural group commit). A command is answered only
after its events are durable; a failed append stops the writer, and with it the engine, loudly. Git shows them a moment later, when
nothing more comes; `flush` waits for that, and stands before every message, push and answer to a person.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import msgspec

from engine.clock import iso
from engine.core import commands as c
from engine.core import events as e
from engine.core import limits
from engine.core.blackboard import Blackboard, Touched
from engine.core.decide import decide, settle
from engine.core.ids import RunId, TaskId
from engine.core.subjects import subject
from engine.finishing import to_the_end
from engine.ports import Clock, Log
from engine.store import layout
from engine.store.entry import Entry
from engine.store.errors import StoreError
from engine.tools.observation import shorten

logger = logging.getLogger(__name__)

ENGINE: Final = "engine"
MAX_DETAIL_CHARS: Final = 4_000
"""Of what went wrong: it stands in a commit's message and on a card. The whole output is kept as a file."""

MAX_GROUP: Final = 64
"""Commands in one durable write at most, so that an answer never waits for an endless group."""

MAX_QUEUED: Final = 10_000
"""Commands that wait to be decided; whoever gives another one waits for a place."""

PUBLISH_AFTER_S: Final = 0.02
"""Without a command, until git is shown what is durable: too short for a person, longer than the pause between two events of a flow."""

T = TypeVar("T")
Watcher = Callable[[Sequence[e.Record], Blackboard], None]
Redact = Callable[[str], str]
Outcome = tuple[e.Record, ...] | c.Refused


class LedgerStopped(Exception):
    """The writer has ended; nothing more is recorded. The message says why."""


class _Order(msgspec.Struct):
    command: c.Command
    actor: str
    files: Mapping[str, bytes]
    answer: asyncio.Future[Outcome]


class Ledger:
    """Owns the log and the board. `board` is what is durable; it is replaced, never changed, by each group."""

    def __init__(
        self, log: Log, board: Blackboard, clock: Clock, redact: Redact, *, max_queued: int = MAX_QUEUED
    ) -> None:
        self.board = board
        self.log = log
        self._clock = clock
        self._redact = redact
        # Its own: in the threads that all share, an event would wait for worktrees that are being made.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="orch-ledger")
        self._orders: asyncio.Queue[_Order] = asyncio.Queue(maxsize=max_queued)
        self._watchers: list[Watcher] = []
        self._stopped: str = ""

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` after each durable group, on the event loop; the result ends the watching."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    async def submit(
        self, command: c.Command, actor: str = ENGINE, files: Mapping[str, bytes] | None = None
    ) -> Outcome:
        """The records that the command became, all durable, or why it was refused.

        `files` (evidence, logs) are written in the commit of the command's first event.

        Raises: LedgerStopped.
        """
        if self._stopped:
            raise LedgerStopped(self._stopped)
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        await self._orders.put(_Order(command, actor, files or {}, answer))
        if self._stopped:
            # The queue was full, and when there was room nobody read it any more; this makes room for the next who waits.
            self._refuse_the_rest()
        return await answer

    async def flush(self) -> None:
        """Return when all that was recorded so far can be seen with git alone: before a message, a merge, a push.

        Where git can't be shown it, it is durable all the same; the writer meets the same error by itself, and ends the engine
        with it.
        """
        with suppress(StoreError):
            await self._publish()

    async def _publish(self) -> None:
        if self.log.unpublished:
            await self._to_the_end(self.log.publish)

    async def _to_the_end(self, work: Callable[[], T]) -> T:
        """The result of `work`, done in the ledger's thread, which a cancellation does not cut short.

        Raises: whatever `work` raises.
        """
        return await to_the_end(self._hand(work))

    async def _hand(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def fit(self, detail: str) -> str:
        """The detail redacted, and then shortened: the other way round, half a secret could be left at the cut."""
        return shorten(await self._hand(partial(self._redact, detail)), MAX_DETAIL_CHARS)

    async def run(self) -> None:
        """Write until cancelled; what is being written then is written to the end, and answered.

        Raises: whatever the log raises; then nothing more is accepted.
        """
        try:
            while True:
                group = [await self._next()]
                while len(group) < MAX_GROUP and not self._orders.empty():
                    group.append(self._orders.get_nowait())
                await self._write(group)
        except BaseException as error:
            why = (
                "the engine ended" if isinstance(error, asyncio.CancelledError) else f"{type(error).__name__}: {error}"
            )
            self._stopped = f"the state branch is no longer written: {why}"
            self._refuse_the_rest()
            raise

    async def _next(self) -> _Order:
        if self.log.unpublished:
            try:
                async with asyncio.timeout(PUBLISH_AFTER_S):
                    return await self._orders.get()
            except TimeoutError:
                await self._publish()
        return await self._orders.get()

    def _refuse_the_rest(self) -> None:
        while not self._orders.empty():
            order = self._orders.get_nowait()
            if not order.answer.done():
                order.answer.set_exception(LedgerStopped(self._stopped))

    async def _write(self, group: Sequence[_Order]) -> None:
        draft = self.board.copy()
        orders = [order for order in group if not order.answer.done()]
        try:
            outcomes = await self._to_the_end(partial(self._record, draft, orders, self._clock.now_ms()))
        except BaseException as error:
            stopped = LedgerStopped(f"the state branch could not be written: {type(error).__name__}: {error}")
            for order in orders:
                if not order.answer.done():
                    order.answer.set_exception(stopped)
            raise
        self.board = draft
        for order, told in zip(orders, outcomes, strict=True):
            if not order.answer.done():
                order.answer.set_result(told)
        self._tell([record for told in outcomes if not isinstance(told, c.Refused) for record in told])

    def _record(self, draft: Blackboard, orders: Sequence[_Order], at_ms: int) -> list[Outcome]:
        """Carry the orders out on the draft and append what came of it. In a thread: a plan of hundreds of tasks takes its time."""
        entries: list[Entry] = []
        outcomes = [
            carry_out(draft, redacted(order.command, self._redact), order.actor, order.files, at_ms, entries)
            for order in orders
        ]
        if entries:
            self.log.append(entries)
        return outcomes

    def _tell(self, records: Sequence[e.Record]) -> None:
        for watcher in tuple(self._watchers):
            watcher(records, self.board)


def carry_out(
    draft: Blackboard, command: c.Command, actor: str, files: Mapping[str, bytes], at_ms: int, entries: list[Entry]
) -> Outcome:
    """Decide the command on the draft, fold its events and what follows of itself in, and add an entry for each."""
    decided = decide(draft, command)
    if isinstance(decided, c.Refused):
        return decided
    records: list[e.Record] = []
    touched: dict[TaskId, None] = {}
    left = dict(files)
    for event in decided:
        record = e.Record(draft.seq + 1, iso(at_ms), actor, event)
        # A file comes with the event that names it, so that each commit is whole by itself.
        mine = {ref.path: left.pop(ref.path) for ref in e.named_files(event) if ref.path in left}
        entries.append(entry_of(draft, record, at_ms, mine, touched))
        records.append(record)
    if records:
        records += follow_up(draft, records[0].event.run, touched, at_ms, entries)
    return tuple(records)


def follow_up(
    draft: Blackboard, run: RunId, touched: dict[TaskId, None], at_ms: int, entries: list[Entry]
) -> list[e.Record]:
    """Fold in what follows of itself from changes to these tasks of the run, until nothing does, and add an entry for each."""
    records: list[e.Record] = []
    while decided := settle(draft, run, touched):
        for event in decided:
            records.append(e.Record(draft.seq + 1, iso(at_ms), ENGINE, event))
            entries.append(entry_of(draft, records[-1], at_ms, {}, touched))
    return records


def entry_of(
    draft: Blackboard, record: e.Record, at_ms: int, files: Mapping[str, bytes], seen: dict[TaskId, None]
) -> Entry:
    """The record as an entry, folded into the draft; a task that it changed is added to `seen`.

    Raises: BrokenHistory, IllegalTransition; then the draft must be thrown away.
    """
    task = getattr(record.event, "task", None)
    before = draft.tasks.get(task) if task else None
    touched: Touched = draft.apply(record)
    if touched.task is not None:
        seen[touched.task] = None
    name, email = author(record.actor)
    return Entry(
        seq=record.seq, at_ms=at_ms, author=name, author_email=email, trailers=trailers_of(record),
        subject=subject(record, before, draft), event=e.encode(record.event),
        # What goes, goes first: turns that are told after their run was sealed are kept in their own commit.
        files={**layout.project(draft, touched), **files},
    )  # fmt: skip


def trailers_of(record: e.Record) -> tuple[tuple[str, str], ...]:
    """What the record's commit says for machines, in this order; the store adds the sequence and the event."""
    task: TaskId | None = getattr(record.event, "task", None)
    about = (("Orch-Task", str(task)),) if task else ()
    return (("Orch-Run", str(record.event.run)), *about, ("Orch-Actor", record.actor))


def author(actor: str) -> tuple[str, str]:
    """The git author for an actor: `cli:alice` -> (`alice (cli)`, `alice@cli.orch.invalid`), a role or the engine by name.

    RFC 2606 keeps `.invalid` from ever being anyone's address.
    """
    surface, colon, name = actor.partition(":")
    if not colon:
        return f"orch {actor}", f"{actor}@orch.invalid"
    person = name.rpartition(":")[2] or name
    return f"{person} ({actor.rpartition(':')[0]})", f"{person}@{surface}.orch.invalid"


def redacted(command: c.Command, redact: Redact) -> c.Command:
    """The command with every text in it redacted, within limits and fit for UTF-8, before anything is decided: so events and
    files agree, and no text of a model or a person can stop the writer.
    """
    clean = _clean(command, redact)
    return clean if isinstance(clean, c.Command) else command


def _clean(value: object, redact: Redact) -> object:
    if isinstance(value, str):
        return _clean_text(value, redact)
    if isinstance(value, tuple):
        cleaned = tuple(_clean(item, redact) for item in value)
        return cleaned if any(a is not b for a, b in zip(cleaned, value, strict=True)) else value
    if isinstance(value, msgspec.Struct):
        changes = {
            field: new
            for field in value.__struct_fields__
            if (new := _clean(old := getattr(value, field), redact)) is not old
        }
        return msgspec.structs.replace(value, **changes) if changes else value
    return value


def _clean_text(text: str, redact: Redact) -> str:
    clean = shorten(redact(text), limits.MAX_TEXT_CHARS)
    try:
        clean.encode()
    except UnicodeEncodeError:
        # A lone surrogate, from a file name or a terminal that speaks another encoding.
        return clean.encode("utf-8", "replace").decode()
    return clean
