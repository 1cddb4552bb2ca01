"""What one attempt's tools work on; must not outlive the attempt."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cell.types import Cell, Running
from engine.crew.touching import Touches, in_words, may_touch
from engine.ports import Search
from engine.tools.notepad import Notepad
from engine.tools.observation import CallRefused

if TYPE_CHECKING:
    from engine.tools.tool import Tool


@dataclass
class Started:
    """A process in the background, and how much of its output the agent has been shown."""

    running: Running
    command: str
    shown_bytes: int = 0


@dataclass
class Workbench:
    """A worktree, the cell its commands run in, and what the agent has read of it so far.

    `touches` says which files the role may change, `given` are paths that belong to others.
    `protected` are globs (`*` crosses folders) that the file tools do not write; `test_command` is the run's first gate,
    empty when there is none. `objection` says what the engine has against a result (the JSON of `finish`'s arguments), empty
    for nothing, and `division` what it has against subtasks. `notepad` takes what others should know. `search` looks into the web, None where
    nothing is configured. `guests` are tools from elsewhere (the project's, a plugin's, an MCP server's). `processes`
    are those in the background, by the names the agent gave them; the cell ends them. `turn` is the agent's turn under way.
    """

    root: Path
    cell: Cell
    test_command: str = ""
    protected: tuple[str, ...] = ()
    objection: Callable[[bytes], str] = lambda _: ""
    touches: Touches = "everything"
    given: tuple[str, ...] = ()
    division: Callable[[bytes], str] = lambda _: ""
    notepad: Notepad = field(default_factory=Notepad)
    search: Search | None = None
    guests: tuple[Tool, ...] = ()
    processes: dict[str, Started] = field(default_factory=dict)
    turn: int = 0
    _read_in: dict[str, int] = field(default_factory=dict)

    def note_read(self, path: str) -> None:
        """The agent sees the file's content in this turn."""
        self._read_in[path] = self.turn

    def has_read(self, path: str) -> bool:
        """Whether the agent sees the file's content somewhere in its conversation."""
        return path in self._read_in

    def forget_read(self, path: str) -> None:
        """The file is gone."""
        self._read_in.pop(path, None)

    def forget_before(self, turn: int) -> None:
        """The agent no longer sees what it read before that turn."""
        self._read_in = {path: at for path, at in self._read_in.items() if at >= turn}

    def refuse_unwritable(self, path: str) -> None:
        """Let a path pass that the file tools may write: of the role's kind, not handed by others, not protected.

        Raises: CallRefused, which says what to do instead.
        """
        if not may_touch(self.touches, path):
            raise CallRefused(
                f"`{path}` is not yours to change: your role changes {in_words(self.touches)}. If it must change, say so: "
                "in your summary, or with escalate when your task can't be done without it."
            )
        if path in self.given:
            raise CallRefused(
                f"`{path}` belongs to the tests that were handed to you, and may not be changed by any tool. Make your code "
                "fit it; if it is truly wrong, escalate with the proof."
            )
        glob = next((glob for glob in self.protected if fnmatch.fnmatchcase(path, glob)), None)
        if glob is not None:
            raise CallRefused(
                f"`{path}` is protected (`{glob}`): this task may not change it, by any tool. "
                "If it is wrong, say so with escalate; otherwise make your own code fit it."
            )
