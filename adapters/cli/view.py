"""Lays a run out for a terminal: heading, the tree of tasks in aligned columns, the open question. Pure: card in, picture out."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.cards import DecisionPrompt, RunCard, TaskLine
from bot.replies import decisions as decision_words
from bot.replies import runs as run_words
from bot.replies.words import duration
from bot.text import one_line
from engine.clock import from_iso
from engine.core.entities import RunState, TaskState
from engine.core.ids import TaskId

GLYPHS: Final[Mapping[TaskState, str]] = {
    "planned": "○",
    "ready": "◌",
    "active": "●",
    "awaiting_qa": "◐",
    "approved": "◕",
    "complete": "✓",
    "failed": "✗",
    "waiting_human": "?",
    "abandoned": "–",
}
STYLES: Final[Mapping[TaskState, str]] = {
    "planned": "dim",
    "ready": "",
    "active": "cyan",
    "awaiting_qa": "cyan",
    "approved": "cyan",
    "complete": "green",
    "failed": "red",
    "waiting_human": "bold yellow",
    "abandoned": "dim",
}
RUN_STYLES: Final[Mapping[RunState, str]] = {
    "planning": "cyan",
    "running": "cyan",
    "paused": "yellow",
    "waiting_human": "bold yellow",
    "completed": "bold green",
    "failed": "bold red",
    "cancelled": "dim",
}
_WIDE: Final = 100
"""Columns from which the role has room of its own."""
_OVER: Final[frozenset[TaskState]] = frozenset({"complete", "abandoned"})


class Prompt(msgspec.Struct, frozen=True):
    """What the person at the terminal is typing, the answer to the last Enter, and how many more questions wait."""

    typed: str = ""
    feedback: str = ""
    others: int = 0


class _Row(msgspec.Struct, frozen=True):
    guide: str
    line: TaskLine


def run_view(card: RunCard, now_ms: int, *, width: int, rows: int = 10_000) -> RenderableType:
    """The run in `width` columns, with at most `rows` tasks: those at work first, and a line that counts the rest."""
    parts: list[RenderableType] = [_heading(card, now_ms), *_settings(card), Text("")]
    shown, hidden = _fitting(card.tasks, rows)
    parts.append(_table(shown, now_ms, width))
    if hidden:
        over = sum(1 for line in hidden if line.state in _OVER)
        parts.append(Text(run_words.hidden(over, len(hidden) - over), style="dim"))
    return Group(*parts)


def _heading(card: RunCard, now_ms: int) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(no_wrap=True, justify="right")
    state = Text.assemble((card.word, RUN_STYLES[card.state]), (f"  {_elapsed(card, now_ms)}", "dim"))
    grid.add_row(Text(card.id, style="bold"), Text(one_line(card.objective), style="bold"), state)
    return grid


def _elapsed(card: RunCard, now_ms: int) -> str:
    end_ms = from_iso(card.finished_at) if card.finished_at else now_ms
    return duration((end_ms - from_iso(card.started_at)) / 1000)


def _settings(card: RunCard) -> list[RenderableType]:
    progress = run_words.progress(card.done, card.total, card.landed)
    settings = run_words.settings(card.branch, card.model, card.sandbox)
    facts = [fact for fact in (progress, card.left, card.spent, settings) if fact]
    lines: list[RenderableType] = [
        Text(one_line(" · ".join(facts)), style="dim", no_wrap=True, overflow="ellipsis"),
    ]
    return lines + [Text(f"! {warning}", style="yellow") for warning in card.warnings]


def _fitting(tasks: Sequence[TaskLine], rows: int) -> tuple[list[_Row], list[TaskLine]]:
    """The rows that fit, in the tree's order, and the tasks left out."""
    if len(tasks) > rows:
        parents = {line.id: line.parent for line in tasks}
        kept: dict[TaskId, None] = {}
        for line in sorted(tasks, key=_urgency):
            needed = [name for name in _with_ancestors(line.id, parents) if name not in kept]
            if len(kept) + len(needed) <= max(rows - 1, 1):
                kept.update(dict.fromkeys(needed))
    else:
        kept = dict.fromkeys(line.id for line in tasks)
    shown = [line for line in tasks if line.id in kept]
    return _tree(shown), [line for line in tasks if line.id not in kept]


def _urgency(line: TaskLine) -> int:
    order: Mapping[TaskState, int] = {"waiting_human": 0, "active": 1, "awaiting_qa": 1, "approved": 1, "failed": 1}
    return order.get(line.state, 3 if line.state in _OVER else 2)


def _with_ancestors(name: TaskId, parents: Mapping[TaskId, TaskId | None]) -> list[TaskId]:
    found = [name]
    while (parent := parents.get(found[-1])) is not None and parent not in found:
        found.append(parent)
    return found


def _tree(lines: Sequence[TaskLine]) -> list[_Row]:
    known = {line.id for line in lines}
    children: dict[TaskId | None, list[TaskLine]] = {}
    for line in lines:
        children.setdefault(line.parent if line.parent in known else None, []).append(line)
    rows: list[_Row] = []
    stack = [("", "", line) for line in reversed(children.get(None, []))]
    while stack:
        before, mark, line = stack.pop()
        rows.append(_Row(before + mark, line))
        below = before + {"": "", "├ ": "│ ", "└ ": "  "}[mark]
        own = children.get(line.id, [])
        stack += [(below, "└ " if at == len(own) - 1 else "├ ", child) for at, child in reversed([*enumerate(own)])]
    return rows


def _table(rows: Sequence[_Row], now_ms: int, width: int) -> RenderableType:
    is_wide = width >= _WIDE
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=5, no_wrap=True, overflow="ellipsis")
    if is_wide:
        table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=13)
    table.add_column(no_wrap=True, justify="right", min_width=3)
    table.add_column(no_wrap=True, justify="right", min_width=5)
    table.add_column(ratio=6, no_wrap=True, overflow="ellipsis")
    for row in rows:
        line = row.line
        style = STYLES[line.state]
        name = Text.assemble((row.guide, "dim"), (GLYPHS[line.state], style), " ", (line.id, style))
        title = Text(one_line(line.title), style="dim" if line.state in {"planned", "abandoned"} else "")
        role = [Text(line.role, style="dim")] if is_wide else []
        table.add_row(
            name, title, *role, Text(line.word, style=style), Text(_tries(line), style="dim"),
            Text(_task_time(line, now_ms), style="dim"), Text(one_line(line.note), style=_note_style(line)),
        )  # fmt: skip
    return table


def _note_style(line: TaskLine) -> str:
    return "yellow" if line.state == "waiting_human" else "dim"


def _tries(line: TaskLine) -> str:
    return f"{line.attempt}/{line.attempts_max}" if line.attempt else ""


def _task_time(line: TaskLine, now_ms: int) -> str:
    if not line.started_at or line.state in {"planned", "ready", "waiting_human", "abandoned"}:
        return ""
    end_ms = from_iso(line.finished_at) if line.finished_at else now_ms
    return duration((end_ms - from_iso(line.started_at)) / 1000)


def prompt_view(prompt: DecisionPrompt, *, width: int, evidence_lines: int = 12) -> RenderableType:
    """The question with its evidence and its numbered answers."""
    about = f"{prompt.id} · {prompt.task or prompt.run} {one_line(prompt.title)}"
    title = Text(about, style="bold yellow", overflow="ellipsis", no_wrap=True)
    title.truncate(max(10, width - 6), overflow="ellipsis")
    parts: list[RenderableType] = [
        Rule(title, style="dim yellow", align="left"),
        Text(one_line(prompt.question)),
    ]
    wrapped = [piece for line in prompt.evidence for piece in textwrap.wrap(line, max(20, width - 4)) or [""]]
    evidence = wrapped[-evidence_lines:]
    if evidence:
        quoted = [Text(f"│ {line}", style="dim", no_wrap=True, overflow="ellipsis") for line in evidence]
        parts.append(Padding(Group(*quoted), (1, 0)))
    else:
        parts.append(Text(""))
    options = Table.grid(padding=(0, 2, 0, 0))
    for option in prompt.options:
        options.add_row(Text(f"  {option.number}", style="bold"), Text(option.label), Text(option.meaning, style="dim"))
    return Group(*parts, options)


def typing_view(prompt: Prompt) -> RenderableType:
    """The line being typed, and under it what to know about typing."""
    hint = prompt.feedback or decision_words.HOW_TO_TYPE
    if prompt.others:
        hint += f" · {decision_words.NEXT_QUESTION} ({prompt.others} more)"
    line = Text.assemble(("› ", "bold yellow"), prompt.typed, ("▏", "yellow"), overflow="fold")
    return Group(Text(""), line, Text(one_line(hint), style="yellow" if prompt.feedback else "dim"))
