"""Words of a comparison of two runs."""

from collections.abc import Mapping
from typing import Final

from bot.replies.tasks import failed
from bot.replies.words import count
from engine.core.entities import FailureKind, RunConfig

OBJECTIVE: Final = "objective"
STATE: Final = "state"
BASE: Final = "began on"
MODEL: Final = "model"
SETTINGS: Final = "settings"
GATES: Final = "gates"
TASKS: Final = "tasks"
LANDED: Final = "landed"
ATTEMPTS: Final = "attempts"
FAILURES: Final = "failed because"
QUESTIONS: Final = "questions"
SPENT: Final = "spent"
LASTED: Final = "lasted"


def settings(config: RunConfig) -> str:
    """What was settled at the start, beside the model."""
    shares = "".join(f", {most} of {role}" for role, most in sorted(config.workers_of.items()))
    return f"{config.max_workers} at once{shares}, {config.max_retries} retries, sandbox {config.sandbox}"


def done(number: int, total: int) -> str:
    """How far it came."""
    return f"{number} of {total} done"


def failures(kinds: "Mapping[FailureKind, int]") -> str:
    """Why attempts failed, the most frequent first: `its checks were red (3), it took too long (1)`."""
    ordered = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{failed(kind)} ({times})" for kind, times in ordered)


def task(word: str, attempts: int) -> str:
    """A task in one of the two."""
    return f"{word}, {count(attempts, 'attempt')}" if attempts else word


def tasks_title() -> str:
    """The heading above the tasks."""
    return "tasks, by title"


def same_facts(names: list[str]) -> str:
    """What needs no line of its own."""
    return f"the same: {', '.join(names)}"
