"""Folds the log again, event by event, beside what each commit says and holds. Must only read, and needs no network.

Each commit has to be what an engine writes of its event, byte for byte: the header, the trailers, the author and the first line agree
with it, the step is possible, and the tree is the tree before plus the files of what the event changed, blob by blob, with nothing
beside them. Of a first line only its lead is held to (core/subjects.py), so that better words in a later version condemn no old log.
"""

from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path

import msgspec
import pygit2

from engine.clock import iso
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Receipt
from engine.core.ids import TaskId
from engine.core.lifecycle import BrokenHistory, IllegalTransition
from engine.core.subjects import lead, subject
from engine.ledger import author, trailers_of
from engine.ports import Log
from engine.proofs import Fault, Landing
from engine.store import layout
from engine.store.commits import clean_line, clean_name, decode_commit, encode_again, encode_root
from engine.store.entry import StoredEntry
from engine.store.errors import BrokenLog, LostObject
from engine.store.gitlog import Odb
from engine.store.objects import Kind, ObjectsInMemory, name_object
from engine.store.trees import Folder, split_path, walk
from engine.union import WAS

ROOT_FILES = frozenset({"README.md", "FORMAT.json"})
MAX_NAMED_PATHS = 5
MAX_SHOWN_CHARS = 200


class Step(msgspec.Struct, frozen=True):
    """An event that was folded in, and what is wrong with its commit; without an event it is where the fold begins or ends."""

    entry: StoredEntry | None = None
    faults: tuple[Fault, ...] = ()


class Replay:
    """The log, replayed: the board it leads to, its landings, and where each commit stands.

    With `only_tip` the newest commit alone is compared; all events are folded in any case.
    """

    def __init__(self, handle: pygit2.Repository, *, only_tip: bool = False) -> None:
        self.board = Blackboard()
        self.landings: list[Landing] = []
        self.places: dict[str, int] = {}
        """State commits with their numbers."""
        self.of_others: list[StoredEntry] = []
        """What tells again, or sets aside, commits of a history that was put together with this one."""
        self._handle = handle
        self._only_tip = only_tip
        self._source = Odb(Path(handle.path) / "objects")
        self._folder = Folder(self._source)
        self._tree = ""
        self._wrong: set[str] = set()
        self._approved: dict[TaskId, int] = {}
        self._prepared: dict[TaskId, tuple[int, Receipt]] = {}

    def steps(self, log: Log) -> Iterator[Step]:
        """Each event, once it is folded in. After a commit that can't be read or an impossible step there are no more."""
        tip, before = log.tip(), None
        try:
            for entry in log.entries(until=tip):
                if not self.places:
                    yield self._begin(entry.parents[0])
                if entry.parents[0] != before and not self._only_tip:
                    yield Step(None, tuple(self._of_root(entry, before)))
                before = entry.commit
                self.places[entry.commit] = entry.seq
                yield Step(entry, tuple(self._step(entry, is_compared=not self._only_tip or entry.commit == tip)))
            if before is not None:
                yield Step(None, tuple(islice(self._lost(before), MAX_NAMED_PATHS)))
        except BrokenLog as error:
            yield Step(None, (Fault(f"{error.problem}; nothing after it was verified", commit=error.commit),))
        except (e.UnknownEvent, BrokenHistory, IllegalTransition, LostObject, pygit2.GitError) as error:
            at = next(reversed(self.places), "")
            fault = Fault(f"{error}; nothing after it was verified", commit=at, seq=self.places.get(at, 0))
            yield Step(None, (fault,))

    def _begin(self, root: str) -> Step:
        self.places[root] = 0
        self._tree = self._tree_of(root)
        self._folder = Folder.load(self._source, bytes.fromhex(self._tree))
        names = {name.decode("ascii", "replace") for name in self._folder.ids_at}
        if names == ROOT_FILES:
            return Step()
        fault = Fault(f"the branch begins with {sorted(names)}, expected {sorted(ROOT_FILES)}", commit=root)
        return Step(None, (fault,))

    def _of_root(self, first: StoredEntry, before: str | None) -> Iterator[Fault]:
        """What is wrong with the root of an epoch, whose first entry this is."""
        root = first.parents[0]
        expected = encode_root(tree=self._tree_of(root), seq=first.seq - 1, previous=before, at_s=first.at_ms // 1000)
        for problem in self._unlike(root, expected):
            yield Fault(problem, commit=root)

    def _tree_of(self, commit: str) -> str:
        return decode_commit(commit, self._source.read(bytes.fromhex(commit))).tree

    def _lost(self, tip: str) -> Iterator[Fault]:
        """The files of the newest commit that can't be read: from them comes what the branch says now."""
        for path, blob in walk(self._source, bytes.fromhex(self._tree), "", frozenset()):
            try:
                self._source.read(blob)
            except LostObject as error:
                yield Fault(f"{path}: {error}", commit=tip, seq=self.places[tip])

    def _unlike(self, commit: str, expected: bytes) -> Iterator[str]:
        """The first line in which the commit is not what an engine writes."""
        if name_object("commit", expected).hex() != commit:
            found = self._source.read(bytes.fromhex(commit))
            lines = zip_longest(found.split(b"\n"), expected.split(b"\n"), fillvalue=b"")
            one, other = next(pair for pair in lines if pair[0] != pair[1])
            yield f"it says {_shown(one)} where an engine writes {_shown(other)}"

    def _step(self, entry: StoredEntry, *, is_compared: bool) -> Iterator[Fault]:
        event = e.decode(entry.event)
        record = e.Record(entry.seq, iso(entry.at_ms), dict(entry.trailers).get("Orch-Actor", ""), event)
        task: TaskId | None = getattr(event, "task", None)
        before = self.board.tasks.get(task) if task else None
        touched = self.board.apply(record)
        changed, gone = self._put(event, layout.project(self.board, touched))
        if is_compared:
            expected = subject(record, before, self.board)
            # A union writes down later what happened then; else both times are one.
            written_ms = max(entry.at_ms, entry.committed_at_ms if WAS in dict(entry.trailers) else 0)
            whole = encode_again(entry, author(record.actor)[1], written_ms)
            for problem in (
                *_of_words(entry, record, expected),
                *self._unlike(entry.commit, whole),
                *self._of_tree(entry, event, changed, gone),
            ):
                yield Fault(problem, commit=entry.commit, seq=entry.seq, run=event.run, task=task or "")
        self._remember(entry, event)

    def _put(self, event: e.AnyEvent, files: dict[str, bytes | None]) -> tuple[dict[str, bytes], list[str]]:
        """The blobs that the event changes, by path, and the paths that it removes; the folder has them now."""
        changed = {path: name_object("blob", content) for path, content in files.items() if content is not None}
        changed |= {ref.path: bytes.fromhex(ref.oid) for ref in e.named_files(event)}
        gone = [path for path, content in files.items() if content is None]
        for path in gone:
            self._folder.remove(split_path(path))
        for path, blob in changed.items():
            self._folder.put(split_path(path), blob)
        return changed, gone

    def _of_tree(
        self, entry: StoredEntry, event: e.AnyEvent, changed: dict[str, bytes], gone: list[str]
    ) -> Iterator[str]:
        """What is wrong with the files: those of the entities, those that the event names, and any others."""
        for ref in e.named_files(event):
            if ref.oid not in self._handle:
                yield f"{ref.path} ({ref.oid[:10]}) is not in the repository"
        before, self._tree = self._tree, entry.tree
        if self._only_tip:
            yield from self._of_whole_tree(entry.tree)
            return
        if self._folder.write(_Names()).hex() == entry.tree:
            return
        yield from self._differences(before, entry.tree, changed, gone)
        self._folder = Folder.load(self._source, bytes.fromhex(entry.tree))

    def _of_whole_tree(self, tree: str) -> Iterator[str]:
        kept = ObjectsInMemory()
        root = self._folder.write(kept)
        if root.hex() == tree:
            return
        expected = dict(walk(kept, root, "", frozenset()))
        found = dict(walk(self._source, bytes.fromhex(tree), "", frozenset()))
        wrong = sorted(path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))
        yield f"{_listed(wrong)} not as the events leave it"

    def _differences(self, before: str, after: str, expected: dict[str, bytes], gone: list[str]) -> Iterator[str]:
        old, new = self._handle[before].peel(pygit2.Tree), self._handle[after].peel(pygit2.Tree)
        wrong = [path for path, blob in expected.items() if path not in new or new[path].id.raw != blob]
        wrong += [path for path in gone if path in new]
        # A file that is wrong stays wrong while events go on changing it: it is told once, where it began.
        told, self._wrong = self._wrong, self._wrong | set(wrong)
        changed = {file.path for delta in old.diff_to_tree(new).deltas for file in (delta.old_file, delta.new_file)}
        if fresh := [path for path in wrong if path not in told]:
            yield f"{_listed(fresh)} not as the event leaves it"
        changed = {path for path in changed if not path.startswith(tuple(f"{folder}/" for folder in gone))}
        if extra := sorted(changed - set(expected)):
            yield f"{_listed(extra)} changed, which the event does not do"
        if not wrong and not extra:
            yield f"its tree is {after[:10]}, not the tree before with what the event changes"

    def _remember(self, entry: StoredEntry, event: e.AnyEvent) -> None:
        if isinstance(event, e.EventSetAside) or WAS in dict(entry.trailers):
            self.of_others.append(entry)
        if isinstance(event, e.WorkApproved | e.LandingResumed):
            self._approved[event.task] = entry.seq
        elif isinstance(event, e.LandingPrepared):
            self._prepared[event.task] = entry.seq, event.receipt
        elif isinstance(event, e.LandingOvertaken):
            self._prepared.pop(event.task, None)
        elif isinstance(event, e.WorkMerged):
            seq, receipt = self._prepared.pop(event.task, (0, None))
            approved = self._approved.get(event.task, 0)
            self.landings.append(Landing(entry.commit, entry.seq, event, approved, seq, receipt))


def _of_words(entry: StoredEntry, record: e.Record, expected: str) -> Iterator[str]:
    """What is wrong with the message and the author."""
    trailers = trailers_of(record)
    told = entry.trailers[len(trailers) :][:1] if WAS in dict(entry.trailers) else ()
    if entry.trailers != (*trailers, *told):
        yield f"its trailers are {dict(entry.trailers)}, expected {dict(trailers)}"
    name = clean_name(author(record.actor)[0], otherwise="unknown")
    if entry.author != name:
        yield f"its author is {entry.author!r}, expected {name!r}"
    if lead(entry.subject) != lead(clean_line(expected)):
        yield f"its first line is {entry.subject!r}, expected {clean_line(expected)!r}"


def _shown(line: bytes) -> str:
    return repr(line.decode("utf-8", "replace")[:MAX_SHOWN_CHARS])


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - MAX_NAMED_PATHS} more" if len(paths) > MAX_NAMED_PATHS else ""
    return f"{', '.join(paths[:MAX_NAMED_PATHS])}{more} {'is' if len(paths) == 1 else 'are'}"


class _Names:
    """Names objects without keeping them: an ObjectSink."""

    def add(self, kind: Kind, content: bytes, *, lineage: str | None = None, differs_at: int = 0) -> bytes:  # noqa: ARG002 - of the port
        return name_object(kind, content)
