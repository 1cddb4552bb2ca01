"""Words for states, roles, choices, times and money; the one home of each."""

from collections.abc import Sequence
from typing import Final

from engine.core.entities import Choice, RunState, Spend, TaskState

_TASK: Final[dict[TaskState, str]] = {
    "planned": "planned",
    "ready": "ready",
    "active": "active",
    "awaiting_qa": "awaiting QA",
    "approved": "approved",
    "complete": "complete",
    "failed": "failed",
    "waiting_human": "waiting human",
    "abandoned": "abandoned",
}
_RUN: Final[dict[RunState, str]] = {
    "planning": "planning",
    "running": "running",
    "paused": "paused",
    "waiting_human": "waiting human",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
CHOICES: Final[dict[Choice, str]] = {
    "retry": "retry",
    "retry_with_changes": "retry with changes",
    "abandon": "abandon",
    "spawn": "spawn",
    "raise_budget": "raise",
    "land_now": "land now",
    "replan": "replan",
    "stop": "stop",
    "keep": "keep",
    "finish_cheaply": "finish cheaply",
    "approve": "approve",
    "review_again": "review again",
}
"""What a person types to choose; the parser in bot/decisions.py reads the same words."""

CHOICE_MEANINGS: Final[dict[Choice, str]] = {
    "retry": "try again, with a full set of tries",
    "retry_with_changes": "say what to do differently: retry with changes: …",
    "abandon": "give it up; tasks that wait for it: abandon cascade | drop | replan",
    "spawn": "a new task takes its place: spawn: …",
    "raise_budget": "set a higher cap: raise 5 USD, or raise 200000 tokens",
    "land_now": "the files are out of the way: land it",
    "review_again": "the reviewer can be reached again: review the work that is there",
    "replan": "let a planner plan what is needed; say more with replan: …",
    "stop": "end the run here; what landed stays",
    "keep": "let the run go on",
    "finish_cheaply": "finish what is begun: a cheaper model, one task at a time, a quarter more money, nothing new",
    "approve": "it is right as it stands; a plan can be changed first: add, link or abandon tasks",
}
NO_GATE: Final = "no gate: nothing checks the merged work; add [[gate]] to orch.toml"
PILOT: Final = "the pilot (rules, not an LLM)"
NO_SANDBOX: Final = 'sandbox = "none": commands of the agents can reach everything that you can'


def task_word(state: TaskState) -> str:
    """The state as people read it."""
    return _TASK[state]


def run_word(state: RunState) -> str:
    """The state as people read it."""
    return _RUN[state]


def parked_word(until: str) -> str:
    """The state of a run that waits for its model's quota."""
    return f"parked until {clock_time(until)}"


def clock_time(at: str) -> str:
    """`2026-11-25 22:40 UTC`, of `2026-11-25T22:40:00Z`."""
    return f"{at[:10]} {at[11:16]} UTC"


def model_word(model: str) -> str:
    """The model as people read it; the built-in stand-in is never passed off as a language model."""
    return PILOT if model.rpartition("/")[2] == "pilot" else model


def count(number: int, noun: str) -> str:
    """`1 task`, `3 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str], most: int = 4) -> str:
    """`T3, T4 and T5`; beyond `most`, how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def spent(spend: Spend, budget_usd: float | None, budget_tokens: int | None) -> str:
    """What was spent, of which cap: `0.31 of 5 USD`, `12,400 of 200,000 tokens`; nothing spent without a cap: empty."""
    parts = []
    if budget_usd is not None:
        parts.append(f"{_usd(spend.cost_usd)} of {budget_usd:g} USD")
    elif spend.cost_usd:
        parts.append(f"{_usd(spend.cost_usd)} USD")
    if budget_tokens is not None:
        parts.append(f"{spend.tokens:,} of {budget_tokens:,} tokens")
    elif spend.tokens:
        parts.append(f"{spend.tokens:,} tokens")
    if spend.unpriced_tokens and not (budget_usd is None and not spend.cost_usd):
        parts.append(f"{spend.unpriced_tokens:,} without a known price")
    return ", ".join(parts)


def _usd(amount: float) -> str:
    return f"{amount:.4f}" if 0 < amount < 0.01 else f"{amount:.2f}"
