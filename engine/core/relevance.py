"""Which notes concern a task: by dependency, by the plan it belongs to, by the files and topics it names. Pure.

A task is told a bounded number, so that its cost does not grow with the run.
"""

import re

from engine.core import limits
from engine.core.blackboard import Blackboard
from engine.core.entities import Task
from engine.core.ids import TaskId
from engine.core.note_entities import DesignEntry, Insight

_OWN, _DEPENDENCY, _PATH, _PLANNER, _TOPIC, _PLAN = 16, 8, 4, 3, 2, 1


def insights_for(board: Blackboard, task: Task) -> tuple[Insight, ...]:
    """The insights that concern the task most, oldest first; none that has nothing to do with it."""
    names = board.notes.insights_of.get(task.run, ())[-limits.MAX_NOTES_WEIGHED :]
    notes = [board.notes.insights[name] for name in names]
    if not notes:
        return ()
    text, before = text_of(task), ancestors(board, task)
    scored = [(_score(board, note, task, text, before), at) for at, note in enumerate(notes)]
    best = sorted((pair for pair in scored if pair[0] > 0), reverse=True)[: limits.MAX_INSIGHTS_SHOWN]
    return tuple(notes[at] for _, at in sorted(best, key=lambda pair: pair[1]))


def design_for(board: Blackboard, task: Task) -> tuple[DesignEntry, ...]:
    """What was settled for the run as a whole, or for files and topics that the task names; oldest first."""
    text = text_of(task)
    names = board.notes.design_of.get(task.run, ())[-limits.MAX_NOTES_WEIGHED :]
    found = [
        entry
        for entry in (board.notes.design[name] for name in names)
        if not entry.applies_to or entry.task == task.id or any(_names(each, text) for each in entry.applies_to)
    ]
    return tuple(found[-limits.MAX_DESIGN_SHOWN :])


def text_of(task: Task) -> str:
    """All that the task says of itself, in small letters."""
    criteria = [part for criterion in task.criteria for part in (criterion.text, criterion.check)]
    return "\n".join((task.title, task.description, *criteria)).casefold()


def ancestors(board: Blackboard, task: Task) -> frozenset[TaskId]:
    """The tasks that this one builds on, directly or through others."""
    found: set[TaskId] = set()
    stack = list(task.depends_on)
    while stack and len(found) < limits.MAX_ANCESTORS_WEIGHED:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(board.tasks[name].depends_on)
    return frozenset(found)


def _score(board: Blackboard, note: Insight, task: Task, text: str, before: frozenset[TaskId]) -> int:
    source = board.tasks[note.task]
    return (
        _OWN * (note.task == task.id)
        + _DEPENDENCY * (note.task in before)
        + _PLANNER * (note.task == task.planned_by)
        + _PLAN * (source.planned_by is not None and source.planned_by == task.planned_by)
        + _PATH * sum(_names(path, text) for path in note.paths)
        + _TOPIC * sum(_names(topic, text) for topic in note.topics)
    )


def _names(what: str, text: str) -> bool:
    """Whether the text names the file, its last part, or the topic."""
    name = what.casefold().strip().rstrip("/")
    last = name.rpartition("/")[2]
    return _stands(name, text) or (len(last) > 3 and _stands(last, text))


def _stands(name: str, text: str) -> bool:
    """Whether the name stands in the text as a word of its own: `money.py` does not in `test_money.py`."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
