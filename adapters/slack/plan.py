"""The tasks of a run as Slack's plan of task cards, each with the line that it has elsewhere. Pure.

A plan wants a heading, and takes the line that says how far the run is. Slack's reference names no limit for a title; the tasks
of its streams take 256 characters, and so do ours: a card with a longer line does without a plan.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final, Literal

import msgspec

from adapters.slack.markup import Block
from bot.cards import RunCard
from bot.text import units
from engine.core.entities import TaskState

FIGURES: Final = 1
"""Which line of a card's head says how far the run is."""
MAX_TASKS: Final = 50
MAX_TITLE: Final = 256
Status = Literal["pending", "in_progress", "complete", "error"]
_STATUS: Final[dict[TaskState, Status]] = {
    "planned": "pending", "ready": "pending", "active": "in_progress", "awaiting_qa": "in_progress", "approved": "in_progress",
    "failed": "error", "waiting_human": "error", "complete": "complete", "abandoned": "error",
}  # fmt: skip
"""Only a mark: the line beside it says the state in words."""


class Plan(msgspec.Struct, frozen=True):
    """The block, and the lines below it that are no task."""

    block: Block
    rest: list[str]


def plan_of(card: RunCard, head: Sequence[str], body: Sequence[str]) -> Plan | None:
    """The lines of the tasks as a plan; None where Slack would not take one."""
    states = {str(task.id): task.state for task in card.tasks}
    tasks = dict(takewhile(lambda named: named[0] in states, ((line.partition(" ")[0], line) for line in body)))
    titles = [*head[FIGURES : FIGURES + 1], *tasks.values()]
    is_whole = list(tasks.values()) == list(body[: len(tasks)])
    if not is_whole or not 1 < len(titles) <= MAX_TASKS + 1 or not all(map(_fits, [*titles, *tasks])):
        return None
    cards = [
        {"type": "task_card", "task_id": name, "title": line, "status": _STATUS[states[name]]}
        for name, line in tasks.items()
    ]
    return Plan({"type": "plan", "title": titles[0], "tasks": cards}, list(body[len(tasks) :]))


def _fits(title: str) -> bool:
    return bool(title.strip()) and units(title) <= MAX_TITLE
