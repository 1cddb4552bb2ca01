"""The colour and the sign of each state, light and dark, as data for every surface that draws. Must not draw.

Text reaches WCAG 2's AA contrast (4.5 to 1) on each fill, lines 3 to 1 on what they stand on; a test holds us to it.
Colour is never alone: each state has a sign and its word beside it.
"""

from math import cos, pi, sin
from typing import Final, Literal

import msgspec

from engine.core.entities import RunState, TaskState

Point = tuple[float, float]


class Shade(msgspec.Struct, frozen=True):
    """A box of one state: what it is filled with, its title, and its word, sign and edge."""

    fill: str
    ink: str
    accent: str


class Theme(msgspec.Struct, frozen=True):
    """The colours of a whole picture, `#rrggbb`."""

    page: str
    ink: str
    muted: str
    arrow: str
    faint_arrow: str
    shades: dict[TaskState, Shade]


class Sign(msgspec.Struct, frozen=True):
    """A small picture in the unit square, y downwards: lines to draw, or one shape to fill."""

    lines: tuple[tuple[Point, ...], ...]
    is_filled: bool = False


def _ring(radius: float) -> tuple[Point, ...]:
    turns = [2 * pi * step / 24 for step in range(25)]
    return tuple((0.5 + radius * cos(turn), 0.5 + radius * sin(turn)) for turn in turns)


_TICK: Final = ((0.1, 0.55), (0.4, 0.85), (0.95, 0.15))
SIGNS: Final[dict[TaskState, Sign]] = {
    "complete": Sign((((0.0, 0.55), (0.25, 0.85), (0.7, 0.15)), ((0.45, 0.85), (1.0, 0.15)))),
    "approved": Sign((_TICK,)),
    "awaiting_qa": Sign((((0.5, 0.02), (0.98, 0.5), (0.5, 0.98), (0.02, 0.5), (0.5, 0.02)),)),
    "active": Sign((((0.2, 0.05), (0.95, 0.5), (0.2, 0.95)),), is_filled=True),
    "ready": Sign((_ring(0.4), _ring(0.12))),
    "planned": Sign((_ring(0.4),)),
    "failed": Sign((((0.12, 0.12), (0.88, 0.88)), ((0.88, 0.12), (0.12, 0.88)))),
    "waiting_human": Sign((((0.5, 0.0), (0.5, 0.62)), ((0.5, 0.86), (0.5, 0.98)))),
    "abandoned": Sign((((0.1, 0.5), (0.9, 0.5)),)),
}
"""In the order of a legend or a bar of progress: the work that is furthest along first."""

LIGHT: Final = Theme(
    page="#ffffff",
    ink="#1b2430",
    muted="#5b6675",
    arrow="#76818f",
    faint_arrow="#c3cad3",
    shades={
        "planned": Shade("#f4f6f8", "#2b3440", "#586372"),
        "ready": Shade("#e9f3fc", "#12324d", "#1f639c"),
        "active": Shade("#d3e7ff", "#082c5c", "#0b55bd"),
        "awaiting_qa": Shade("#eee7fd", "#33205f", "#6a3fc4"),
        "approved": Shade("#def4f2", "#0b3b39", "#0d6b67"),
        "complete": Shade("#e0f4e3", "#123d1c", "#1b6e31"),
        "failed": Shade("#fde5e3", "#5c1512", "#b3261e"),
        "waiting_human": Shade("#ffeec8", "#4a2f00", "#8a5200"),
        "abandoned": Shade("#fafbfc", "#68727f", "#68727f"),
    },
)
DARK: Final = Theme(
    page="#11161d",
    ink="#e7ecf2",
    muted="#9aa6b4",
    arrow="#7d8998",
    faint_arrow="#3c4653",
    shades={
        "planned": Shade("#1d242d", "#d5dce5", "#a3aebb"),
        "ready": Shade("#16293b", "#d2e6f8", "#7fbcf0"),
        "active": Shade("#123a6b", "#e4f0ff", "#8cc2ff"),
        "awaiting_qa": Shade("#2d2350", "#e9e1ff", "#bda4ff"),
        "approved": Shade("#10373a", "#d5f3f1", "#6fd3cb"),
        "complete": Shade("#15361f", "#d9f3de", "#7fd492"),
        "failed": Shade("#461d1d", "#ffe2df", "#ff9f97"),
        "waiting_human": Shade("#463209", "#fff0cf", "#f5c04e"),
        "abandoned": Shade("#151b23", "#8b96a4", "#8b96a4"),
    },
)

RUN_LOOKS: Final[dict[RunState, TaskState]] = {
    "planning": "planned",
    "running": "active",
    "paused": "waiting_human",
    "waiting_human": "waiting_human",
    "completed": "complete",
    "failed": "failed",
    "cancelled": "abandoned",
}
"""A run is painted as the task state that means the same to a reader."""

Mode = Literal["light", "dark"]
THEMES: Final[dict[Mode, Theme]] = {"light": LIGHT, "dark": DARK}
