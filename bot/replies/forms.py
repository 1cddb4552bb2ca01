"""What forms ask for."""

from typing import Final

CHANGES: Final = "What to do differently"
CHANGES_HINT: Final = "round half up, and keep the old test"
TASK: Final = "The new task"
TASK_HINT: Final = "the first line becomes its title"
DEPENDENTS: Final = "Tasks that wait for it"
DEPENDENT_CHOICES: Final = (
    ("cascade", "give them up too"),
    ("drop", "they no longer wait"),
    ("replan", "a planner replaces them"),
)
AMOUNT: Final = "New cap in US dollars"
AMOUNT_HINT: Final = "5"
TOKENS: Final = "New cap in tokens"
TOKENS_HINT: Final = "200000"

START_TITLE: Final = "Start a run"
START: Final = "start"
OBJECTIVE: Final = "What is to be achieved"
CANCEL: Final = "cancel"
CLOSE: Final = "close"


def title(decision: str, label: str) -> str:
    """The heading of a form."""
    return f"{decision}: {label}"
