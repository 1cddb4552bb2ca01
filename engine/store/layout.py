"""Where things lie on the state branch, and how an entity becomes a file and back. Must not touch git.

JSON is sorted, indented by one and ends in a newline, so that `git show` and `git diff` read well.
"""

import hashlib
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from engine.core.blackboard import Blackboard, Counters, Touched
from engine.core.entities import Decision, FileRef, Run, Task
from engine.core.ids import DecisionId, RunId, TaskId, number, shard

Entity = Run | Task | Decision
E = TypeVar("E", Run, Task, Decision)
_encoder: Final = msgspec.json.Encoder(order="sorted")


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


def attempt_folder(run: RunId, task: TaskId, attempt: int) -> str:
    """Where an attempt's conversation and evidence lie."""
    return "/".join(part for part in (run_folder(run), "logs", shard(task), task, f"a{attempt}") if part)


def to_file(entity: Entity) -> bytes:
    """The entity as the bytes of its file."""
    return msgspec.json.format(_encoder.encode(entity), indent=1) + b"\n"


def from_file(path: str, content: bytes, kind: type[E]) -> E:
    """The entity in a file.

    Raises: BrokenFile naming the path.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise BrokenFile(f"{path}: {error}") from error


def project(board: Blackboard, touched: Touched) -> dict[str, bytes]:
    """The files of the entities that one event changed, as they are on the board now."""
    found: dict[str, bytes] = {}
    if touched.run is not None:
        found[run_path(touched.run)] = to_file(board.runs[touched.run])
    if touched.task is not None:
        task = board.tasks[touched.task]
        found[task_path(task.run, task.id)] = to_file(task)
    if touched.decision is not None:
        decision = board.decisions[touched.decision]
        found[decision_path(decision.run, decision.id)] = to_file(decision)
    return found


def board_from_files(files: Iterable[tuple[str, bytes]], seq: int) -> Blackboard:
    """The board that lies in the files of a commit whose sequence is `seq`.

    Raises: BrokenFile.
    """
    board = Blackboard()
    runs, tasks, decisions = [], [], []
    for path, content in files:
        folder = path.split("/")
        if path.endswith("/run.json"):
            runs.append(from_file(path, content, Run))
        elif "tasks" in folder:
            tasks.append(from_file(path, content, Task))
        elif "decisions" in folder:
            decisions.append(from_file(path, content, Decision))
    for run in sorted(runs, key=lambda entity: number(entity.id)):
        board.put_run(run)
    for task in sorted(tasks, key=lambda entity: number(entity.id)):
        board.put_task(task)
    for decision in sorted(decisions, key=lambda entity: number(entity.id)):
        board.put_decision(decision)
    board.counters = Counters(
        seq=seq,
        run=max((number(run.id) for run in runs), default=0),
        task=max((number(task.id) for task in tasks), default=0),
        decision=max((number(decision.id) for decision in decisions), default=0),
    )
    return board


def file_ref(path: str, content: bytes) -> FileRef:
    """The name under which an event refers to a file that is written with it."""
    # git's own name of a blob: sha1 over "blob <size>\\0" and the content (gitformat-pack, "object names").
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return FileRef(path=path, oid=oid, size=len(content))
