"""Verifies a repository's runs from git alone: the state branch event by event, then every receipt. Must only read.

Each commit has to be what an engine writes of its event: the trailers, the author and the first line agree with it, the step is
possible, and the tree is the tree before plus the files of what the event changed, blob by blob, with nothing beside them. Of a
first line only its lead is held to (core/subjects.py), so that better words in a later version condemn no old log.
"""

from collections.abc import Iterator

import pygit2

from engine.clock import iso
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Receipt
from engine.core.ids import TaskId
from engine.core.lifecycle import BrokenHistory, IllegalTransition
from engine.core.subjects import lead, subject
from engine.ledger import author
from engine.ports import Log
from engine.proofs import Fault, Landing, Proofs, without_receipt
from engine.store import layout
from engine.store.commits import clean_line, clean_name
from engine.store.entry import StoredEntry
from engine.store.errors import BrokenLog
from engine.store.objects import Kind, name_object
from engine.store.trees import Folder, split_path
from engine.workspace.repository import Repository

__all__ = ["Fault", "verify"]

ROOT_FILES = frozenset({"README.md", "FORMAT.json"})
MAX_NAMED_PATHS = 5


def verify(repository: Repository, log: Log) -> tuple[Fault, ...]:
    """Everything that is not as an honest engine leaves it, in the order of the log; empty when all is proven.

    After a commit that can't be read or an impossible step, the rest of the log can't be judged and is not.
    """
    history = History(repository.handle())
    faults = list(history.replay(log))
    proofs = Proofs(repository, history.board, history.places)
    for landing in history.landings:
        faults += proofs.of_landing(landing)
    faults += without_receipt(history.board.tasks)
    faults += proofs.of_carried(history.board.tasks)
    for run in history.board.runs.values():
        faults += proofs.of_run(run)
    faults += proofs.of_branches()
    return tuple(faults)


class History:
    """The log, replayed: the board it leads to, its landings, and where each commit stands."""

    def __init__(self, handle: pygit2.Repository) -> None:
        self.board = Blackboard()
        self.landings: list[Landing] = []
        self.places: dict[str, int] = {}
        self._handle = handle
        self._source = _Objects(handle)
        self._folder: Folder | None = None
        self._tree = ""
        self._wrong: set[str] = set()
        self._approved: dict[TaskId, int] = {}
        self._prepared: dict[TaskId, tuple[int, Receipt]] = {}

    def replay(self, log: Log) -> Iterator[Fault]:
        """What is wrong with the log, while it is replayed."""
        try:
            for entry in log.entries():
                if self._folder is None:
                    yield from self._begin(entry.parents[0])
                self.places[entry.commit] = entry.seq
                yield from self._step(entry)
        except BrokenLog as error:
            yield Fault(f"{error.problem}; nothing after it was verified", commit=error.commit)
        except (e.UnknownEvent, BrokenHistory, IllegalTransition) as error:
            at = next(reversed(self.places), "")
            yield Fault(f"{error}; nothing after it was verified", commit=at, seq=self.places.get(at, 0))

    def _begin(self, root: str) -> Iterator[Fault]:
        self.places[root] = 0
        self._tree = str(self._handle[root].peel(pygit2.Tree).id)
        self._folder = Folder.load(self._source, bytes.fromhex(self._tree))
        names = {entry.name or "" for entry in self._handle[root].peel(pygit2.Tree)}
        if names != ROOT_FILES:
            yield Fault(f"the branch begins with {sorted(names)}, expected {sorted(ROOT_FILES)}", commit=root)

    def _step(self, entry: StoredEntry) -> Iterator[Fault]:
        event = e.decode(entry.event)
        trailers = dict(entry.trailers)
        record = e.Record(entry.seq, iso(entry.at_ms), trailers.get("Orch-Actor", ""), event)
        task: TaskId | None = getattr(event, "task", None)
        before = self.board.tasks.get(task) if task else None
        touched = self.board.apply(record)
        after = self.board.tasks.get(task) if task else None
        expected = subject(record, before, after)
        for problem in (
            *_of_words(entry, record, expected),
            *self._of_tree(entry, event, layout.project(self.board, touched)),
        ):
            yield Fault(problem, commit=entry.commit, seq=entry.seq, run=event.run, task=task or "")
        self._remember(entry, event)

    def _of_tree(self, entry: StoredEntry, event: e.AnyEvent, files: dict[str, bytes | None]) -> Iterator[str]:
        """What is wrong with the files: those of the entities, those that the event names, and any others."""
        changed = {path: name_object("blob", content) for path, content in files.items() if content is not None}
        gone = [path for path, content in files.items() if content is None]
        for ref in e.named_files(event):
            changed[ref.path] = bytes.fromhex(ref.oid)
            if ref.oid not in self._handle:
                yield f"{ref.path} ({ref.oid[:10]}) is not in the repository"
        before, self._tree = self._tree, entry.tree
        folder = self._folder or Folder(self._source)
        for path in gone:
            folder.remove(split_path(path))
        for path, blob in changed.items():
            folder.put(split_path(path), blob)
        if folder.write(_Names()).hex() == entry.tree:
            return
        yield from self._differences(before, entry.tree, changed, gone)
        self._folder = Folder.load(self._source, bytes.fromhex(entry.tree))

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
        if isinstance(event, e.WorkApproved | e.LandingResumed):
            self._approved[event.task] = entry.seq
        elif isinstance(event, e.LandingPrepared):
            self._prepared[event.task] = entry.seq, event.receipt
        elif isinstance(event, e.WorkMerged):
            seq, receipt = self._prepared.pop(event.task, (0, None))
            approved = self._approved.get(event.task, 0)
            self.landings.append(Landing(entry.commit, entry.seq, event, approved, seq, receipt))


def _of_words(entry: StoredEntry, record: e.Record, expected: str) -> Iterator[str]:
    """What is wrong with the message and the author."""
    task: str | None = getattr(record.event, "task", None)
    trailers = [("Orch-Run", str(record.event.run)), *([("Orch-Task", task)] if task else [])]
    trailers.append(("Orch-Actor", record.actor))
    if list(entry.trailers) != trailers:
        yield f"its trailers are {dict(entry.trailers)}, expected {dict(trailers)}"
    name = clean_name(author(record.actor)[0], otherwise="unknown")
    if entry.author != name:
        yield f"its author is {entry.author!r}, expected {name!r}"
    if lead(entry.subject) != lead(clean_line(expected)):
        yield f"its first line is {entry.subject!r}, expected {clean_line(expected)!r}"


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - MAX_NAMED_PATHS} more" if len(paths) > MAX_NAMED_PATHS else ""
    return f"{', '.join(paths[:MAX_NAMED_PATHS])}{more} {'is' if len(paths) == 1 else 'are'}"


class _Names:
    """Names objects without keeping them: an ObjectSink."""

    def add(self, kind: Kind, content: bytes, *, lineage: str | None = None) -> bytes:  # noqa: ARG002 - of the port
        return name_object(kind, content)


class _Objects:
    """The repository's objects as bytes: an ObjectSource."""

    def __init__(self, handle: pygit2.Repository) -> None:
        self._odb = handle.odb

    def read(self, object_id: bytes) -> bytes:
        return self._odb.read(pygit2.Oid(raw=object_id))[1]
