"""What the console's JSON holds, built from the blackboard alone. Pure; must not know HTTP.

Parts that are the core's own structs (spec, spend, gates, attempts, receipts) leave out fields that are at their default, as
the state branch does.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from bot.cards import (
    FinalSummary,
    Option,
    TaskLine,
    decision_outcome,
    decision_prompt,
    final_summary,
    state_word,
    task_line,
    warnings_of,
)
from bot.estimate import seconds_left
from bot.replies import decisions as decision_words
from bot.replies import runs as run_words
from bot.replies.words import model_word, spent
from bot.text import shorten
from engine.core.blackboard import Blackboard
from engine.core.entities import (
    Attempt,
    Criterion,
    Decision,
    DecisionKind,
    GateSpec,
    Receipt,
    RoleName,
    Run,
    RunState,
    Spec,
    Spend,
    Task,
    TaskState,
)
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER

SHORT_CHARS: Final = 240
"""Of an objective, in a list."""
MAX_SETTLED: Final = 50
"""Questions that are no longer open, in a run's view; the state branch has them all."""


class RunRow(msgspec.Struct, frozen=True):
    """A run in a list. The objective is shortened, `questions` counts what waits for a person, `spent` is the sentence for
    `spend`, `left` the one for the time that is left (empty while nobody can say), times are the log's UTC.
    """

    id: RunId
    objective: str
    state: RunState
    word: str
    is_over: bool
    branch: str
    done: int
    total: int
    landed: int
    questions: int
    spent: str
    left: str
    spend: Spend
    counts: dict[TaskState, int]
    paused: bool
    reason: str
    started_by: str
    started_at: str
    updated_at: str
    finished_at: str


class RunHead(msgspec.Struct, frozen=True):
    """What is settled for a run, beside its row: the whole objective, limits, gates, the spec, and at its end the summary."""

    objective: str
    base: str
    model: str
    sandbox: str
    max_workers: int
    max_retries: int
    budget_usd: float | None
    budget_tokens: int | None
    warnings: tuple[str, ...]
    gates: tuple[GateSpec, ...]
    spec: Spec | None
    summary: FinalSummary | None


class DecisionView(msgspec.Struct, frozen=True):
    """A question, open or not; `sentence` tells what became of it, `proposal` who has chosen what and waits for a second
    person. `generation` goes back with the answer.
    """

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
    is_open: bool
    sentence: str
    proposal: str
    reminders: int


class RunView(msgspec.Struct, frozen=True):
    """A run on one screen, as of the event `seq`: the snapshot that deltas continue."""

    seq: int
    run: RunRow
    head: RunHead
    tasks: tuple[TaskLine, ...]
    decisions: tuple[DecisionView, ...]
    counts: Mapping[TaskState, int]


class Changes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changed in a run, as whole entities; what is absent stayed as it was."""

    run: RunRow | None = None
    head: RunHead | None = None
    tasks: tuple[TaskLine, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    counts: Mapping[TaskState, int] | None = None


class TaskView(msgspec.Struct, frozen=True):
    """A task with all that is known of it, but for its conversations and diffs, which have pages of their own."""

    seq: int
    line: TaskLine
    run: RunId
    description: str
    criteria: tuple[Criterion, ...]
    priority: int
    generation: int
    guidance: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    receipt: Receipt | None
    result: str
    reason: str
    dependents: tuple[TaskId, ...]
    decision: DecisionView | None


class Lesson(msgspec.Struct, frozen=True):
    """What an attempt taught: an insight that it posted (`insight` is its name, `about` the files and topics), or why it
    failed and what the reviewer said.
    """

    task: TaskId
    title: str
    role: RoleName
    attempt: int
    at: str
    failure: str
    text: str
    feedback: str
    insight: str = ""
    about: tuple[str, ...] = ()


class DesignEntry(msgspec.Struct, frozen=True):
    """Something that was settled for the run: by the director's spec, by a plan, by a worker, or by a person."""

    at: str
    by: str
    topic: str
    text: str


def run_row(board: Blackboard, run: Run) -> RunRow:
    """The run in a list."""
    return RunRow(
        id=run.id,
        objective=shorten(run.objective, SHORT_CHARS),
        state=run.state,
        word=state_word(run),
        is_over=run.state in RUN_OVER,
        branch=run.branch,
        done=board.count(run.id, "complete", "abandoned"),
        total=len(board.tasks_of.get(run.id, ())),
        landed=run.landed,
        questions=sum(1 for decision in board.open_decisions.values() if decision.run == run.id),
        spent=spent(run.spend, run.config.budget_usd, run.config.budget_tokens),
        left=run_words.left(seconds_left(board, run.id)),
        spend=run.spend,
        counts={state: count for state, count in board.counts.get(run.id, {}).items() if count},
        # Parked, it offers `resume` too, which wakes it before its time.
        paused=run.paused or bool(run.parked_until),
        reason=run.reason,
        started_by=run.created_by,
        started_at=run.created_at,
        updated_at=run.updated_at,
        finished_at=run.finished_at,
    )


def run_head(board: Blackboard, run: Run) -> RunHead:
    """What is settled for the run."""
    config = run.config
    return RunHead(
        objective=run.objective,
        base=run.base,
        model=model_word(config.model),
        sandbox=config.sandbox,
        max_workers=config.max_workers,
        max_retries=config.max_retries,
        budget_usd=config.budget_usd,
        budget_tokens=config.budget_tokens,
        warnings=warnings_of(run),
        gates=run.gates,
        spec=run.spec,
        summary=final_summary(board, run.id) if run.state in RUN_OVER else None,
    )


def run_view(board: Blackboard, name: RunId) -> RunView:
    """The run with its tasks in the order in which they were planned, and its questions, open ones first.

    Raises: KeyError for an unknown run.
    """
    return RunView(
        seq=board.seq,
        run=run_row(board, board.runs[name]),
        head=run_head(board, board.runs[name]),
        tasks=tuple(task_line(board, task) for task in board.run_tasks(name)),
        decisions=run_decisions(board, name),
        counts=counts(board, name),
    )


def changes(
    board: Blackboard, name: RunId, tasks: Iterable[TaskId], decisions: Iterable[DecisionId], *, with_head: bool
) -> Changes:
    """The run's row and counts, and these tasks and questions, as they are now."""
    return Changes(
        run=run_row(board, board.runs[name]),
        head=run_head(board, board.runs[name]) if with_head else None,
        tasks=tuple(task_line(board, board.tasks[task]) for task in tasks),
        decisions=tuple(decision_view(board, board.decisions[decision]) for decision in decisions),
        counts=counts(board, name),
    )


def counts(board: Blackboard, name: RunId) -> dict[TaskState, int]:
    """How many of the run's tasks are in each state that occurs."""
    return {state: count for state, count in board.counts.get(name, {}).items() if count}


def run_decisions(board: Blackboard, name: RunId) -> tuple[DecisionView, ...]:
    """The run's questions: the open ones, oldest first, then the latest of those that are settled, newest first."""
    mine = [decision for decision in board.decisions.values() if decision.run == name]
    settled = [decision for decision in reversed(mine) if not decision.is_open][:MAX_SETTLED]
    return tuple(decision_view(board, decision) for decision in (*(d for d in mine if d.is_open), *settled))


def decision_view(board: Blackboard, decision: Decision) -> DecisionView:
    """The question as it stands."""
    prompt = decision_prompt(board, decision)
    return DecisionView(
        id=prompt.id,
        run=prompt.run,
        task=prompt.task,
        title=prompt.title,
        kind=prompt.kind,
        question=prompt.question,
        evidence=prompt.evidence,
        options=prompt.options,
        asked_at=prompt.asked_at,
        generation=prompt.generation,
        is_open=decision.is_open,
        sentence=decision_outcome(decision).sentence,
        proposal=decision_words.needs_second(decision.id, decision.proposal) if decision.proposal else "",
        reminders=decision.reminders,
    )


def task_view(board: Blackboard, task: Task) -> TaskView:
    """The task with all that the board has of it."""
    return TaskView(
        seq=board.seq,
        line=task_line(board, task),
        run=task.run,
        description=task.description,
        criteria=task.criteria,
        priority=task.priority,
        generation=task.generation,
        guidance=task.guidance,
        attempts=task.attempts,
        receipt=task.receipt,
        result=task.result,
        reason=task.reason,
        dependents=board.dependents_of.get(task.id, ()),
        decision=decision_view(board, board.decisions[task.decision]) if task.decision else None,
    )


def lessons(board: Blackboard, name: RunId) -> tuple[Lesson, ...]:
    """What the run's attempts taught, oldest first."""
    found = [
        Lesson(
            task=task.id, title=task.title, role=task.role, attempt=attempt.number, at=attempt.ended_at,
            failure=attempt.failure, text=attempt.detail,
            feedback=attempt.verdict.feedback if attempt.verdict is not None else "",
        )
        for task in board.run_tasks(name)
        for attempt in task.attempts
        if attempt.failure
    ]  # fmt: skip
    found += [
        Lesson(
            task=note.task, title=board.tasks[note.task].title, role=board.tasks[note.task].role, attempt=note.attempt,
            at=note.at, failure="", text=note.summary, feedback="", insight=note.id, about=(*note.paths, *note.topics),
        )
        for note in board.notes.insights_in(name)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda lesson: lesson.at))


def design_log(board: Blackboard, name: RunId) -> tuple[DesignEntry, ...]:
    """What was settled for the run, oldest first: the spec, what planners decided, what people answered and added."""
    run = board.runs[name]
    found = [entry for task in board.run_tasks(name) if task.role == "planner" for entry in _planned(board, task)]
    if run.spec is not None:
        at = next(
            (t.finished_at for t in board.run_tasks(name) if t.role == "director" and t.finished_at), run.created_at
        )
        found += [DesignEntry(at, "director", topic, text) for topic, text in _settled(run.spec)]
    found += [
        DesignEntry(entry.at, entry.by, entry.area, entry.summary + (f"\n{entry.reason}" if entry.reason else ""))
        for entry in board.notes.design_in(name)
    ]
    for decision in board.decisions.values():
        if decision.run == name and decision.answer is not None:
            text = decision_outcome(decision).sentence
            more = f"\n{decision.answer.changes}" if decision.answer.changes else ""
            found.append(DesignEntry(decision.answer.at, decision.answer.by, decision.question, text + more))
    return tuple(sorted(found, key=lambda entry: entry.at))


def _planned(board: Blackboard, planner: Task) -> list[DesignEntry]:
    titles = [task.title for task in board.run_tasks(planner.run) if task.planned_by == planner.id]
    if not titles or not planner.finished_at:
        return []
    return [DesignEntry(planner.finished_at, "planner", planner.title, "\n".join(titles))]


def _settled(spec: Spec) -> list[tuple[str, str]]:
    return [
        ("summary", spec.summary),
        *(("assumption", text) for text in spec.assumptions),
        *(("constraint", text) for text in spec.constraints),
        *(("expected output", text) for text in spec.expected_outputs),
    ]
