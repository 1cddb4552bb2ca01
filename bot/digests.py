"""What progress is told in a run's thread, gathered so that nobody is flooded: a digest, one a minute at most.

The same notes are taken of live records and of the log after a restart, so that nothing is told twice and nothing is left out.
"""

from collections import deque
from typing import Final

from bot.replies.progress import earlier, line
from engine.clock import from_iso, iso
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import BindingId, RunId
from engine.ports import Clock, Log

GATHER_S: Final = 5.0
"""So long the first line waits for company."""

PAUSE_S: Final = 60.0
MAX_LINES: Final = 30

_TOLD: Final = (
    e.SpecWritten, e.RunPaused, e.RunResumed, e.BudgetRaised, e.ResultAccepted, e.TaskPlanned, e.AttemptFailed,
    e.RetryScheduled, e.WorkMerged, e.DecisionAnswered, e.DecisionProposed, e.HumanRetried, e.TaskAbandoned,
    e.DependenciesChanged, e.WorkSuspended, e.WorkCarried, e.InsightPosted, e.DesignDecided, e.RunParked, e.RunUnparked,
    e.RunMadeThrifty,
)  # fmt: skip


class _Pending:
    """The lines that one binding has not been told."""

    def __init__(self, run: RunId) -> None:
        self.run = run
        self.since_ms = 0
        self.told_ms = 0
        self.lines: deque[tuple[int, str]] = deque(maxlen=MAX_LINES)
        self.dropped = 0

    def add(self, seq: int, text: str, at_ms: int) -> None:
        if not self.lines:
            self.since_ms = at_ms
        self.dropped += len(self.lines) == MAX_LINES
        self.lines.append((seq, text))

    def told(self, until: int, at_ms: int) -> None:
        while self.lines and self.lines[0][0] <= until:
            self.lines.popleft()
        self.told_ms, self.dropped = at_ms, 0
        self.since_ms = at_ms

    @property
    def ripe_ms(self) -> int:
        return max(self.since_ms + int(GATHER_S * 1000), self.told_ms + int(PAUSE_S * 1000) if self.told_ms else 0)


class Digests:
    """The notes, binding by binding."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: dict[BindingId, _Pending] = {}
        self._of: dict[RunId, list[BindingId]] = {}

    def see(self, record: e.Record, board: Blackboard) -> None:
        """Take note of what happened; `board` is as it is after the record, or later."""
        event = record.event
        match event:
            case e.ChatBound():
                self._pending[event.binding] = _Pending(event.run)
                self._of.setdefault(event.run, []).append(event.binding)
            case e.ChatUnbound() if event.binding in self._pending:
                del self._pending[event.binding]
                self._of[event.run].remove(event.binding)
            case e.PostIntended(content="digest") if event.binding in self._pending:
                self._pending[event.binding].told(event.until_seq, from_iso(record.at))
            case e.TaskPlanned(planned_by=by) if by is not None:
                pass  # the plan is told as one line
            case _ if isinstance(event, _TOLD) and event.run in self._of:
                self._add(record, board)

    def _add(self, record: e.Record, board: Blackboard) -> None:
        if text := line(record, board):
            for name in self._of[record.event.run]:
                self._pending[name].add(record.seq, text, from_iso(record.at))

    def next_in_s(self, board: Blackboard) -> float | None:
        """Seconds until a digest is ripe, None when none will be. What waits for the chat ripens when that is settled."""
        waiting = _unsettled(board)
        ripe = [each.ripe_ms for name, each in self._pending.items() if each.lines and name not in waiting]
        return max(0.0, (min(ripe) - self._clock.now_ms()) / 1000) if ripe else None

    def ripe(self, board: Blackboard) -> list[RunId]:
        """The runs of which a digest is ripe."""
        now, waiting = self._clock.now_ms(), _unsettled(board)
        found = (p.run for name, p in self._pending.items() if p.lines and p.ripe_ms <= now and name not in waiting)
        return list(dict.fromkeys(found))

    def lines_for(self, binding: BindingId, board: Blackboard, *, is_last: bool) -> tuple[tuple[str, ...], int] | None:
        """The lines that the binding is to be told now and the last one's sequence, None when it is not the time."""
        pending = self._pending.get(binding)
        if pending is None or not pending.lines:
            return None
        if not is_last and (pending.ripe_ms > self._clock.now_ms() or binding in _unsettled(board)):
            return None
        texts = [text for _, text in pending.lines]
        head = [earlier(pending.dropped)] if pending.dropped else []
        return (*head, *texts), pending.lines[-1][0]


def replay(log: Log, digests: Digests, board: Blackboard) -> None:
    """Take note of the whole log up to the board's sequence. Blocks: call it in a thread.

    Raises: BrokenLog.
    """
    for entry in log.entries():
        if entry.seq > board.seq:
            return
        actor = dict(entry.trailers).get("Orch-Actor", "")
        digests.see(e.Record(entry.seq, iso(entry.at_ms), actor, e.decode(entry.event)), board)


def _unsettled(board: Blackboard) -> set[BindingId]:
    posts = (board.chat.posts[name] for name in board.chat.unsettled)
    return {post.binding for post in posts if post.content == "digest"}
