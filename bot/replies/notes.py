"""Words about the blackboard: insights and the design log."""

from engine.core import events as e
from engine.core.note_entities import DesignEntry, Insight


def posted(event: e.NoteEvent) -> str:
    """A note in one line, for the thread."""
    match event:
        case e.InsightPosted():
            return f"{event.insight} ({event.task}) learnt: {event.summary}"
        case e.DesignDecided():
            return f"{event.entry} ({event.task}) settled {event.area}: {event.summary}"


def insights_title() -> str:
    """The heading of what was learnt."""
    return "What was learnt"


def design_title() -> str:
    """The heading of what was settled."""
    return "What was settled"


def insight(note: Insight) -> str:
    """An insight in a list."""
    about = ", ".join((*note.paths, *note.topics))
    return f"{note.id} {note.task}: {note.summary}" + (f" ({about})" if about else "")


def settled(entry: DesignEntry) -> str:
    """A line of the design log in a list."""
    return f"{entry.id} {entry.area}: {entry.summary}" + (f", because {entry.reason}" if entry.reason else "")
