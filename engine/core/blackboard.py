"""The blackboard and its fold: what the events say is so. Must not decide anything, and knows no clock and no disk.

A `Blackboard` is changed in place by `apply` so that a group of events costs what it changes; whoever publishes one takes
a `copy` first. Entities are frozen, so copies share them.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from engine.core import events as e
from engine.core.chat import ChatBoard
from engine.core.entities import PLANNING, Decision, DecisionKind, Run, RunState, Task, TaskState
from engine.core.fold_spend import folded_spend
from engine.core.fold_task import cut_off, folded, planned, task_to
from engine.core.ids import BindingId, DecisionId, PostId, RunId, TaskId, number
from engine.core.lifecycle import TASK, BrokenHistory, check_run
from engine.core.notes import NoteBoard, NoteId

KEEPS_WORK: Final[frozenset[DecisionKind]] = frozenset({"checkout", "review"})
"""Questions about work that is done: its attempt goes on when they are answered so."""


class Counters(msgspec.Struct, frozen=True):
    """The last sequence and the last number given to a run, a task and a decision."""

    seq: int = 0
    run: int = 0
    task: int = 0
    decision: int = 0


class Touched(msgspec.Struct):
    """The entities whose files an event changes."""

    run: RunId | None = None
    task: TaskId | None = None
    decision: DecisionId | None = None
    chat: BindingId | PostId | None = None
    note: NoteId | None = None


class Blackboard:
    """Runs, tasks, decisions, and the indexes that keep each step's cost independent of their number."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.runs: dict[RunId, Run] = {}
        self.tasks: dict[TaskId, Task] = {}
        self.decisions: dict[DecisionId, Decision] = {}
        self.chat = ChatBoard()
        self.notes = NoteBoard()
        self.tasks_of: dict[RunId, list[TaskId]] = {}
        self.planning_tasks_of: dict[RunId, tuple[TaskId, ...]] = {}
        self.dependents_of: dict[TaskId, tuple[TaskId, ...]] = {}
        self.open_decisions: dict[DecisionId, Decision] = {}
        self.counts: dict[RunId, dict[TaskState, int]] = {}
        self.in_state: dict[TaskState, dict[TaskId, None]] = {state: {} for state in TASK}
        self.shown_red: dict[TaskId, None] = {}

    @property
    def seq(self) -> int:
        """The sequence of the last event folded in, 0 before the first."""
        return self.counters.seq

    def copy(self) -> "Blackboard":
        """A board that later changes of this one do not reach."""
        twin = Blackboard()
        twin.counters, twin.chat, twin.notes = self.counters, self.chat.copy(), self.notes.copy()
        twin.runs, twin.tasks, twin.decisions = self.runs.copy(), self.tasks.copy(), self.decisions.copy()
        twin.planning_tasks_of = self.planning_tasks_of.copy()
        twin.tasks_of = {run: tasks.copy() for run, tasks in self.tasks_of.items()}
        twin.dependents_of = self.dependents_of.copy()
        twin.open_decisions = self.open_decisions.copy()
        twin.counts = {run: counts.copy() for run, counts in self.counts.items()}
        twin.in_state = {state: tasks.copy() for state, tasks in self.in_state.items()}
        twin.shown_red = self.shown_red.copy()
        return twin

    def run_tasks(self, run: RunId) -> list[Task]:
        """The run's tasks in the order in which they were planned."""
        return [self.tasks[task] for task in self.tasks_of.get(run, ())]

    def count(self, run: RunId, *states: TaskState) -> int:
        """How many tasks of the run are in one of the states."""
        counts = self.counts.get(run, {})
        return sum(counts.get(state, 0) for state in states)

    def put_run(self, run: Run) -> None:
        """Set the run as it is."""
        if run.id not in self.runs:
            self.tasks_of.setdefault(run.id, [])
            self.counts.setdefault(run.id, {})
        self.runs[run.id] = run

    def put_task(self, task: Task) -> None:
        """Set the task as it is and keep the indexes in step."""
        before = self.tasks.get(task.id)
        counts = self.counts.setdefault(task.run, {})
        if before is None:
            self.tasks_of.setdefault(task.run, []).append(task.id)
            if task.role in PLANNING:
                self.planning_tasks_of[task.run] = (*self.planning_tasks_of.get(task.run, ()), task.id)
        else:
            counts[before.state] -= 1
            del self.in_state[before.state][task.id]
            self.shown_red.pop(task.id, None)
        counts[task.state] = counts.get(task.state, 0) + 1
        self.in_state[task.state][task.id] = None
        if task.is_shown_red:
            self.shown_red[task.id] = None
        old = before.depends_on if before else ()
        if old != task.depends_on:
            for gone in set(old) - set(task.depends_on):
                self.dependents_of[gone] = tuple(t for t in self.dependents_of[gone] if t != task.id)
            for new in task.depends_on:
                if new not in old:
                    self.dependents_of[new] = (*self.dependents_of.get(new, ()), task.id)
        self.tasks[task.id] = task

    def put_decision(self, decision: Decision) -> None:
        """Set the decision as it is."""
        self.decisions[decision.id] = decision
        if decision.is_open:
            self.open_decisions[decision.id] = decision
        else:
            self.open_decisions.pop(decision.id, None)

    def apply(self, record: e.Record) -> Touched:
        """Fold one record in and say which entities it changed.

        Raises: BrokenHistory for a gap or an unknown name, IllegalTransition for a step the tables do not have.
        """
        if record.seq != self.seq + 1:
            raise BrokenHistory(f"event {record.seq} follows event {self.seq}; expected {self.seq + 1}")
        run_before = self.runs.get(record.event.run)
        if run_before is None and not isinstance(record.event, e.RunStarted):
            raise BrokenHistory(f"event {record.seq} names {record.event.run}, which does not exist")
        try:
            touched = _apply(self, record)
        except KeyError as error:
            kind = type(record.event).__name__
            raise BrokenHistory(f"event {record.seq} ({kind}) names {error}, which does not exist") from error
        self.counters = Counters(
            seq=record.seq,
            run=max(self.counters.run, number(record.event.run)),
            task=max(self.counters.task, number(touched.task)) if touched.task else self.counters.task,
            decision=max(self.counters.decision, number(touched.decision))
            if touched.decision
            else self.counters.decision,
        )
        if self.runs[record.event.run] is not run_before:
            touched.run = record.event.run
        return touched


def fold(records: Iterable[e.Record], start: Blackboard | None = None) -> Blackboard:
    """The board after the records; `start` is left as it was.

    Raises: BrokenHistory, IllegalTransition.
    """
    board = start.copy() if start else Blackboard()
    for record in records:
        board.apply(record)
    return board


def _apply(board: Blackboard, record: e.Record) -> Touched:
    event = record.event
    if isinstance(event, e.RunEvent):
        _apply_to_run(board, record.at, event)
        return Touched()
    if isinstance(event, e.DecisionEvent):
        return _apply_to_decision(board, record.at, event)
    if isinstance(event, e.ChatEvent):
        return Touched(chat=board.chat.apply(event, record.at))
    if isinstance(event, e.SpendEvent):
        named: TaskId | None = getattr(event, "task", None)
        task = _task_of(board, event.run, named) if named else None
        run = msgspec.structs.replace(board.runs[event.run], updated_at=record.at)
        board.put_run(folded_spend(run, task, event))
        return Touched()
    if isinstance(event, e.NoteEvent):
        _task_of(board, event.run, event.task)
        return Touched(note=board.notes.apply(event, record.at, record.actor))
    if isinstance(event, e.TaskPlanned):
        if event.task in board.tasks:
            raise BrokenHistory(f"{event.task} is planned twice")
        board.put_task(planned(event, record.at))
    else:
        _apply_to_task(board, record.at, event)
    return Touched(task=event.task)


def _apply_to_run(board: Blackboard, at: str, event: e.RunEvent) -> None:  # noqa: C901, PLR0912 - a table, one row a kind
    if isinstance(event, e.RunStarted):
        if event.run in board.runs:
            raise BrokenHistory(f"{event.run} is started twice")
        board.put_run(
            Run(
                id=event.run, objective=event.objective, state="planning", branch=event.branch, base=event.base,
                config=event.config, created_at=at, updated_at=at, created_by=event.by, gates=event.gates,
                dedupe=event.dedupe,
            )
        )  # fmt: skip
        return
    run = msgspec.structs.replace(board.runs[event.run], updated_at=at)
    match event:
        case e.SpecWritten():
            run = msgspec.structs.replace(run, spec=event.spec)
        case e.RunMoved():
            run = _run_to(run, event.to, reason=event.reason)
        case e.RunPaused():
            run = msgspec.structs.replace(_run_to(run, "paused", reason=event.reason), paused=True)
        case e.RunResumed():
            run = msgspec.structs.replace(_run_to(run, event.to), paused=False)
        case e.BudgetRaised():
            config = msgspec.structs.replace(run.config, budget_usd=event.budget_usd, budget_tokens=event.budget_tokens)
            run = msgspec.structs.replace(run, config=config)
        case e.PlanApproved():
            run = msgspec.structs.replace(run, plan_approved=True)
        case e.RunCompleted():
            run = msgspec.structs.replace(
                _run_to(run, "completed"), final_gates=event.gates, final_commit=event.commit, finished_at=at
            )
        case e.RunFailed():
            run = msgspec.structs.replace(_run_to(run, "failed", reason=event.reason), finished_at=at)
        case e.RunCancelled():
            run = msgspec.structs.replace(_run_to(run, "cancelled", reason=event.reason), finished_at=at)
        case e.RunSealed():
            run = msgspec.structs.replace(run, sealed_at=at)
        case e.EventSetAside():
            pass  # it is kept in the log alone
    board.put_run(run)


def _run_to(run: Run, to: RunState, reason: str = "") -> Run:
    check_run(run.id, run.state, to)
    return msgspec.structs.replace(run, state=to, reason=reason)


def _apply_to_decision(board: Blackboard, at: str, event: e.DecisionEvent) -> Touched:
    match event:
        case e.HumanAsked():
            if event.decision in board.decisions:
                raise BrokenHistory(f"{event.decision} is asked twice")
            task = _task_of(board, event.run, event.task) if event.task else None
            if task is not None:
                task = task if event.topic in KEEPS_WORK else cut_off(task, at, event.question)
                task = task_to(task, "waiting_human", at, decision=event.decision, receipt=None)
                board.put_task(task)
            board.put_decision(
                Decision(
                    id=event.decision, run=event.run, kind=event.topic, question=event.question, options=event.options,
                    asked_at=at, task=event.task, generation=task.generation if task else 0, evidence=event.evidence,
                )
            )  # fmt: skip
            return Touched(task=event.task, decision=event.decision)
        case e.DecisionAnswered():
            board.put_decision(msgspec.structs.replace(_open(board, event), answer=event.answer))
        case e.DecisionWithdrawn():
            board.put_decision(msgspec.structs.replace(_open(board, event), withdrawn=event.reason))
        case e.DecisionProposed():
            board.put_decision(msgspec.structs.replace(_open(board, event), proposal=event.answer))
        case e.DecisionReminded():
            decision = _open(board, event)
            board.put_decision(msgspec.structs.replace(decision, reminders=decision.reminders + 1))
    return Touched(decision=event.decision)


def _open(board: Blackboard, event: e.DecisionEvent) -> Decision:
    decision = board.decisions[event.decision]
    if not decision.is_open or decision.run != event.run:
        over = (
            "was withdrawn"
            if decision.withdrawn
            else f"was answered by {decision.answer.by}"
            if decision.answer
            else ""
        )
        raise BrokenHistory(f"{decision.id} {over or f'is no question of {event.run}'}")
    return decision


def _task_of(board: Blackboard, run: RunId, name: TaskId) -> Task:
    task = board.tasks[name]
    if task.run != run:
        raise BrokenHistory(f"{name} belongs to {task.run}, not to {run}")
    return task


def _apply_to_task(board: Blackboard, at: str, event: e.TaskEvent) -> None:
    board.put_task(folded(_task_of(board, event.run, event.task), at, event))
    run = board.runs[event.run]
    match event:
        case e.TurnsLogged():
            board.put_run(msgspec.structs.replace(run, spend=run.spend + event.spend, updated_at=at))
        case e.WorkMerged() | e.WorkCarried():
            board.put_run(msgspec.structs.replace(run, landed=run.landed + 1, updated_at=at))
        case _:
            pass
