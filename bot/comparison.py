"""Two runs side by side, or one run at two moments, as plain data for every surface. Pure; must not know any surface."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from bot.cards import run_card
from bot.replies import comparison as say
from bot.replies.words import duration, task_word
from bot.text import one_line
from engine.clock import from_iso
from engine.core.blackboard import Blackboard
from engine.core.entities import Run, Task
from engine.core.ids import RunId, TaskId


class Fact(msgspec.Struct, frozen=True):
    """One thing about both runs."""

    name: str
    before: str
    after: str

    @property
    def is_same(self) -> bool:
        """Whether there is no difference."""
        return self.before == self.after


class TaskPair(msgspec.Struct, frozen=True):
    """A task that both runs have, by its title, or only one."""

    title: str
    before: TaskId | None
    after: TaskId | None
    was: str
    is_now: str


class Comparison(msgspec.Struct, frozen=True):
    """What two runs have in common, and where they differ."""

    facts: tuple[Fact, ...]
    tasks: tuple[TaskPair, ...]


Side = tuple[Blackboard, RunId]
"""A run on a board, which may be that of an earlier moment."""


def compare(before: Side, after: Side) -> Comparison:
    """The two runs, fact by fact and task by task.

    Raises: KeyError for an unknown run.
    """
    pairs = zip(_facts(*before), _facts(*after), strict=True)
    facts = tuple(Fact(name, one_line(was), one_line(is_now)) for (name, was), (_, is_now) in pairs)
    return Comparison(facts, tuple(_paired(before[0].run_tasks(before[1]), after[0].run_tasks(after[1]))))


def _facts(board: Blackboard, name: RunId) -> list[tuple[str, str]]:
    card, run, tasks = run_card(board, name), board.runs[name], board.run_tasks(name)
    attempts = [attempt for task in tasks for attempt in task.attempts]
    failures = Counter(attempt.failure for attempt in attempts if attempt.failure)
    questions = [each for each in board.decisions.values() if each.run == name]
    return [
        (say.OBJECTIVE, run.objective),
        (say.STATE, card.word),
        (say.BASE, f"{run.branch} at {run.base[:10]}"),
        (say.MODEL, card.model),
        (say.SETTINGS, say.settings(run.config)),
        (say.GATES, ", ".join(gate.name for gate in run.gates)),
        (say.TASKS, say.done(card.done, card.total)),
        (say.LANDED, str(card.landed)),
        (say.ATTEMPTS, str(len(attempts))),
        (say.FAILURES, say.failures(failures)),
        (say.QUESTIONS, str(len(questions))),
        (say.SPENT, card.spent),
        (say.LASTED, duration(_seconds(run))),
    ]


def _seconds(run: Run) -> float:
    return (from_iso(run.finished_at or run.updated_at) - from_iso(run.created_at)) / 1000


def _paired(before: Sequence[Task], after: Sequence[Task]) -> list[TaskPair]:
    """In the order of the first run; what only the second has comes last. Of several with one title, the first goes with the first."""
    waiting: dict[str, list[Task]] = {}
    for task in after:
        waiting.setdefault(_key(task), []).append(task)
    pairs: list[tuple[Task | None, Task | None]] = []
    for task in before:
        same = waiting.get(_key(task), [])
        pairs.append((task, same.pop(0) if same else None))
    pairs += [(None, task) for tasks in waiting.values() for task in tasks]
    return [_pair(*pair) for pair in pairs]


def _pair(before: Task | None, after: Task | None) -> TaskPair:
    title = next(task.title for task in (before, after) if task is not None)
    return TaskPair(
        one_line(title), before.id if before else None, after.id if after else None, _word(before), _word(after)
    )


def _word(task: Task | None) -> str:
    return say.task(task_word(task.state), len(task.attempts)) if task is not None else ""


def _key(task: Task) -> str:
    return one_line(task.title).casefold()
