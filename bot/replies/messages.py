"""How each message reads in plain lines, for every surface that has no better way to show it."""

from bot.cards import DecisionPrompt, RunCard, TaskLine
from bot.replies import runs
from bot.replies.words import count
from bot.text import one_line, shorten

MAX_TITLE: int = 80
_URGENT = ("waiting_human", "active", "awaiting_qa", "approved", "failed", "ready", "planned", "complete", "abandoned")


def run_head(card: RunCard) -> list[str]:
    """The first lines of a run's card: what it is, how far it is, what needs people."""
    figures = [runs.progress(card.done, card.total, card.landed), card.spent, card.left]
    lines = [
        f"{card.id} {card.word}: {shorten(one_line(card.objective), 200)}",
        " · ".join(figure for figure in figures if figure),
        runs.settings(card.branch, card.model, card.sandbox),
    ]
    if card.decisions:
        lines.append(f"{runs.needs_you(len(card.decisions))}: {', '.join(prompt.id for prompt in card.decisions)}")
    return lines + [f"! {warning}" for warning in card.warnings]


def run_tasks(card: RunCard) -> list[str]:
    """A line for each task, those first that people look for."""
    return [task_line(line) for line in sorted(card.tasks, key=lambda line: _URGENT.index(line.state))]


def task_line(line: TaskLine) -> str:
    """State, name, tries, title and note of a task."""
    tries = f", attempt {line.attempt} of {line.attempts_max}" if line.attempt > 1 else ""
    note = f" ({shorten(one_line(line.note), 100)})" if line.note else ""
    return f"{line.id} {line.word}{tries}: {shorten(one_line(line.title), MAX_TITLE)}{note}"


def hidden_tasks(number: int) -> str:
    """What a card leaves out."""
    return f"… and {count(number, 'task')} more"


def hidden_lines(number: int) -> str:
    """What a listing leaves out."""
    return f"… and {count(number, 'line')} more"


def hidden_above(number: int) -> str:
    """What an excerpt leaves out."""
    return f"… {count(number, 'line')} above"


def question(prompt: DecisionPrompt) -> str:
    """The question itself; a reminder says how often it was asked."""
    again = "still needs" if prompt.reminders else "needs"
    return f"{prompt.id} {again} you: {one_line(prompt.question)}"


def options(prompt: DecisionPrompt) -> list[str]:
    """What can be answered, numbered."""
    return [f"{option.number}. {option.label}: {option.meaning}" for option in prompt.options]


def budget_head(spent: str) -> str:
    """The first line of a budget question."""
    return f"The budget is used up: {spent}"
