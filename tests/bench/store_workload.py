"""What the store's benchmark writes: a run of many tasks that are tried, fail and are tried again, as the real fold has it.

Every entry is what the ledger would append: a real event, its subject, the files of what it changed. Conversations are left
out, because their size says nothing about the store.
"""

import random
from collections.abc import Iterator
from typing import Final

import msgspec

from engine.clock import iso
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import Criterion, RunConfig
from engine.core.ids import RunId, TaskId
from engine.core.subjects import subject
from engine.ledger import author
from engine.store import layout
from engine.store.entry import Entry

RUN: Final = RunId("R1")
COMMIT: Final = "5e1f0c7d" * 5
_BEGAN_MS: Final = 1_700_000_000_000
_DETAIL: Final = "expected 12.50, got 12.49: the discount is applied before the amount is rounded, see test_rounding"


class Workload:
    """A board and the entries that lead to it. The same seed gives the same entries."""

    def __init__(self, tasks: int, seed: int = 1) -> None:
        self.board = Blackboard()
        self._chance = random.Random(seed)
        self._names = [TaskId(f"T{number}") for number in range(1, tasks + 1)]

    def plan(self) -> Iterator[Entry]:
        """The run and all its tasks, each ready."""
        yield self._entry(
            e.RunStarted(RUN, "make the shop count right", "main", COMMIT, RunConfig("none"), "cli:ada"), "cli:ada"
        )
        criteria = (
            Criterion("amounts are rounded half up", "python -m pytest -q tests/test_prices.py"),
            Criterion("no other module changes"),
        )
        for name in self._names:
            title = f"Repair the rounding in module {name[1:]} of the shop"
            yield self._entry(
                e.TaskPlanned(
                    RUN, name, title, "coder", "Prices are rounded once, after the discount.", criteria, priority=3
                ),
                "planner",
            )
            yield self._entry(e.TaskReadied(RUN, name), "engine")

    def steps(self, count: int) -> list[Entry]:
        """So many further events, each of a task taken by chance."""
        return [self._step(self._chance.choice(self._names)) for _ in range(count)]

    def state(self) -> dict[str, object]:
        """The whole board in plain Python, for who saves it whole."""
        return {"tasks": {name: msgspec.to_builtins(task) for name, task in self.board.tasks.items()}}

    def _step(self, name: TaskId) -> Entry:
        task = self.board.tasks[name]
        attempt = len(task.attempts)
        if task.state == "ready":
            return self._entry(e.AttemptStarted(RUN, name, attempt + 1, COMMIT), "coder")
        if task.state == "active":
            return self._entry(
                e.AttemptFailed(RUN, name, attempt, "tests_red", _DETAIL, fingerprint=f"{attempt:016x}"), "engine"
            )
        return self._entry(e.RetryScheduled(RUN, name, attempt, reason="the tests are red"), "engine")

    def _entry(self, event: e.AnyEvent, actor: str) -> Entry:
        seq = self.board.seq + 1
        at_ms = _BEGAN_MS + seq * 1000
        record = e.Record(seq, iso(at_ms), actor, event)
        task: TaskId | None = getattr(event, "task", None)
        before = self.board.tasks.get(task) if task else None
        touched = self.board.apply(record)
        trailers = [("Orch-Run", str(RUN)), *([("Orch-Task", str(task))] if task else []), ("Orch-Actor", actor)]
        name, email = author(actor)
        return Entry(
            seq=seq, at_ms=at_ms, author=name, author_email=email, trailers=tuple(trailers),
            subject=subject(record, before, self.board), event=e.encode(event), files=layout.project(self.board, touched),
        )  # fmt: skip


def groups(entries: Iterator[Entry], size: int) -> Iterator[list[Entry]]:
    """The entries in groups of a size; the last may be smaller."""
    group: list[Entry] = []
    for entry in entries:
        group.append(entry)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
