"""Everything the bot can say, as one tagged union of plain data; the cards of runs and questions are in bot/cards.py.

Texts are as they were written. What is shown of a message within a platform's limits is bot/shown.py's to say.
"""

from collections.abc import Callable

import msgspec

from bot.cards import DecisionOutcome, DecisionPrompt, FinalSummary, RunCard
from engine.core.ids import RunId, TaskId


class LogSnippet(msgspec.Struct, frozen=True, tag="log-snippet"):
    """The end of a conversation or of an output; `more` says where the rest is."""

    task: TaskId
    attempt: int
    title: str
    lines: tuple[str, ...]
    more: str = ""


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """The graph of a run as an image (PNG), and the same in words for those who can't see it. No bytes: only words."""

    run: RunId
    alt: str
    png: bytes = b""


class BudgetAlert(msgspec.Struct, frozen=True, tag="budget-alert"):
    """A run has reached its cap: what was spent, and the question that waits."""

    run: RunId
    spent: str
    prompt: DecisionPrompt


class Digest(msgspec.Struct, frozen=True, tag="digest"):
    """What happened in a run since the last one, a line each, oldest first."""

    run: RunId
    lines: tuple[str, ...]


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """A sentence or two. `is_refusal` when something asked for was not done."""

    text: str
    is_refusal: bool = False


class Listing(msgspec.Struct, frozen=True, tag="listing"):
    """A heading and lines; `more` says what was left out and how to see it."""

    title: str
    lines: tuple[str, ...]
    more: str = ""


class Help(msgspec.Struct, frozen=True, tag="help"):
    """How to say things: lines of usage and meaning."""

    title: str
    entries: tuple[tuple[str, str], ...]
    footer: str = ""


class Home(msgspec.Struct, frozen=True, tag="home"):
    """A person's own page: the questions that they may answer, and a line for each run that they started.

    `note` says what became of what they did there last; the titles count, and `more_…` says what was left out.
    """

    title: str
    questions: tuple[DecisionPrompt | BudgetAlert, ...]
    more_questions: str
    runs_title: str
    runs: tuple[str, ...]
    more_runs: str = ""
    note: str = ""


Message = (
    RunCard
    | DecisionPrompt
    | DecisionOutcome
    | FinalSummary
    | LogSnippet
    | Picture
    | BudgetAlert
    | Digest
    | Notice
    | Listing
    | Help
    | Home
)


def redacted(message: Message, redact: Callable[[str], str]) -> Message:
    """The message with every text in it redacted."""
    clean = _redacted(message, redact)
    return clean if isinstance(clean, Message) else message


def _redacted(value: object, redact: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, tuple):
        return tuple(_redacted(item, redact) for item in value)
    if isinstance(value, msgspec.Struct):
        changes = {field: _redacted(getattr(value, field), redact) for field in value.__struct_fields__}
        return msgspec.structs.replace(value, **changes)
    return value
