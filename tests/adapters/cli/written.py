"""A repository whose state branch tells a story, written through the ledger's own `carry_out` and the real log."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.agent.outcome import Turn
from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import Spend
from engine.core.ids import TaskId
from engine.ledger import carry_out
from engine.model.types import Message, ToolCall, Usage
from engine.store.entry import Entry
from engine.store.gitlog import GitLog
from engine.store.layout import attempt_folder, file_ref
from tests.fakes.core_driver import CoreDriver
from tests.fakes.entries import git, new_repository

START_MS = 1_767_225_600_000
"""2026-01-01 00:00:00 UTC."""


class WritingDriver(CoreDriver):
    """A CoreDriver that keeps the log's entries too; one second passes per command."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def do(
        self, command: c.Command, actor: str = "engine", files: Mapping[str, bytes] | None = None
    ) -> list[e.Record] | c.Refused:
        at_ms = START_MS + 1000 * len(self.entries)
        told = carry_out(self.board, command, actor, files or {}, at_ms, self.entries)
        return told if isinstance(told, c.Refused) else list(told)

    def converse(self, name: str, *turns: Turn, kind: str = "") -> None:
        """Log the turns as a batch of the task's current attempt."""
        task = self.task(name)
        assert task.attempt is not None
        path = f"{attempt_folder(task.run, task.id, task.attempt.number)}/{kind}0001.jsonl"
        content = b"".join(msgspec.json.encode(turn) + b"\n" for turn in turns)
        order = c.LogTurns(
            TaskId(name), task.attempt.number, file_ref(path, content), len(turns), Spend(tokens=10, cost_usd=0.01)
        )
        assert not isinstance(self.do(order, task.role, {path: content}), c.Refused)


def repository(path: Path) -> Path:
    """A repository with a first commit on main."""
    new_repository(path, "--initial-branch=main")
    (path / "money.py").write_text("def add(a, b):\n    return a - b\n")
    git(path, "add", ".")
    git(path, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "first")
    return path


def write(path: Path, driver: WritingDriver) -> Path:
    """The driver's story on the state branch of a new repository."""
    repository(path)
    log = GitLog.open(path)
    log.append(driver.entries)
    log.close()
    return path


OPENING = Turn(0, START_MS, (Message("system", "You are the coder of orch."), Message("user", "# Task T5\nDo it.")))
READS = Turn(
    1,
    START_MS + 5_000,
    (
        Message("assistant", "I look first.", (ToolCall("c1", "read_file", '{"path":"money.py","start_line":1}'),)),
        Message("tool", "\n".join(f"{number}: line" for number in range(1, 31)), tool_call_id="c1"),
    ),
    Usage(1_000, 234),
)
HOSTILE = Turn(
    2,
    START_MS + 9_000,
    (Message("assistant", "[red]done[/red] \x1b]0;owned\x07", (ToolCall("c2", "finish", "not json"),)),),
    Usage(10, 5),
)
