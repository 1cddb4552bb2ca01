"""What a worker writes on the blackboard beside its work: insights, and the design log. Pure.

A note is kept whatever becomes of the attempt; how many there may be is bounded, since a model writes them.
"""

from engine.core import commands as c
from engine.core import events as e
from engine.core import limits
from engine.core.blackboard import Blackboard
from engine.core.deciding import Events
from engine.core.entities import Task
from engine.core.ids import DesignId, InsightId

Note = c.PostInsight | c.LogDesign


def decide_note(board: Blackboard, task: Task, note: Note) -> Events | c.Refused:
    """The event of the note; a second one with the same words is refused, and so is a flood."""
    summary = note.summary.strip()[: limits.MAX_NOTE_CHARS]
    if not summary:
        return c.Refused("it says nothing: a note needs a summary")
    match note:
        case c.PostInsight():
            return _insight(board, task, note, summary)
        case c.LogDesign():
            return _design(board, task, note, summary)


def _insight(board: Blackboard, task: Task, note: c.PostInsight, summary: str) -> Events | c.Refused:
    known = board.notes.insights_in(task.run)
    mine = [each for each in known if (each.task, each.attempt) == (task.id, note.attempt)]
    if len(mine) >= limits.MAX_NOTES_PER_ATTEMPT or len(known) >= limits.MAX_INSIGHTS_PER_RUN:
        return c.Refused(f"no more insights: this attempt has {len(mine)}, {task.run} has {len(known)}")
    if twin := next((each.id for each in known if each.summary == summary), None):
        return c.Refused(f"{twin} says so already")
    name = InsightId(f"I{board.notes.last_insight + 1}")
    return [
        e.InsightPosted(
            task.run, insight=name, task=task.id, attempt=note.attempt, summary=summary, topics=_names(note.topics),
            paths=_names(note.paths),
        )
    ]  # fmt: skip


def _design(board: Blackboard, task: Task, note: c.LogDesign, summary: str) -> Events | c.Refused:
    known = board.notes.design_in(task.run)
    mine = [each for each in known if (each.task, each.attempt) == (task.id, note.attempt)]
    if len(mine) >= limits.MAX_NOTES_PER_ATTEMPT or len(known) >= limits.MAX_DESIGN_PER_RUN:
        return c.Refused(f"the design log is full: this attempt has {len(mine)} entries, {task.run} has {len(known)}")
    if twin := next((each.id for each in known if each.summary == summary), None):
        return c.Refused(f"{twin} says so already")
    return [
        e.DesignDecided(
            task.run, entry=DesignId(f"L{board.notes.last_design + 1}"), task=task.id, attempt=note.attempt,
            area=note.area.strip()[: limits.MAX_TITLE_CHARS], summary=summary,
            reason=note.reason.strip()[: limits.MAX_NOTE_CHARS], applies_to=_names(note.applies_to),
        )
    ]  # fmt: skip


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    found = dict.fromkeys(name.strip()[: limits.MAX_TITLE_CHARS] for name in names if name.strip())
    return tuple(found)[: limits.MAX_NAMES_PER_NOTE]
