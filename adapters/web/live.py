"""Turns the engine's durable groups into messages for those who follow: a snapshot, then changes with sequence numbers.

What changes in a short while goes out together, encoded once for all. Must not wait: a slow follower is its own socket's
business (`Outbox`), never the engine's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from adapters.web.chat import PLACE, ThreadItem
from adapters.web.views import Changes, RunRow, RunView, changes, run_row, run_view
from bot.threads import run_of_thread
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER

PACE_S: Final = 0.05
"""At least so long between two messages about a run: 20 a second are more than anybody reads."""
LIST_PACE_S: Final = 0.5
MAX_KEPT: Final = 400
"""Deltas kept for a run, for those who come back: 20 s at the full pace, hours at an ordinary one."""
MAX_QUEUED: Final = 128
LISTED: Final = 200
"""Runs in the list that a follower gets first; GET /api/v1/runs has them all."""


encode: Final = msgspec.json.Encoder().encode
"""A message as the bytes that are sent."""


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot", tag_field="type"):
    """The whole run as of `seq`."""

    run: RunId
    seq: int
    data: RunView


class CatchUp(msgspec.Struct, frozen=True, tag="catch_up", tag_field="type"):
    """The whole run again, in place of deltas that the client was too slow for."""

    run: RunId
    seq: int
    data: RunView


class Delta(msgspec.Struct, frozen=True, tag="delta", tag_field="type"):
    """What changed up to `seq`, as whole entities."""

    run: RunId
    seq: int
    changes: Changes


class Runs(msgspec.Struct, frozen=True, tag="runs", tag_field="type"):
    """Runs of the list that are new or changed, the newest first."""

    seq: int
    items: tuple[RunRow, ...]


class Watched(msgspec.Struct, frozen=True, tag="turn", tag_field="type"):
    """What a model has said in the present turn; it replaces what came before in the same turn."""

    run: str
    task: str
    attempt: int
    speaker: str
    text: str
    done: bool


class ThreadNews(msgspec.Struct, frozen=True, tag="thread", tag_field="type"):
    """What is new or changed in the run's thread."""

    run: RunId
    items: tuple[ThreadItem, ...]


class Trouble(msgspec.Struct, frozen=True, tag="problem", tag_field="type"):
    """A message of the client that could not be followed."""

    detail: str


class Outbox:
    """What waits to be sent to one client: a bounded queue; when it runs over, the runs that need a fresh snapshot."""

    def __init__(self, actor: str = "", size: int = MAX_QUEUED) -> None:
        self.actor = actor
        self.runs: set[RunId] = set()
        self._size = size
        self._waiting: deque[tuple[RunId | None, bytes]] = deque()
        self._behind: dict[RunId, None] = {}
        self._latest: dict[str, bytes] = {}
        self._there = asyncio.Event()

    def put(self, message: bytes, run: RunId | None = None) -> None:
        """Add a message; one about a run is given up for a snapshot when there is no room."""
        if run is not None and run in self._behind:
            return
        if len(self._waiting) >= self._size:
            self._fall_behind()
            if run is not None:
                return
        self._waiting.append((run, message))
        self._there.set()

    def put_latest(self, key: str, message: bytes) -> None:
        """Add a message that replaces an earlier one with the same key."""
        self._latest[key] = message
        self._there.set()

    def _fall_behind(self) -> None:
        self._behind.update(dict.fromkeys(self.runs))
        self._waiting = deque(item for item in self._waiting if item[0] is None)
        while len(self._waiting) >= self._size:
            self._waiting.popleft()

    def forget(self, run: RunId) -> None:
        """Drop what waits about the run."""
        self._behind.pop(run, None)
        self._waiting = deque(item for item in self._waiting if item[0] != run)

    async def next(self, catch_up: Callable[[RunId], bytes]) -> bytes:
        """The next message, once there is one; `catch_up` makes the snapshot when its turn has come."""
        while True:
            if self._waiting:
                return self._waiting.popleft()[1]
            if self._behind:
                run = next(iter(self._behind))
                del self._behind[run]
                return catch_up(run)
            if self._latest:
                return self._latest.pop(next(iter(self._latest)))
            self._there.clear()
            await self._there.wait()


class _Feed(msgspec.Struct):
    """One run's recent deltas; complete from `since` on."""

    since: int
    kept: deque[tuple[int, bytes]]
    tasks: dict[TaskId, None]
    decisions: dict[DecisionId, None]
    is_head_new: bool = False
    view: RunView | None = None
    snapshot: bytes = b""


class Hub:
    """Knows who follows what. `watch` it to the engine; it works on the event loop alone."""

    def __init__(self, board: Callable[[], Blackboard]) -> None:
        self._board = board
        self._outboxes: dict[Outbox, None] = {}
        self._feeds: dict[RunId, _Feed] = {}
        self._changed: dict[RunId, None] = {}
        self._listed: dict[RunId, None] = {}
        self._flush = Timer(self._send_deltas, PACE_S)
        self._list = Timer(self._send_list, LIST_PACE_S)
        self._began = board().seq

    def see(self, records: Sequence[e.Record], board: Blackboard) -> None:
        """Take in what just became durable; followers hear of it at the pace."""
        for record in records:
            run = record.event.run
            feed = self._feed(run)
            self._note(record.event, board, feed)
            self._changed[run] = None
            self._listed[run] = None
        if records:
            self._flush.due()
            self._list.due()

    def close(self) -> None:
        """Nothing more is sent."""
        self._flush.cancel()
        self._list.cancel()

    @contextmanager
    def following(self, outbox: Outbox) -> Iterator[None]:
        """The outbox gets the list of runs, and what it subscribes to, while the context is open."""
        self._outboxes[outbox] = None
        board = self._board()
        outbox.put(self._rows(board, tuple(reversed(board.runs))[:LISTED]))
        try:
            yield
        finally:
            del self._outboxes[outbox]

    def subscribe(self, outbox: Outbox, run: RunId, since: int | None) -> None:
        """Send the run to the outbox: only the deltas after `since` where all of them are kept, else a snapshot.

        Raises: KeyError for an unknown run.
        """
        board = self._board()
        if run not in board.runs:
            raise KeyError(run)
        outbox.forget(run)
        outbox.runs.add(run)
        feed = self._feed(run)
        # What has not been flushed yet comes with the next delta, for old and new followers alike.
        if since is None or not feed.since <= since <= board.seq:
            outbox.put(self.snapshot(run), run)
            return
        later = [delta for seq, delta in feed.kept if seq > since]
        for delta in later or [encode(Delta(run, max(since, feed.since), Changes()))]:
            outbox.put(delta, run)

    def snapshot(self, run: RunId) -> bytes:
        """The message with the whole run as it is now; made once a sequence, however many ask."""
        view, feed = self._view(run), self._feed(run)
        feed.snapshot = feed.snapshot or encode(Snapshot(run, view.seq, view))
        return feed.snapshot

    def catch_up(self, run: RunId) -> bytes:
        """The same for one that fell behind."""
        view = self._view(run)
        return encode(CatchUp(run, view.seq, view))

    def _view(self, run: RunId) -> RunView:
        board, feed = self._board(), self._feed(run)
        if feed.view is None or feed.view.seq != board.seq:
            feed.view, feed.snapshot = run_view(board, run), b""
        return feed.view

    def tell(self, run: RunId, message: bytes, only_for: str = "") -> None:
        """Send a message about the run to all who follow it, or to one person alone."""
        for outbox in self._outboxes:
            if run in outbox.runs and only_for in {"", outbox.actor}:
                outbox.put(message, run)

    def tell_thread(self, thread: str, item: ThreadItem, only_for: str) -> None:
        """Send what is new in a thread of the console to those who follow its run."""
        run = run_of_thread(self._board(), PLACE, thread)
        if run is not None:
            self.tell(run, encode(ThreadNews(run, (item,))), only_for)

    def _feed(self, run: RunId) -> _Feed:
        if run not in self._feeds:
            self._feeds[run] = _Feed(since=self._began, kept=deque(), tasks={}, decisions={})
        return self._feeds[run]

    def _note(self, event: e.AnyEvent, board: Blackboard, feed: _Feed) -> None:
        """The entities that look different after the event; a task's line also tells what it waits for."""
        task: TaskId | None = getattr(event, "task", None)
        decision: DecisionId | None = getattr(event, "decision", None)
        if decision is not None:
            feed.decisions[decision] = None
            task = task or board.decisions[decision].task
        if task is not None:
            feed.tasks[task] = None
            feed.tasks.update(dict.fromkeys(board.dependents_of.get(task, ())))
        rests = e.RunParked | e.RunUnparked
        feed.is_head_new = feed.is_head_new or isinstance(event, e.RunEvent | rests | e.RunMadeThrifty)
        if isinstance(event, e.RunPaused | e.RunResumed | rests):
            feed.tasks.update((name, None) for name in board.tasks_of[event.run] if board.tasks[name].state == "ready")

    def _send_deltas(self) -> None:
        board = self._board()
        for run in self._changed:
            feed = self._feeds[run]
            changed = changes(board, run, feed.tasks, feed.decisions, with_head=feed.is_head_new)
            delta = encode(Delta(run, board.seq, changed))
            feed.tasks, feed.decisions, feed.is_head_new = {}, {}, False
            feed.kept.append((board.seq, delta))
            if len(feed.kept) > MAX_KEPT:
                feed.since = feed.kept.popleft()[0]
            self.tell(run, delta)
            if board.runs[run].state in RUN_OVER and not any(run in outbox.runs for outbox in self._outboxes):
                feed.since, feed.view, feed.snapshot = board.seq, None, b""
                feed.kept.clear()
        self._changed = {}

    def _send_list(self) -> None:
        message = self._rows(self._board(), tuple(self._listed)[::-1])
        self._listed = {}
        for outbox in self._outboxes:
            outbox.put(message)

    def _rows(self, board: Blackboard, runs: Sequence[RunId]) -> bytes:
        return encode(Runs(board.seq, tuple(run_row(board, board.runs[run]) for run in runs)))


class Timer:
    """Calls something soon after it is due, at once after a quiet time, and never more often than the pace."""

    def __init__(self, act: Callable[[], None], pace_s: float) -> None:
        self._act = act
        self._pace_s = pace_s
        self._last_s = -pace_s
        self._handle: asyncio.TimerHandle | None = None

    def due(self) -> None:
        """Act as soon as the pace allows."""
        if self._handle is None:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_at(max(loop.time(), self._last_s + self._pace_s), self._go)

    def cancel(self) -> None:
        """Do not act any more."""
        if self._handle is not None:
            self._handle.cancel()

    def _go(self) -> None:
        self._handle = None
        self._last_s = asyncio.get_running_loop().time()
        self._act()
