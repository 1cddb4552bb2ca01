"""Puts two histories together that grew apart: theirs was published and stays as it is, ours is told again on top of it. Nothing is lost.

Each of our events is folded onto their board in its order. A name that both gave (R8, T30) becomes the next free one for ours. What
can't follow any more (its task is complete there, say) is set aside: kept in an event of its own, with a question to people. The new
commits name the old ones in `Orch-Was`, and those stay under `refs/orch/apart/`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from engine.clock import iso
from engine.core import commands as c
from engine.core import events as e
from engine.core import plan
from engine.core.blackboard import Blackboard
from engine.core.entities import FileRef
from engine.core.fold_task import AboutAttempt
from engine.core.ids import RunId, TaskId, number
from engine.core.lifecycle import BrokenHistory, IllegalTransition
from engine.core.subjects import subject
from engine.ledger import ENGINE, carry_out, entry_of, follow_up
from engine.rewording import reworded
from engine.store.entry import Entry, StoredEntry
from engine.store.layout import attempt_folder

MAX_WORDS_CHARS: Final = 200
WAS: Final = "Orch-Was"
"""In a commit that tells an event again: the commit before, and the run and the task as they were named there."""

_ATTEMPT_FILE: Final = re.compile(r"runs/(?:[0-9]/)*(R[0-9]+)/logs/(?:[0-9]/)*(T[0-9]+)/a([0-9]+)/(.+)")
FOLLOWS_OF_ITSELF: Final = (e.TaskReadied, e.RunMoved)
"""What `settle` says anew wherever it still holds."""

ReadFile = Callable[[str, str], bytes | None]
"""A file by its path and the commit it is in."""


class United(msgspec.Struct):
    """What to append on top of theirs, what was renamed (old to new), and how many events were set aside."""

    entries: list[Entry] = []
    names: dict[str, str] = {}
    set_aside: int = 0


def unite(theirs: Blackboard, ours: Sequence[StoredEntry], read: ReadFile, now_ms: int) -> United:
    """Our events on top of their board.

    Raises: UnknownEvent when a newer version wrote one of them.
    """
    told = _Telling(theirs, [e.decode(entry.event) for entry in ours], read, now_ms)
    for entry in ours:
        told.tell(entry)
    told.conclude()
    return told.united


class _Telling:
    """Events that are told again, one after the other."""

    def __init__(self, board: Blackboard, events: Sequence[e.AnyEvent], read: ReadFile, now_ms: int) -> None:
        self.united = United()
        self._board = board
        self._read = read
        self._now_ms = now_ms
        self._touched: dict[RunId, dict[TaskId, None]] = {}
        self._aside: dict[RunId, list[c.SetAside]] = {}
        self._by_people: set[str] = set()
        self._cut: set[tuple[TaskId, int]] = set()
        self._seqs: dict[int, int] = {}
        """Where each of our events is on their board, or the one before it if it was set aside."""
        self._last: dict[str, int] = {}
        for name in (*_names_on(board), *filter(None, map(name_given, events))):
            self._last[name[0]] = max(self._last.get(name[0], 0), number(name))

    def tell(self, old: StoredEntry) -> None:
        """Fold the event in and add its entry; or set it aside."""
        before = e.decode(old.event)
        self._rename(name_given(before))
        names = self.united.names
        event = reworded(_renumbered(renamed(before, names), self._seqs, names), names)
        if problem := self._problem_with(event):
            self._set_aside(old, event, problem)
            return
        board = self._board.copy()
        touched = self._touched.setdefault(event.run, {})
        files = {new.path: self._read(was.path, old.commit) for was, new in _files(before, event)}
        try:
            record = e.Record(board.seq + 1, iso(old.at_ms), _actor_of(old), event)
            entry = entry_of(board, record, old.at_ms, {path: c for path, c in files.items() if c is not None}, touched)
        except (IllegalTransition, BrokenHistory) as error:
            self._set_aside(old, event, str(error))
            return
        self._board = board
        self._seqs[old.seq] = board.seq
        trailers = (*entry.trailers, (WAS, was_of(old.commit, before)))
        self.united.entries.append(msgspec.structs.replace(entry, trailers=trailers, committed_at_ms=self._now_ms))

    def _set_aside(self, old: StoredEntry, event: e.AnyEvent, problem: str) -> None:
        self._seqs[old.seq] = self._board.seq
        if isinstance(event, e.AttemptStarted):
            self._cut.add((event.task, event.attempt))
        if not isinstance(event, FOLLOWS_OF_ITSELF):
            aside = c.SetAside(old.event, old.commit, problem, self._said(old, event))
            self._aside.setdefault(event.run, []).append(aside)
            self._by_people |= {old.commit} if ":" in _actor_of(old) else set()

    def _said(self, old: StoredEntry, event: e.AnyEvent) -> str:
        """When who did what, for people."""
        task = self._board.tasks.get(getattr(event, "task", None) or TaskId(""))
        said = subject(e.Record(old.seq, iso(old.at_ms), _actor_of(old), event), task, self._board)
        if isinstance(event, e.DecisionAnswered) and event.answer.changes:
            said = f"{said}: {' '.join(event.answer.changes.split())[:MAX_WORDS_CHARS]}"
        return f"{iso(old.at_ms)[:16].replace('T', ' ')} UTC: {said}"

    def _problem_with(self, event: e.AnyEvent) -> str:
        """Why an event that would fold is set aside all the same: its task waits for others here, or its attempt is another one here."""
        if isinstance(event, e.TaskReadied) and event.task in self._board.tasks:
            return "; ".join(plan.blockers(self._board, self._board.tasks[event.task]))
        if not isinstance(event, AboutAttempt):
            return ""
        task = self._board.tasks.get(event.task)
        if (event.task, event.attempt) in self._cut:
            return f"attempt {event.attempt} of {event.task} is another one here"
        if isinstance(event, e.TurnsLogged) and task is not None and task.attempt is not None and task.attempt.ended_at:
            return f"attempt {event.attempt} of {event.task} is over here"
        return ""

    def conclude(self) -> None:
        """Add what follows of itself, and the question about what was set aside."""
        for run, touched in self._touched.items():
            if run in self._board.runs:
                follow_up(self._board, run, touched, self._now_ms, self.united.entries)
        for run, events in self._aside.items():
            # What people said comes first: the question names so many alone.
            events.sort(key=lambda one: one.commit not in self._by_people)
            order = c.SetEventsAside(run, tuple(events))
            carry_out(self._board, order, ENGINE, {}, self._now_ms, self.united.entries)
            self.united.set_aside += len(events)

    def _rename(self, name: str | None) -> None:
        if name is not None and name in _names_on(self._board):
            self._last[name[0]] += 1
            self.united.names[name] = f"{name[0]}{self._last[name[0]]}"


def _actor_of(entry: StoredEntry) -> str:
    return dict(entry.trailers).get("Orch-Actor", ENGINE)


def was_of(commit: str, event: e.AnyEvent) -> str:
    """What a commit that tells the event of this one again says in `Orch-Was`."""
    return " ".join((commit, event.run, *filter(None, [getattr(event, "task", None)])))


def name_given(event: e.AnyEvent) -> str | None:
    """The name of what the event brings into being."""
    match event:
        case e.RunStarted():
            return event.run
        case e.TaskPlanned():
            return event.task
        case e.HumanAsked():
            return event.decision
        case e.ChatBound():
            return event.binding
        case e.PostIntended():
            return event.post
        case e.InsightPosted():
            return event.insight
        case e.DesignDecided():
            return event.entry
        case _:
            return None


def _names_on(board: Blackboard) -> set[str]:
    return {
        *board.runs, *board.tasks, *board.decisions, *board.chat.bindings, *board.chat.posts, *board.notes.insights,
        *board.notes.design,
    }  # fmt: skip


def _files(before: e.AnyEvent, after: e.AnyEvent) -> Iterator[tuple[FileRef, FileRef]]:
    """The files that came with the event, as they were named and as they are named now."""
    return zip(e.named_files(before), e.named_files(after), strict=True)


def renamed(event: e.AnyEvent, names: Mapping[str, str]) -> e.AnyEvent:
    """The event with each name in it, and in the paths of its files, as it is now."""
    if not names:
        return event
    plain: object = msgspec.json.decode(e.encode(event))
    return e.decode(msgspec.json.encode(_replaced(plain, names)).decode())


def _renumbered(event: e.AnyEvent, seqs: Mapping[int, int], names: Mapping[str, str]) -> e.AnyEvent:
    """The event with the number of another event in it as it is now: what a chat was told is not told again."""
    if not isinstance(event, e.PostIntended):
        return event
    until = seqs.get(event.until_seq, event.until_seq)
    # A post's key says in words what it is about: `decision D3`, `digest until 30`.
    words = {**names, str(event.until_seq): str(until)}
    key = " ".join(words.get(word, word) for word in event.key.split(" "))
    return msgspec.structs.replace(event, key=key, until_seq=until)


def _replaced(value: object, names: Mapping[str, str]) -> object:
    """The JSON with each name replaced where a text is nothing but the name, and in the paths of files."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_replaced(item, names) for item in value]
    if isinstance(value, dict):
        changed = {key: _replaced(item, names) for key, item in value.items()}
        return changed | {"path": _path(str(value["path"]), names)} if "oid" in value else changed
    return value


def _path(path: str, names: Mapping[str, str]) -> str:
    found = _ATTEMPT_FILE.fullmatch(path)
    if found is None:
        return path
    run, task = (names.get(name, name) for name in (found[1], found[2]))
    return f"{attempt_folder(RunId(run), TaskId(task), int(found[3]))}/{found[4]}"
