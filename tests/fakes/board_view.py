"""A board as plain data, and its indexes worked out anew from the entities alone; must not trust the board's own."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from engine.core.blackboard import Blackboard
from engine.core.chat import ChatBoard
from engine.core.entities import PLANNING
from engine.core.ids import TaskId, number
from engine.core.notes import NoteBoard


def facts(board: Blackboard) -> dict[str, object]:
    """Everything the board holds as JSON would hold it, fields at their default left out."""
    parts: dict[str, object] = {
        "counters": board.counters, "runs": board.runs, "tasks": board.tasks, "decisions": board.decisions,
    }  # fmt: skip
    if board.chat.bindings:
        parts |= {"bindings": board.chat.bindings, "posts": board.chat.posts}
    if board.notes.insights or board.notes.design:
        parts |= {"insights": board.notes.insights, "design": board.notes.design}
    whole: dict[str, object] = msgspec.json.decode(msgspec.json.encode(parts))
    return whole


def indexes(board: Blackboard) -> dict[str, object]:
    """The board's own indexes, without empty rows, in an order that says nothing."""
    return {
        "tasks_of": {run: list(tasks) for run, tasks in board.tasks_of.items() if tasks},
        "planning_tasks_of": {run: list(tasks) for run, tasks in board.planning_tasks_of.items() if tasks},
        "dependents_of": _sorted(board.dependents_of),
        "open_decisions": dict(board.open_decisions),
        "counts": {run: {s: n for s, n in counts.items() if n} for run, counts in board.counts.items() if counts},
        "in_state": {state: set(tasks) for state, tasks in board.in_state.items() if tasks},
        "bindings_of": dict(board.chat.bindings_of),
        "keys": dict(board.chat.keys),
        "unsettled": set(board.chat.unsettled),
        "last": (board.chat.last_binding, board.chat.last_post),
        "notes_of": {"insights": dict(board.notes.insights_of), "design": dict(board.notes.design_of)},
        "last_notes": (board.notes.last_insight, board.notes.last_design),
    }


def recomputed(board: Blackboard) -> dict[str, object]:
    """What `indexes` has to be."""
    tasks = list(board.tasks.values())
    runs = {task.run: [each for each in tasks if each.run == task.run] for task in tasks}
    dependents: dict[TaskId, list[TaskId]] = {}
    for task in tasks:
        for dependency in set(task.depends_on):
            dependents.setdefault(dependency, []).append(task.id)
    planning = {run: [t.id for t in mine if t.role in PLANNING] for run, mine in runs.items()}
    return {
        "tasks_of": {run: [task.id for task in mine] for run, mine in runs.items()},
        "planning_tasks_of": {run: names for run, names in planning.items() if names},
        "dependents_of": _sorted(dependents),
        "open_decisions": {name: d for name, d in board.decisions.items() if d.answer is None and not d.withdrawn},
        "counts": {run: dict(Counter(task.state for task in mine)) for run, mine in runs.items()},
        "in_state": {state: {t.id for t in tasks if t.state == state} for state in {t.state for t in tasks}},
        **_recomputed_chat(board.chat),
        **_recomputed_notes(board.notes),
    }


def _recomputed_chat(chat: ChatBoard) -> dict[str, object]:
    bindings, posts = list(chat.bindings.values()), list(chat.posts.values())
    return {
        "bindings_of": {run: tuple(b.id for b in bindings if b.run == run) for run in {b.run for b in bindings}},
        "keys": {(post.binding, post.key): post.id for post in posts},
        "unsettled": {post.id for post in posts if not post.message and not post.dead},
        "last": (max([0, *(number(b.id) for b in bindings)]), max([0, *(number(p.id) for p in posts)])),
    }


def _recomputed_notes(notes: NoteBoard) -> dict[str, object]:
    insights, design = list(notes.insights.values()), list(notes.design.values())
    runs = {note.run for note in insights}, {note.run for note in design}
    return {
        "notes_of": {
            "insights": {run: tuple(note.id for note in insights if note.run == run) for run in runs[0]},
            "design": {run: tuple(note.id for note in design if note.run == run) for run in runs[1]},
        },
        "last_notes": (max([0, *(number(n.id) for n in insights)]), max([0, *(number(n.id) for n in design)])),
    }


def _sorted(names: Mapping[TaskId, list[TaskId] | tuple[TaskId, ...]]) -> dict[TaskId, list[TaskId]]:
    return {name: sorted(after) for name, after in names.items() if after}
