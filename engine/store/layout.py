"""Where things lie on the state branch, and how an entity becomes a file and back. Must not touch git.

JSON is sorted, indented by one and ends in a newline, so that `git show` and `git diff` read well.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from engine.core.blackboard import Blackboard, Counters, Touched
from engine.core.chat_entities import Binding, Post
from engine.core.entities import Decision, FileRef, Run, Task
from engine.core.ids import BindingId, DecisionId, PostId, RunId, TaskId, number, shard
from engine.core.note_entities import DesignEntry, Insight
from engine.core.notes import NoteId

Entity = Run | Task | Decision | Binding | Post | Insight | DesignEntry
E = TypeVar("E", bound=Entity)
D = TypeVar("D", bound=msgspec.Struct)
_KINDS: Final[dict[str, type[Entity]]] = {
    "r": Run, "T": Task, "D": Decision, "B": Binding, "P": Post, "I": Insight, "L": DesignEntry,
}  # fmt: skip
"""By the first letter of the file's name: `run.json`, `T12.json`."""

_encoder: Final = msgspec.json.Encoder(order="sorted")


class Archive(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sealed run: what its files said, in one."""

    run: Run
    tasks: tuple[Task, ...] = ()
    decisions: tuple[Decision, ...] = ()
    bindings: tuple[Binding, ...] = ()
    posts: tuple[Post, ...] = ()
    insights: tuple[Insight, ...] = ()
    design: tuple[DesignEntry, ...] = ()

    def entities(self) -> tuple[Entity, ...]:
        """Everything in it."""
        return (self.run, *self.tasks, *self.decisions, *self.bindings, *self.posts, *self.insights, *self.design)


class BrokenFile(Exception):
    """A file of the state branch is not as the engine writes it; the message names it and what is wrong."""


def run_folder(run: RunId) -> str:
    """`runs/R7`, `runs/1/R12`: a folder per higher digit of the number."""
    return "/".join(part for part in ("runs", shard(run), run) if part)


def run_path(run: RunId) -> str:
    """The run's own file."""
    return f"{run_folder(run)}/run.json"


def task_path(run: RunId, task: TaskId) -> str:
    """The task's file."""
    return "/".join(part for part in (run_folder(run), "tasks", shard(task), f"{task}.json") if part)


def decision_path(run: RunId, decision: DecisionId) -> str:
    """The decision's file."""
    return "/".join(part for part in (run_folder(run), "decisions", shard(decision), f"{decision}.json") if part)


def chat_path(run: RunId, name: BindingId | PostId) -> str:
    """The file of a binding (`chat/B1.json`) or of a post (`outbox/P7.json`)."""
    folder = "chat" if name.startswith("B") else "outbox"
    return "/".join(part for part in (run_folder(run), folder, shard(name), f"{name}.json") if part)


def note_path(run: RunId, name: NoteId) -> str:
    """The file of an insight (`insights/I4.json`) or of an entry of the design log (`design-log/L2.json`)."""
    folder = "insights" if name.startswith("I") else "design-log"
    return "/".join(part for part in (run_folder(run), folder, shard(name), f"{name}.json") if part)


def attempt_folder(run: RunId, task: TaskId, attempt: int) -> str:
    """Where an attempt's conversation and evidence lie."""
    return "/".join(part for part in (run_folder(run), "logs", shard(task), task, f"a{attempt}") if part)


def archive_path(run: RunId) -> str:
    """The one file of a sealed run."""
    return "/".join(part for part in ("archive", shard(run), f"{run}.json") if part)


def to_file(entity: Entity | Archive) -> bytes:
    """The entity as the bytes of its file."""
    return msgspec.json.format(_encoder.encode(entity), indent=1) + b"\n"


def from_file(path: str, content: bytes, kind: type[E]) -> E:
    """The entity in a file.

    Raises: BrokenFile naming the path.
    """
    return _decoded(path, content, kind)


def _decoded(path: str, content: bytes, kind: type[D]) -> D:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        newer = "; a newer orch wrote it, use that version or a later one" if "unknown field" in str(error) else ""
        raise BrokenFile(f"{path}: {error}{newer}") from error


def project(board: Blackboard, touched: Touched) -> dict[str, bytes | None]:
    """The files of the entities that one event changed, as they are on the board now; None for what is gone.

    A sealed run has a single file, whatever of it changes.
    """
    run = board.runs[_run_of(board, touched)]
    if run.sealed_at:
        return {run_folder(run.id): None, archive_path(run.id): to_file(_archive(board, run))}
    found: dict[str, bytes | None] = {}
    if touched.run is not None:
        found[run_path(run.id)] = to_file(run)
    if touched.task is not None:
        found[task_path(run.id, touched.task)] = to_file(board.tasks[touched.task])
    if touched.decision is not None:
        found[decision_path(run.id, touched.decision)] = to_file(board.decisions[touched.decision])
    if touched.chat is not None:
        found[chat_path(run.id, touched.chat)] = to_file(board.chat.entity(touched.chat))
    if touched.note is not None:
        found[note_path(run.id, touched.note)] = to_file(board.notes.entity(touched.note))
    return found


def _run_of(board: Blackboard, touched: Touched) -> RunId:
    if touched.run is not None:
        return touched.run
    if touched.task is not None:
        return board.tasks[touched.task].run
    if touched.decision is not None:
        return board.decisions[touched.decision].run
    if touched.chat is not None:
        return board.chat.entity(touched.chat).run
    if touched.note is not None:
        return board.notes.entity(touched.note).run
    raise ValueError("an event changes at least one entity")


def _archive(board: Blackboard, run: Run) -> Archive:
    return Archive(
        run,
        tuple(board.run_tasks(run.id)),
        tuple(each for each in board.decisions.values() if each.run == run.id),
        tuple(each for each in board.chat.bindings.values() if each.run == run.id),
        tuple(each for each in board.chat.posts.values() if each.run == run.id),
        tuple(board.notes.insights_in(run.id)),
        tuple(board.notes.design_in(run.id)),
    )


def board_from_files(files: Iterable[tuple[str, bytes]], seq: int) -> Blackboard:
    """The board that lies in the files of a commit whose sequence is `seq`.

    Raises: BrokenFile.
    """
    board = Blackboard()
    entities = [entity for path, content in files for entity in _entities(path, content)]
    found = sorted(entities, key=lambda each: number(each.id))
    runs = [each for each in found if isinstance(each, Run)]
    for run in runs:
        board.put_run(run)
    for entity in found:
        _put(board, entity)
    board.counters = Counters(
        seq=seq,
        run=max((number(name) for name in board.runs), default=0),
        task=max((number(name) for name in board.tasks), default=0),
        decision=max((number(name) for name in board.decisions), default=0),
    )
    return board


def _entities(path: str, content: bytes) -> tuple[Entity, ...]:
    if path.startswith("archive/"):
        return _decoded(path, content, Archive).entities()
    kind = _KINDS.get(path.rpartition("/")[2][:1])
    return (from_file(path, content, kind),) if kind is not None else ()


def _put(board: Blackboard, entity: Entity) -> None:
    match entity:
        case Run():
            pass  # runs go first: everything else names one
        case Task():
            board.put_task(entity)
        case Decision():
            board.put_decision(entity)
        case Binding():
            board.chat.put_binding(entity)
        case Post():
            board.chat.put_post(entity)
        case Insight() | DesignEntry():
            board.notes.put(entity)


def file_ref(path: str, content: bytes) -> FileRef:
    """The name under which an event refers to a file that is written with it."""
    # git's own name of a blob: sha1 over "blob <size>\\0" and the content (gitformat-pack, "object names").
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return FileRef(path=path, oid=oid, size=len(content))
