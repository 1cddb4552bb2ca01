"""The screen that stays: the runs' tasks drawn in place, the open question under them, answers typed while work goes on."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from adapters.cli.follow import Order, Watchable, until_settled
from adapters.cli.keys import LineEditor, keys_to
from adapters.cli.view import Prompt, prompt_view, run_view, typing_view
from bot.cards import DecisionPrompt, open_prompts, run_card
from bot.decisions import parse_answer
from engine.clock import iso
from engine.core import commands as c
from engine.core.ids import RunId

FRAMES_PER_S = 4
"""Enough for a clock that counts seconds; keys and changes are drawn at once."""
MIN_ROWS = 5
"""Tasks that are shown however low the terminal is: one under way, with the planner and the director above it."""
_FEW_LINES = 6


class LiveScreen:
    """What is drawn. The board it draws is replaced, never changed, so the drawing thread sees a whole one."""

    def __init__(self, engine: Watchable, runs: Sequence[RunId], now_ms: Callable[[], int]) -> None:
        self.editor = LineEditor(self._lines_put, self._next_question)
        self.lines: asyncio.Queue[str] = asyncio.Queue(maxsize=100)
        self.feedback = ""
        self._engine = engine
        self._runs = runs
        self._now_ms = now_ms
        self._chosen = 0

    def picture(self, width: int, height: int, *, final: bool = False) -> RenderableType:
        """Everything in a terminal of this size; `final` is without the question and with every task."""
        prompt = None if final else self.prompt()
        parts: list[RenderableType] = []
        room = 100_000 if final else self._rows(height, prompt)
        for run in self._runs:
            parts += [run_view(run_card(self._engine.board, run), self._now_ms(), width=width, rows=room), Text("")]
        if prompt is not None:
            typing = Prompt(self.editor.line, self.feedback, len(self.prompts()) - 1)
            evidence_lines = max(2, min(12, height // 3 - _FEW_LINES))
            parts += [prompt_view(prompt, width=width, evidence_lines=evidence_lines), typing_view(typing)]
        return Group(*parts)

    def _rows(self, height: int, prompt: DecisionPrompt | None) -> int:
        heading = 5
        asked = 0
        if prompt is not None:
            evidence = min(len(prompt.evidence), max(2, min(12, height // 3 - _FEW_LINES)))
            asked = 8 + evidence + len(prompt.options)
        return max(MIN_ROWS, (height - 1 - asked) // len(self._runs) - heading)

    def prompts(self) -> tuple[DecisionPrompt, ...]:
        """The open questions of the runs on screen."""
        return tuple(prompt for prompt in open_prompts(self._engine.board) if prompt.run in self._runs)

    def prompt(self) -> DecisionPrompt | None:
        """The question that is on screen, None when there is none."""
        prompts = self.prompts()
        return prompts[self._chosen % len(prompts)] if prompts else None

    def _next_question(self) -> None:
        self._chosen += 1
        self.feedback = ""

    def _lines_put(self, line: str) -> None:
        with suppress(asyncio.QueueFull):
            self.lines.put_nowait(line)

    async def answer(self, order: Order, by: str, changed: Callable[[], None]) -> None:
        """Take each line that is typed, and call `changed` after it; ends by cancellation."""
        while True:
            await self.take(await self.lines.get(), order, by)
            changed()

    async def take(self, line: str, order: Order, by: str) -> None:
        """Order what the line answers to the question on screen; what is wrong with it stays on screen as a hint."""
        prompt = self.prompt()
        if prompt is None:
            return
        decision = self._engine.board.decisions[prompt.id]
        found = parse_answer(line, decision, by, iso(self._now_ms()), via="terminal")
        outcome = found if isinstance(found, c.Refused) else await order(found)
        self.feedback = outcome.reason if isinstance(outcome, c.Refused) else ""


async def follow_live(
    engine: Watchable, runs: Sequence[RunId], *, order: Order, by: str, now_ms: Callable[[], int], console: Console
) -> None:
    """Draw the runs and ask what they ask, until each is over; the last picture stays in the terminal."""
    screen = LiveScreen(engine, runs, now_ms)
    live = Live(
        get_renderable=lambda: screen.picture(console.width, console.height),
        console=console, refresh_per_second=FRAMES_PER_S, transient=True, vertical_overflow="crop",
    )  # fmt: skip
    stop = engine.watch(lambda _records, _board: live.refresh())
    try:
        with live, keys_to(screen.editor, sys.stdin.fileno(), live.refresh):
            async with asyncio.TaskGroup() as group:
                answering = group.create_task(screen.answer(order, by, live.refresh))
                await until_settled(engine, runs, asks=True)
                answering.cancel()
    finally:
        stop()
        console.print(screen.picture(console.width, console.height, final=True))
