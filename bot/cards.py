"""What a screen shows of runs, tasks and questions, as plain data for every surface. Pure; must not know any surface.

Built from the blackboard alone, so every surface tells the same truth. Texts are as they were written: a surface cleans
them (bot/text.py) and escapes what marks up text there.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from bot.estimate import seconds_left
from bot.replies import decisions as decision_words
from bot.replies import runs as run_words
from bot.replies import spend as spend_words
from bot.replies import tasks as task_words
from bot.replies.words import (
    CHOICE_MEANINGS,
    CHOICES,
    NO_GATE,
    NO_SANDBOX,
    model_word,
    parked_word,
    run_word,
    spent,
    task_word,
)
from bot.text import shorten, tail
from engine.clock import from_iso
from engine.core import plan
from engine.core.blackboard import Blackboard
from engine.core.entities import Choice, Decision, DecisionKind, GateSpec, RoleName, Run, RunState, Task, TaskState
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER

EVIDENCE_LINES: Final = 12
MAX_QUESTION_CHARS: Final = 600


class TaskLine(msgspec.Struct, frozen=True):
    """One task of a run. `attempt` counts since a person last answered, `attempts_max` is where a person is asked;
    `latest` is the number that `orch logs --attempt` takes. `started_at` is its latest attempt's; `finished_at` is empty until its end.
    """

    id: TaskId
    title: str
    role: RoleName
    state: TaskState
    word: str
    note: str
    attempt: int
    attempts_max: int
    latest: int
    depends_on: tuple[TaskId, ...]
    parent: TaskId | None
    started_at: str
    finished_at: str


class Option(msgspec.Struct, frozen=True):
    """One way to answer: its number on screen, the words to type, and what they mean."""

    number: int
    choice: Choice
    label: str
    meaning: str


class DecisionPrompt(msgspec.Struct, frozen=True, tag="decision-prompt"):
    """An open question with what it rests on."""

    id: DecisionId
    run: RunId
    task: TaskId | None
    title: str
    kind: DecisionKind
    question: str
    evidence: tuple[str, ...]
    options: tuple[Option, ...]
    asked_at: str
    generation: int
    reminders: int = 0


class DecisionOutcome(msgspec.Struct, frozen=True, tag="decision-outcome"):
    """A question that is no longer open: who chose what, or why it fell away."""

    id: DecisionId
    run: RunId
    task: TaskId | None
    question: str
    sentence: str


class RunCard(msgspec.Struct, frozen=True, tag="run-card"):
    """A run on one screen. `warnings` are shown wherever the run is; `left` is empty while nobody can say how long it takes."""

    id: RunId
    objective: str
    state: RunState
    word: str
    is_over: bool
    branch: str
    model: str
    sandbox: str
    done: int
    total: int
    landed: int
    spent: str
    left: str
    warnings: tuple[str, ...]
    tasks: tuple[TaskLine, ...]
    decisions: tuple[DecisionPrompt, ...]
    started_at: str
    finished_at: str
    reason: str


class Landed(msgspec.Struct, frozen=True):
    """One change on the target branch."""

    task: TaskId
    title: str
    commit: str
    attempts: int


class FinalSummary(msgspec.Struct, frozen=True, tag="final-summary"):
    """The end of a run: the outcome in a sentence, what landed, and how to read the story."""

    run: RunId
    state: RunState
    sentence: str
    landed: tuple[Landed, ...]
    abandoned: tuple[TaskId, ...]
    spent: str
    seconds: float
    hints: tuple[str, ...]


def run_card(board: Blackboard, name: RunId) -> RunCard:
    """The run as it is now, its tasks in the order in which they were planned.

    Raises: KeyError for an unknown run.
    """
    run = board.runs[name]
    tasks = board.run_tasks(name)
    return RunCard(
        id=run.id,
        objective=run.objective,
        state=run.state,
        word=state_word(run),
        is_over=run.state in RUN_OVER,
        branch=run.branch,
        model=model_word(run.config.model),
        sandbox=run.config.sandbox,
        done=board.count(name, "complete", "abandoned"),
        total=len(tasks),
        landed=run.landed,
        spent=_spent(run),
        left=run_words.left(seconds_left(board, name)),
        warnings=warnings_of(run),
        tasks=tuple(task_line(board, task) for task in tasks),
        decisions=open_prompts(board, name),
        started_at=run.created_at,
        finished_at=run.finished_at,
        reason=run.reason,
    )


def state_word(run: Run) -> str:
    """The run's state as people read it, its rest included."""
    return parked_word(run.parked_until) if run.parked_until and run.state not in RUN_OVER else run_word(run.state)


def warnings(gates: Sequence[GateSpec], sandbox: str) -> tuple[str, ...]:
    """What a person must know wherever a run with these gates and this sandbox is shown."""
    found = (NO_GATE if not gates else "", NO_SANDBOX if sandbox == "none" else "")
    return tuple(text for text in found if text)


def warnings_of(run: Run) -> tuple[str, ...]:
    """What a person must know wherever the run is shown: how it is guarded, and what holds it up while it is under way."""
    held = spend_words.holds(run) if run.state not in RUN_OVER else ()
    return (*warnings(run.gates, run.config.sandbox), *held)


def open_prompts(board: Blackboard, run: RunId | None = None) -> tuple[DecisionPrompt, ...]:
    """The open questions of the run, or of all runs, oldest first."""
    return tuple(
        decision_prompt(board, decision)
        for decision in board.open_decisions.values()
        if run is None or decision.run == run
    )


def decision_prompt(board: Blackboard, decision: Decision) -> DecisionPrompt:
    """The question as it is put to a person."""
    return DecisionPrompt(
        id=decision.id,
        run=decision.run,
        task=decision.task,
        title=board.tasks[decision.task].title if decision.task else board.runs[decision.run].objective,
        kind=decision.kind,
        question=shorten(decision.question, MAX_QUESTION_CHARS),
        evidence=_evidence(decision),
        options=tuple(
            Option(number, choice, CHOICES[choice], CHOICE_MEANINGS[choice])
            for number, choice in enumerate(decision.options, 1)
        ),
        asked_at=decision.asked_at,
        generation=decision.generation,
        reminders=decision.reminders,
    )


def _evidence(decision: Decision) -> tuple[str, ...]:
    """The end of the evidence; none where it is one line that the question quotes already, as an escalation's is."""
    text = decision.evidence.strip()
    is_quoted = "\n" not in text and text in decision.question
    return () if is_quoted else tail(text, EVIDENCE_LINES)


def decision_outcome(decision: Decision) -> DecisionOutcome:
    """What became of the question; the sentence is empty while it is open."""
    if decision.answer is not None:
        sentence = decision_words.decided(decision.id, decision.answer)
    else:
        sentence = decision_words.withdrawn(decision.id, decision.withdrawn) if decision.withdrawn else ""
    return DecisionOutcome(decision.id, decision.run, decision.task, decision.question, sentence)


def final_summary(board: Blackboard, name: RunId) -> FinalSummary:
    """How the run ended.

    Raises: KeyError for an unknown run.
    """
    run = board.runs[name]
    tasks = board.run_tasks(name)
    seconds = (from_iso(run.finished_at or run.updated_at) - from_iso(run.created_at)) / 1000
    landed = sorted((task for task in tasks if task.receipt and task.state == "complete"), key=lambda t: t.finished_at)
    return FinalSummary(
        run=run.id,
        state=run.state,
        sentence=run_words.outcome(run, seconds),
        landed=tuple(
            Landed(task.id, task.title, task.receipt.commit, len(task.attempts)) for task in landed if task.receipt
        ),
        abandoned=tuple(task.id for task in tasks if task.state == "abandoned"),
        spent=_spent(run),
        seconds=seconds,
        hints=(run_words.POST_MORTEM, *((run_words.PROOF,) if landed else ())),
    )


def task_line(board: Blackboard, task: Task) -> TaskLine:
    """The task in one line."""
    return TaskLine(
        id=task.id,
        title=task.title,
        role=task.role,
        state=task.state,
        word=task_word(task.state),
        note=note(board, task),
        attempt=task.tries + 1 if task.attempts else 0,
        attempts_max=task.max_retries + 1,
        latest=len(task.attempts),
        depends_on=task.depends_on,
        parent=task.planned_by,
        started_at=task.attempt.started_at if task.attempt else "",
        finished_at=task.finished_at,
    )


def note(board: Blackboard, task: Task) -> str:  # noqa: C901, PLR0911 - a table, one row a state
    """What a person wants to know beside the state: why it waits, what failed last, where it landed."""
    match task.state:
        case "planned":
            return _blocked(board, task)
        case "ready":
            return _held(board, task)
        case "active":
            return _watched(task) or _history(task)
        case "awaiting_qa":
            return task_words.waits_until(task.not_before) if task.not_before else task_words.is_reviewed()
        case "approved":
            if task.is_shown_red:
                return task_words.shown_red(plan.handed_to(board, task))
            return task_words.lands() if task.receipt else task_words.waits_to_land()
        case "failed":
            return _history(task)
        case "waiting_human":
            why = task_words.failed(task.attempt.failure) if task.attempt else ""
            return task_words.asks(task.decision, why) if task.decision else ""
        case "complete":
            return task_words.landed(task.receipt) if task.receipt else (task.attempt.summary if task.attempt else "")
        case "abandoned":
            return task.reason


def _blocked(board: Blackboard, task: Task) -> str:
    waiting = plan.blockers(board, task)
    if gone := [name for name in waiting if board.tasks[name].state == "abandoned"]:
        return task_words.waits_for_abandoned(gone, task.id)
    return task_words.waits_for(waiting) if waiting else ""


def _held(board: Blackboard, task: Task) -> str:
    run = board.runs[task.run]
    if run.paused:
        return task_words.is_held(f"{run.id} is paused")
    if run.parked_until:
        return task_words.is_held(f"{run.id} is {parked_word(run.parked_until)}")
    if task.not_before:
        return task_words.waits_until(task.not_before)
    return _history(task)


def _watched(task: Task) -> str:
    """What the guardian saw last, when it was not well."""
    nudges = task.attempts[-1].nudges if task.attempts else ()
    return task_words.watched(nudges[-1]) if nudges and nudges[-1].rating != "on_track" else ""


def _history(task: Task) -> str:
    """What the present attempt has to do better, or the person's words that it follows."""
    failed = [attempt for attempt in task.attempts if attempt.failure]
    if task.guidance and task.tries == 0:
        return task_words.is_guided(task.guidance[-1])
    return task_words.last_failed(failed[-1]) if failed else ""


def _spent(run: Run) -> str:
    return spent(run.spend, run.config.budget_usd, run.config.budget_tokens)
