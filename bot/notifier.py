"""What is worth saying unasked, and when: it watches the engine's records and turns them into intents and edits.

Intents are derived from the board (an open question without its post, a run that is over without its summary), so a crash
between an event and its intent loses nothing, and the core refuses to say anything twice. Decisions, pictures and the summary
go at once; progress is gathered into a digest, one a minute at most.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Final

import msgspec

from bot.desk import EngineSeen
from bot.digests import Digests, replay
from bot.outbox import Outbox
from bot.port import Place
from bot.reminders import Reminders
from bot.threads import place_of_deed, was_bound
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.chat_entities import Binding
from engine.core.entities import Decision, PostContent
from engine.core.ids import DecisionId, RunId
from engine.core.lifecycle import RUN_OVER
from engine.ledger import ENGINE
from engine.ports import Clock, Log

_OVER: Final = (e.RunCompleted, e.RunFailed, e.RunCancelled)
_SAID_AT_ONCE: Final = (*_OVER, e.HumanAsked, e.DecisionReminded, e.ResultAccepted)


class NotifierParts(msgspec.Struct, frozen=True):
    """What it works with. `open_log` opens the state branch for reading; `homes` are the places that are told of every run."""

    engine: EngineSeen
    outbox: Outbox
    reminders: Reminders
    clock: Clock
    open_log: Callable[[], Log]
    homes: tuple[Place, ...] = ()


class Notifier:
    """Turns records into intents. One task (`run`) gives orders; `_see` only takes notes, since the ledger waits for it."""

    def __init__(self, parts: NotifierParts) -> None:
        self._engine = parts.engine
        self._outbox = parts.outbox
        self._reminders = parts.reminders
        self._open_log = parts.open_log
        self._homes = parts.homes
        self._digests = Digests(parts.clock)
        self._due: dict[RunId, None] = {}
        self._wake = asyncio.Event()
        self._held: list[tuple[Sequence[e.Record], Blackboard]] | None = []

    async def run(self) -> None:
        """Notice until cancelled.

        Raises: LedgerStopped; BrokenLog while the past is read.
        """
        self._reminders.wake = self._wake.set
        unwatch = self._engine.watch(self._see)
        try:
            await self._catch_up()
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._digests.next_in_s(self._engine.board)):
                        await self._wake.wait()
                self._wake.clear()
                await self._say()
        finally:
            unwatch()

    async def _say(self) -> None:
        for name in self._reminders.due():
            await self._engine.order(c.RemindDecision(name), ENGINE)
        self._due.update(dict.fromkeys(self._digests.ripe(self._engine.board)))
        while self._due:
            await self._intend(self._due.popitem()[0])

    def _see(self, records: Sequence[e.Record], board: Blackboard) -> None:
        if self._held is not None:
            self._held.append((records, board))
            return
        for record in records:
            self._digests.see(record, board)
            if isinstance(record.event, e.ChatEvent):
                self._see_chat(record.event, board)
            elif isinstance(record.event, e.RunStarted):
                self._due[record.event.run] = None
            elif board.chat.bindings_of.get(record.event.run):
                self._see_run(record, board)
            if isinstance(record.event, e.DecisionEvent):
                self._reminders.follow(board.decisions[record.event.decision])
        self._wake.set()

    def _see_chat(self, event: e.ChatEvent, board: Blackboard) -> None:
        match event:
            case e.ChatBound(run=run, binding=name):
                self._outbox.serve(board.chat.bindings[name])
                self._due[run] = None
            case e.PostIntended(binding=name):
                self._outbox.serve(board.chat.bindings[name])
            case e.PostSettled() | e.ThreadOpened() | e.ChatUnbound():
                pass

    def _see_run(self, record: e.Record, board: Blackboard) -> None:
        event = record.event
        self._outbox.touch_run(event.run)
        if isinstance(event, e.DecisionEvent):
            self._touch_posts(event.run, board, event.decision)
        if isinstance(event, _SAID_AT_ONCE):
            self._due[event.run] = None

    def _touch_posts(self, run: RunId, board: Blackboard, about: DecisionId) -> None:
        decision = board.decisions[about]
        for binding in board.chat.live(run):
            for number in range(decision.reminders + 1):
                post = board.chat.keys.get((binding.id, decision_key(about, number)))
                if post is not None:
                    self._outbox.touch(binding.id, post)

    async def _intend(self, run: RunId) -> None:
        """Everything that is to be said of the run now and is not intended yet."""
        await self._bind(run)
        board = self._engine.board
        is_over = board.runs[run].state in RUN_OVER
        for binding in board.chat.live(run):
            for decision in [each for each in board.open_decisions.values() if each.run == run]:
                await self._ask(binding, decision)
            await self._post_digest(binding, is_last=is_over)
            if is_planned(board, run):
                await self._post(binding, "picture", f"picture of the {'end' if is_over else 'plan'}")
            if is_over:  # last, since a binding whose summary is settled is through
                await self._post(binding, "summary", "summary")

    async def _ask(self, binding: Binding, decision: Decision) -> None:
        posts = self._engine.board.chat
        before = posts.keys.get((binding.id, decision_key(decision.id, max(0, decision.reminders - 1))))
        if before in posts.unsettled:
            return  # nobody has seen it yet, so nobody needs to be reminded
        await self._post(binding, "decision", decision_key(decision.id, decision.reminders), decision)

    async def _bind(self, name: RunId) -> None:
        """The run is told of where it was asked for, and at home; a place that was left once is not bound again."""
        board = self._engine.board
        run = board.runs[name]
        origin = place_of_deed(run.dedupe)
        for place in dict.fromkeys([*([origin] if origin else []), *self._homes]):
            if run.state not in RUN_OVER and not was_bound(board, name, place):
                by = run.created_by if place == origin else ENGINE
                await self._engine.order(c.BindChat(name, place.adapter, place.workspace, place.channel), by)

    async def _post_digest(self, binding: Binding, *, is_last: bool) -> None:
        found = self._digests.lines_for(binding.id, self._engine.board, is_last=is_last)
        if found is not None:
            lines, until = found
            command = c.IntendPost(binding.id, "digest", f"digest until {until}", lines=lines, until_seq=until)
            await self._engine.order(command, ENGINE)

    async def _post(self, binding: Binding, content: PostContent, key: str, about: Decision | None = None) -> None:
        if (binding.id, key) not in self._engine.board.chat.keys:
            await self._engine.order(c.IntendPost(binding.id, content, key, about.id if about else None), ENGINE)

    async def _catch_up(self) -> None:
        """Take up what the process before has left: threads, posts, edits, reminders, and lines that nobody was told."""
        board = self._engine.board
        unfinished = [each for each in board.chat.bindings.values() if not each.ended and not is_through(board, each)]
        if unfinished:
            await asyncio.to_thread(self._replay, board)
        for decision in board.open_decisions.values():
            self._reminders.follow(decision)
        for binding in unfinished:
            self._outbox.touch(binding.id)
            self._due[binding.run] = None
        self._due.update(dict.fromkeys(run.id for run in board.runs.values() if run.state not in RUN_OVER))
        of_them = {binding.id for binding in unfinished}
        for post in board.chat.posts.values():
            if post.binding in of_them and post.content == "decision":
                self._outbox.touch(post.binding, post.id)
        held, self._held = self._held or [], None
        for records, then in held:
            self._see(records, then)
        self._wake.set()

    def _replay(self, board: Blackboard) -> None:
        with closing(self._open_log()) as log:
            replay(log, self._digests, board)


def decision_key(name: DecisionId, reminders: int) -> str:
    """The key of the question's post; each reminder is a post of its own."""
    return f"decision {name} again {reminders}" if reminders else f"decision {name}"


def is_planned(board: Blackboard, run: RunId) -> bool:
    """Whether there is a plan to be drawn: a planner's work was taken over, and none is at it now."""
    planning = [board.tasks[name] for name in board.planning_tasks_of.get(run, ())]
    done = [task for task in planning if task.role == "planner" and task.state == "complete"]
    return bool(done) and all(task.state in {"complete", "abandoned"} for task in planning)


def is_through(board: Blackboard, binding: Binding) -> bool:
    """Whether the binding has shown the end of its run: the summary goes when every edit is through."""
    summary = board.chat.keys.get((binding.id, "summary"))
    return summary is not None and board.chat.posts[summary].is_settled
