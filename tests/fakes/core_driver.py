"""Drives the pure core as the engine's writer does, without a log, a clock or a model; must not add a rule of its own.

For each command: decide, apply, then settle over every task the command has touched so far, until nothing follows.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.decide import decide, settle
from engine.core.entities import Decision, Run, Task
from engine.core.ids import DecisionId, RunId, TaskId
from engine.core.subjects import subject

MAX_ROUNDS: Final = 100
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


class CoreDriver:
    """A board, the records that made it, and the subject of each record's commit. One second passes per record."""

    def __init__(self) -> None:
        self.board = Blackboard()
        self.records: list[e.Record] = []
        self.subjects: list[str] = []

    def do(self, command: c.Command, actor: str = "engine") -> list[e.Record] | c.Refused:
        """The records that the command and its consequences became, or why it was refused.

        Raises: AssertionError when consequences never end.
        """
        decided = decide(self.board, command)
        if isinstance(decided, c.Refused):
            return decided
        done = self._apply(decided, actor)
        for _ in range(MAX_ROUNDS):
            touched = [TaskId(name) for record in done if (name := getattr(record.event, "task", None))]
            follows = settle(self.board, done[0].event.run, dict.fromkeys(touched))
            if not follows:
                return done
            done += self._apply(follows, "engine")
        raise AssertionError(f"after {MAX_ROUNDS} rounds something still follows from {command}")

    def must(self, command: c.Command, actor: str = "engine") -> list[e.Record]:
        """The records of a command that has to be carried out.

        Raises: AssertionError with the refusal.
        """
        done = self.do(command, actor)
        if isinstance(done, c.Refused):
            raise AssertionError(f"{command} was refused: {done.reason}")  # noqa: TRY004 - no wrong type, but a wrong story
        return done

    def refusal(self, command: c.Command, actor: str = "engine") -> str:
        """Why a command that has to be refused was refused.

        Raises: AssertionError when it was carried out.
        """
        done = self.do(command, actor)
        if isinstance(done, c.Refused):
            return done.reason
        raise AssertionError(f"{command} was carried out: {[type(record.event).__name__ for record in done]}")

    def run(self, name: str = "R1") -> Run:
        """The run as it is now."""
        return self.board.runs[RunId(name)]

    def task(self, name: str) -> Task:
        """The task as it is now."""
        return self.board.tasks[TaskId(name)]

    def decision(self, name: str) -> Decision:
        """The question as it is now."""
        return self.board.decisions[DecisionId(name)]

    def states(self, run: str = "R1") -> dict[str, str]:
        """The state of each task of the run."""
        return {task.id: task.state for task in self.board.run_tasks(RunId(run))}

    def _apply(self, events: Sequence[e.AnyEvent], actor: str) -> list[e.Record]:
        return [self.append(event, actor) for event in events]

    def append(self, event: e.AnyEvent, actor: str = "engine") -> e.Record:
        """The event's record, folded in as it is, whether or not anything would have decided it."""
        at = (_EPOCH + timedelta(seconds=self.board.seq)).strftime("%Y-%m-%dT%H:%M:%SZ")
        record = e.Record(self.board.seq + 1, at, actor, event)
        name = getattr(event, "task", None)
        before = self.board.tasks.get(name) if name else None
        self.board.apply(record)
        self.records.append(record)
        self.subjects.append(subject(record, before, self.board))
        return record
