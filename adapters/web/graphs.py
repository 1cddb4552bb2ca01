"""A run's graph: where its boxes and arrows go, and the picture of it. Laid out in a thread; must not decide what is drawn."""

import asyncio

import msgspec

from adapters.web.calls import Answer, Call, Png
from adapters.web.payloads import Look
from bot.cards import run_card
from bot.layout import Box, Point, layout
from bot.picture import describe, draw, edges
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId


class GraphArrow(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """`target` waits for `source`, or, where it is planning, was planned by it; drawn as bot/layout.py says."""

    source: str
    target: str
    is_planning: bool
    points: tuple[Point, ...]


class GraphView(msgspec.Struct, frozen=True):
    """The graph within `width` and `height`, in units, from (0, 0); `text` tells the same to those who can't see it."""

    seq: int
    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[GraphArrow, ...]
    text: str


async def show_graph(call: Call) -> Answer:
    """Where boxes and arrows go."""
    return Answer(await asyncio.to_thread(_graph, call.board, call.run().id))


async def picture(call: Call) -> Answer:
    """The graph as an image."""
    dark = call.asked(Look).theme == "dark"
    return Answer(Png(await asyncio.to_thread(draw, call.board, call.run().id, dark=dark)))


def _graph(board: Blackboard, run: RunId) -> GraphView:
    tasks = run_card(board, run).tasks
    found = {(edge.source, edge.target): edge for edge in edges(tasks)}
    drawn = layout([str(task.id) for task in tasks], found)
    arrows = tuple(
        GraphArrow(arrow.source, arrow.target, found[arrow.source, arrow.target].is_planning, arrow.points)
        for arrow in drawn.arrows
    )
    return GraphView(board.seq, drawn.width, drawn.height, drawn.boxes, arrows, describe(board, run))
