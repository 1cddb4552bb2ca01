"""The stories of tasks and runs, told from the board: what was asked, tried, found, decided, landed. Pure."""

from bot.cards import decision_outcome, run_card, task_line
from bot.messages import Listing
from bot.replies import messages as words
from bot.replies import notes
from bot.replies import reading as say
from bot.replies.runs import needs_you, progress
from bot.text import one_line, shorten
from engine.core.blackboard import Blackboard
from engine.core.entities import Decision, Task
from engine.core.ids import RunId

_MAX_LINE = 300
_MAX_NOTES = 10


def task_story(board: Blackboard, task: Task) -> Listing:
    """Everything that a person asks about a task."""
    lines = [shorten(one_line(task.description), 600)] if task.description.strip() else []
    lines += [say.planned_by(task.planned_by)] if task.planned_by else []
    lines += [say.criterion(number, entry) for number, entry in enumerate(task.criteria, 1)]
    for attempt in task.attempts:
        lines.append(say.attempt(attempt))
        lines += [f"  {say.verdict(attempt.verdict)}"] if attempt.verdict else []
        lines += [f"  {say.watched(nudge)}" for nudge in attempt.nudges]
    lines += [notes.insight(note) for note in board.notes.insights_in(task.run) if note.task == task.id]
    lines += [notes.settled(entry) for entry in board.notes.design_in(task.run) if entry.task == task.id]
    asked = [decision for decision in board.decisions.values() if decision.task == task.id]
    lines += [_asked(decision) for decision in asked]
    lines += [say.guidance(text) for text in task.guidance]
    lines += [say.receipt(task.receipt)] if task.receipt else []
    return Listing(words.task_line(task_line(board, task)), tuple(shorten(one_line(line), _MAX_LINE) for line in lines))


def run_story(board: Blackboard, name: RunId) -> Listing:
    """What a run is for, how far it is, what was decided, and what is not at its end."""
    run, card = board.runs[name], run_card(board, name)
    lines = [progress(card.done, card.total, card.landed), card.spent, run.reason]
    if run.spec is not None:
        lines += [run.spec.summary, *run.spec.assumptions, *run.spec.constraints]
    lines += [notes.settled(entry) for entry in board.notes.design_in(name)[-_MAX_NOTES:]]
    lines += [notes.insight(note) for note in board.notes.insights_in(name)[-_MAX_NOTES:]]
    if card.decisions:
        lines.append(needs_you(len(card.decisions)))
    lines += [_asked(decision) for decision in board.decisions.values() if decision.run == name]
    lines += [words.task_line(line) for line in card.tasks if line.state not in {"complete", "abandoned"}]
    title = f"{card.id} {card.word}: {shorten(one_line(card.objective), 200)}"
    return Listing(title, tuple(shorten(one_line(line), _MAX_LINE) for line in lines if line))


def _asked(decision: Decision) -> str:
    return say.asked_and_answered(decision.id, one_line(decision.question), decision_outcome(decision).sentence)
