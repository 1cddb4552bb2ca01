"""Words around a person's own page: what needs them, and the runs that they started."""

from bot.replies import runs
from bot.replies.words import count


def needs_you(questions: int) -> str:
    """The heading of the questions that this person may answer."""
    return runs.needs_you(questions) if questions else runs.nothing_needs_you()


def more_questions(number: int) -> str:
    """The questions that the page has no room for; nothing where it has."""
    return f"… and {count(number, 'question')} more; answer these first, or `status` names all" if number > 0 else ""


def your_runs(number: int) -> str:
    """The heading of the runs that this person started."""
    return f"you started {count(number, 'run')}" if number else "you have started no run yet"


def more_runs(number: int) -> str:
    """The runs that the page has no room for; nothing where it has."""
    return f"… and {count(number, 'run')} more; `list` names all" if number > 0 else ""
