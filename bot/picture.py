"""A run as a picture: its tasks and what waits for what, as a PNG and as text. Must not change anything or wait.

Drawing takes processor time (a second at 100 tasks, a few at 1,000): call it through `asyncio.to_thread`, on a copy of the board.
"""

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Final, NamedTuple

import msgspec

from bot.cards import RunCard, TaskLine, run_card
from bot.ink import Canvas, Face
from bot.layout import Box, Layout, Measure, layers, layout
from bot.palette import RUN_LOOKS, SIGNS, THEMES, Theme
from bot.replies.runs import progress
from bot.replies.words import task_word
from bot.text import one_line, shorten
from engine.core.blackboard import Blackboard
from engine.core.entities import TaskState
from engine.core.ids import RunId

MAX_SIDE_PX: Final = 4000
MAX_PIXELS: Final = 8_000_000
MAX_BYTES: Final = 1_000_000
MAX_CHARS: Final = 1500
SHARPNESS: Final = 2.0
READABLE: Final = 0.8
"""Pixels to the unit below which a title can no longer be read, so that boxes shrink to id, sign and colour."""

_FULL: Final = Measure()
_SMALL: Final = Measure(width=76, height=30, gutter=44, gap=10, wire=3)
_MARGIN: Final = 28.0
_HEADER: Final = 92.0
_LEGEND_ROW: Final = 26.0
_LEGEND_COLUMN: Final = 144.0
_MIN_WIDTH: Final = 620.0
_ID: Final = Face(13, is_bold=True)
_SMALL_PRINT: Final = Face(11)
_WORD: Final = Face(11, is_bold=True)
_TITLE: Final = Face(13)


class Edge(NamedTuple):
    """`target` waits for `source`; or, where `is_planning`, was planned by it."""

    source: str
    target: str
    is_planning: bool


class _Page(msgspec.Struct, frozen=True):
    """What goes on the picture and how."""

    card: RunCard
    drawn: Layout
    edges: dict[tuple[str, str], Edge]
    theme: Theme
    is_small: bool
    width: float
    height: float
    legend: tuple[tuple[TaskState, int], ...]


def edges(tasks: Sequence[TaskLine]) -> list[Edge]:
    """The arrows between the tasks. A planner points only at what has no dependency among its own: the rest follows."""
    lines = {line.id: line for line in tasks}
    found: list[Edge] = []
    for line in tasks:
        before = [lines[name] for name in line.depends_on if name in lines]
        found.extend(Edge(other.id, line.id, is_planning=False) for other in before)
        follows = any(line.parent in {other.parent, other.id} for other in before)
        if line.parent in lines and not follows:
            found.append(Edge(str(line.parent), line.id, is_planning=True))
    return found


def draw(board: Blackboard, run: RunId, *, dark: bool = False) -> bytes:
    """The run as a PNG of at most MAX_SIDE_PX a side and MAX_BYTES; the same board, the same bytes.

    Raises: KeyError for an unknown run.
    """
    page = _page(run_card(board, run), THEMES["dark" if dark else "light"])
    scale = _scale(page.width, page.height)
    while len(png := _painted(page, scale)) > MAX_BYTES:
        scale *= 0.8
    return png


def describe(board: Blackboard, run: RunId) -> str:
    """The picture in words, at most MAX_CHARS: a line per layer, each task with its state and what it waits for.

    Raises: KeyError for an unknown run.
    """
    card = run_card(board, run)
    lines = {str(line.id): line for line in card.tasks}
    arrows = edges(card.tasks)
    text = f"{card.id} {card.word}, {progress(card.done, card.total, card.landed)}: {shorten(one_line(card.objective), 160)[:400]}"
    told = 0
    for number, layer in enumerate(layers(list(lines), [(edge.source, edge.target) for edge in arrows]), 1):
        for at, name in enumerate(layer):
            start = f"\n{number}. " if at == 0 else ", "
            sources = [edge.source for edge in arrows if edge.target == name]
            after = f" (after {' '.join(sources)})" if sources else ""
            words = f"{start}{name} {lines[name].word}{after}"
            if len(text) + len(words) > MAX_CHARS - 20:
                return f"{text}\n+{len(lines) - told} more"
            text += words
            told += 1
    return text


def _page(card: RunCard, theme: Theme) -> _Page:
    arrows = {(edge.source, edge.target): edge for edge in edges(card.tasks)}
    names = [str(line.id) for line in card.tasks]
    drawn = layout(names, arrows, _FULL)
    is_small = _scale(drawn.width, drawn.height) < READABLE
    if is_small:
        drawn = layout(names, arrows, _SMALL)
    counts = Counter(line.state for line in card.tasks)
    legend = tuple((state, counts[state]) for state in SIGNS if counts[state])
    width = max(_MIN_WIDTH, drawn.width + 2 * _MARGIN)
    height = _HEADER + drawn.height + _MARGIN + _LEGEND_ROW * _legend_rows(legend, width) + _MARGIN
    return _Page(card, drawn, arrows, theme, is_small, width, height, legend)


def _scale(width: float, height: float) -> float:
    """Pixels to the unit: as sharp as the bounds allow."""
    width, height = max(width, 1.0), max(height, 1.0)
    return min(SHARPNESS, MAX_SIDE_PX / width, MAX_SIDE_PX / height, sqrt(MAX_PIXELS / (width * height)))


def _painted(page: _Page, scale: float) -> bytes:
    canvas = Canvas(page.width, page.height, scale, page.theme.page)
    _header(canvas, page)
    left = (page.width - page.drawn.width) / 2
    for arrow in page.drawn.arrows:
        is_planning = page.edges[arrow.source, arrow.target].is_planning
        color = page.theme.faint_arrow if is_planning else page.theme.arrow
        canvas.arrow([(x + left, y + _HEADER) for x, y in arrow.points], color)
    lines = {str(line.id): line for line in page.card.tasks}
    for box in page.drawn.boxes:
        placed = Box(box.id, box.x + left, box.y + _HEADER, box.w, box.h)
        (_small_box if page.is_small else _full_box)(canvas, placed, lines[box.id], page.theme)
    _legend(canvas, page)
    return canvas.png()


def _header(canvas: Canvas, page: _Page) -> None:
    """The run, its state, its progress in words and as a bar, and the objective."""
    card, theme = page.card, page.theme
    look = theme.shades[RUN_LOOKS[card.state]]
    name, word = Face(20, is_bold=True), Face(13, is_bold=True)
    x = _MARGIN + canvas.write((_MARGIN, 16), card.id, name, theme.ink) + 12
    width = canvas.width(card.word, word)
    canvas.card((x, 18), (width + 20, 24), look.fill, look.accent)
    canvas.write((x + 10, 22), card.word, word, look.accent)
    canvas.write((x + width + 34, 22), progress(card.done, card.total, card.landed), Face(13), theme.muted)
    for line in canvas.fit(card.objective, Face(13), page.width - 2 * _MARGIN):
        canvas.write((_MARGIN, 48), line, Face(13), theme.ink)
    left = _MARGIN
    for state, count in page.legend:
        share = (page.width - 2 * _MARGIN) * count / max(1, card.total)
        canvas.bar((left, 72), (share, 4), theme.shades[state].accent)
        left += share


def _full_box(canvas: Canvas, box: Box, line: TaskLine, theme: Theme) -> None:
    """Id, role and attempt; sign and word; the title in two lines."""
    shade = theme.shades[line.state]
    is_live = line.state in {"active", "waiting_human"}
    canvas.card((box.x, box.y), (box.w, box.h), shade.fill, shade.accent, 2.0 if is_live else 1.0)
    x = box.x + 12 + canvas.write((box.x + 12, box.y + 9), line.id, _ID, shade.ink)
    tries = f" · {line.attempt}/{line.attempts_max}" if line.attempt > 1 else ""
    canvas.write((x + 7, box.y + 11), f"{line.role}{tries}", _SMALL_PRINT, shade.accent)
    word_at = box.x + box.w - 12 - canvas.width(line.word, _WORD)
    canvas.write((word_at, box.y + 11), line.word, _WORD, shade.accent)
    _sign(canvas, (word_at - 15, box.y + 12), 10, line.state, shade.accent)
    for row, text in enumerate(canvas.fit(line.title, _TITLE, box.w - 24, lines=2)):
        canvas.write((box.x + 12, box.y + 29 + 18 * row), text, _TITLE, shade.ink)


def _small_box(canvas: Canvas, box: Box, line: TaskLine, theme: Theme) -> None:
    """Id and sign alone; the legend has the words."""
    shade = theme.shades[line.state]
    canvas.card((box.x, box.y), (box.w, box.h), shade.fill, shade.accent)
    canvas.write((box.x + 8, box.y + 7), line.id, _ID, shade.ink)
    _sign(canvas, (box.x + box.w - 19, box.y + 10), 11, line.state, shade.accent)


def _sign(canvas: Canvas, at: tuple[float, float], size: float, state: TaskState, color: str) -> None:
    for line in SIGNS[state].lines:
        points = [(at[0] + x * size, at[1] + y * size) for x, y in line]
        if SIGNS[state].is_filled:
            canvas.shape(points, color)
        else:
            canvas.line(points, color, 1.8)


def _legend(canvas: Canvas, page: _Page) -> None:
    """Each state that is there: its sign, its word, how many."""
    top = _HEADER + page.drawn.height + _MARGIN
    columns = _legend_columns(page.width)
    for at, (state, count) in enumerate(page.legend):
        shade = page.theme.shades[state]
        x, y = _MARGIN + at % columns * _LEGEND_COLUMN, top + at // columns * _LEGEND_ROW
        canvas.card((x, y), (20, 20), shade.fill, shade.accent)
        _sign(canvas, (x + 5, y + 5), 10, state, shade.accent)
        canvas.write((x + 27, y + 3), f"{task_word(state)} {count}", Face(12), page.theme.ink)


def _legend_columns(width: float) -> int:
    return int((width - 2 * _MARGIN) // _LEGEND_COLUMN)


def _legend_rows(legend: Sequence[tuple[TaskState, int]], width: float) -> int:
    return -(-len(legend) // _legend_columns(width))
