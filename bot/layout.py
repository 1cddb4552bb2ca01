"""Where the boxes and arrows of a graph go: layers from left to right, in abstract units. Must not draw, nor know a run.

Sugiyama's four steps: layers by the longest path, none taller than the picture bears (a wide layer goes on in the next
column); one way-point per source in every layer that its arrows pass; the order in each layer from `fast-sugiyama`, so
that few arrows cross; then the heights, by least squares. A long chain is folded into bands, read like lines of text.
"""

from collections.abc import Iterable, Iterator, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from math import ceil, log, sqrt
from typing import Final

import fast_sugiyama
import msgspec

from bot.spread import Link, spread

ASPECT: Final = 1.6
"""Width to height of the picture we aim at: a laptop's screen, and what chats preview best."""
MIN_ROWS: Final = 6
MIN_FOLDED_LAYERS: Final = 6
MAX_FOLDED_WIRES: Final = 6
LANE: Final = 12.0

Point = tuple[float, float]


class Measure(msgspec.Struct, frozen=True):
    """Sizes in units: a box, the gutter between columns, the gap between boxes, the height an arrow takes in passing."""

    width: float = 220.0
    height: float = 72.0
    gutter: float = 72.0
    gap: float = 20.0
    wire: float = 4.0


class Box(msgspec.Struct, frozen=True):
    """A node's rectangle; `x` and `y` are its left and top."""

    id: str
    x: float
    y: float
    w: float
    h: float


class Arrow(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """The way from one box to another: from point to point straight where they share an x or a y, else in a soft curve
    that leaves and arrives level.
    """

    source: str
    target: str
    points: tuple[Point, ...]


class Layout(msgspec.Struct, frozen=True):
    """Everything within `width` and `height`, from (0, 0)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


class _Mesh(msgspec.Struct):
    """A connected graph by numbers: nodes first, then way-points; every link leads to the next layer."""

    ranks: list[int]
    nodes: int
    links: list[tuple[int, int]]
    paths: dict[tuple[int, int], list[int]]


class _Turn(msgspec.Struct, frozen=True):
    """How an arrow gets to the next band: out to the right, back along the lane, in from so far to the left.

    The lower it starts, the nearer its lane: so turning arrows lie one within the other and do not cross.
    """

    out: float
    lane: float
    back: float


class _Bands(msgspec.Struct):
    """What to add to the heights of each band, the way of each node's arrows that turn, and the bottom of it all."""

    tops: list[float]
    turns: dict[int, _Turn]
    bottom: float = 0.0


def layout(nodes: Sequence[str], edges: Iterable[tuple[str, str]], measure: Measure | None = None) -> Layout:
    """Boxes in the order of `nodes`, arrows in the order of `edges`; the same for the same arguments, always.

    Parts that hang together stand side by side, single nodes in a block of their own at the end.
    Raises: KeyError for an edge to an unknown node, graphlib.CycleError for a cycle.
    """
    size = measure or Measure()
    wanted = list(dict.fromkeys(edges))
    groups = _components(nodes, wanted)
    parts = [_layered(group, [edge for edge in wanted if edge[0] in group], size) for group in groups if len(group) > 1]
    if singles := [next(iter(group)) for group in groups if len(group) == 1]:
        parts.append(_block(singles, size))
    return _in_order(_pack(parts, size), nodes, wanted)


def layers(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The nodes by the longest way that leads to each, in their order; for those who read rather than look.

    Raises: KeyError for an edge to an unknown node, graphlib.CycleError for a cycle.
    """
    index = {name: at for at, name in enumerate(nodes)}
    ranks = _longest_ways(_before(len(nodes), [(index[source], index[target]) for source, target in edges]))
    found: list[list[str]] = [[] for _ in range(1 + max(ranks, default=-1))]
    for name, rank in zip(nodes, ranks, strict=True):
        found[rank].append(name)
    return found


def _components(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[dict[str, None]]:
    """The parts that hang together, each in the order of `nodes`, the part with the first node first."""
    root = {node: node for node in nodes}

    def find(node: str) -> str:
        while root[node] != node:
            root[node] = node = root[root[node]]
        return node

    for source, target in edges:
        root[find(target)] = find(source)
    groups: dict[str, dict[str, None]] = {}
    for node in nodes:
        groups.setdefault(find(node), {})[node] = None
    return list(groups.values())


def _layered(nodes: Iterable[str], edges: Sequence[tuple[str, str]], size: Measure) -> Layout:
    names = list(nodes)
    index = {name: at for at, name in enumerate(names)}
    mesh = _mesh(len(names), [(index[source], index[target]) for source, target in edges], size)
    layers = _ordered(mesh)
    heights = [size.height + size.gap] * mesh.nodes + [size.wire + size.gap / 2] * (len(mesh.ranks) - mesh.nodes)
    middles = spread(layers, [Link(a, b, 4.0 if min(a, b) >= mesh.nodes else 1.0) for a, b in mesh.links], heights)
    return _placed(names, mesh, layers, middles, size)


def _mesh(count: int, edges: Sequence[tuple[int, int]], size: Measure) -> _Mesh:
    """The layers, and way-points for what passes them: arrows from one source share them as long as they can."""
    ranks = _ranks(count, edges, _rows(count, size))
    mesh = _Mesh(ranks, count, [], {})
    passing: dict[tuple[int, int], int] = {}
    links: dict[tuple[int, int], None] = {}
    for source, target in edges:
        path = [source]
        for rank in range(ranks[source] + 1, ranks[target]):
            if (source, rank) not in passing:
                passing[source, rank] = len(ranks)
                ranks.append(rank)
            path.append(passing[source, rank])
        path.append(target)
        links.update(dict.fromkeys(pairwise(path)))
        mesh.paths[source, target] = path
    mesh.links.extend(links)
    return mesh


def _rows(count: int, size: Measure) -> int:
    """How many boxes a column may hold for the picture to come near ASPECT."""
    return max(MIN_ROWS, round(sqrt(count * (size.width + size.gutter) / (size.height + size.gap) / ASPECT)))


def _ranks(count: int, edges: Sequence[tuple[int, int]], rows: int) -> list[int]:
    """The layer of each node: after all it depends on, in the first layer from there with room (Coffman and Graham).

    Those that most waits for come first; what nothing waits for gives way.
    """
    before = _before(count, edges)
    ranks = _longest_ways(before)
    to_end = _longest_ways(_before(count, ((target, source) for source, target in edges)))
    filled: dict[int, int] = {}
    for node in sorted(range(count), key=lambda node: (ranks[node], -to_end[node], node)):
        rank = 1 + max((ranks[other] for other in before[node]), default=-1)
        while filled.get(rank, 0) >= rows:
            rank += 1
        ranks[node] = rank
        filled[rank] = filled.get(rank, 0) + 1
    return ranks


def _before(count: int, edges: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    before: dict[int, list[int]] = {node: [] for node in range(count)}
    for source, target in edges:
        before[target].append(source)
    return before


def _longest_ways(before: dict[int, list[int]]) -> list[int]:
    ranks = [0] * len(before)
    for node in TopologicalSorter(before).static_order():
        ranks[node] = 1 + max((ranks[other] for other in before[node]), default=-1)
    return ranks


def _ordered(mesh: _Mesh) -> list[list[int]]:
    """The layers from first to last, each in the order with few crossings.

    The library layers by the longest path ("up"; its shortest links take seconds at 1,000 nodes), and finds our layers
    again: all links lead to the next layer, and a node without any before it is given one. Upside down, as few arrows
    cross: so more nodes stand in their given order.
    """
    layers: list[list[int]] = [[] for _ in range(1 + max(mesh.ranks))]
    someone = {rank: node for node, rank in reversed(list(enumerate(mesh.ranks)))}
    led_to = {target for _, target in mesh.links}
    loose = [node for node, rank in enumerate(mesh.ranks) if rank and node not in led_to]
    held = [(someone[mesh.ranks[node] - 1], node) for node in loose]
    for drawn in fast_sugiyama.from_edges([*mesh.links, *held], ranking_type="up"):
        for node, _ in sorted(drawn[0], key=lambda placed: (placed[1][0], placed[0])):
            layers[mesh.ranks[int(node)]].append(int(node))
    falls = sum(1 if a > b else -1 for layer in layers for a, b in pairwise(n for n in layer if n < mesh.nodes))
    return [layer[::-1] for layer in layers] if falls > 0 else layers


def _placed(
    names: Sequence[str], mesh: _Mesh, layers: Sequence[Sequence[int]], middles: Sequence[float], size: Measure
) -> Layout:
    """Boxes and arrows of the mesh; folded where one long line would be out of shape."""
    columns = _columns(mesh, layers, size)
    pitch = size.width + size.gutter
    bands = _bands(layers, middles, mesh, columns, size)
    y = [middles[node] + bands.tops[rank // columns] for node, rank in enumerate(mesh.ranks)]
    x = [rank % columns * pitch for rank in mesh.ranks]
    is_folded = len(layers) > columns
    shift = size.gutter / 2 if is_folded else 0.0
    boxes = tuple(
        Box(name, x[node] + shift, y[node] - size.height / 2, size.width, size.height)
        for node, name in enumerate(names)
    )

    def way(path: Sequence[int]) -> Iterator[Point]:
        for a, b in pairwise(path):
            yield x[a] + shift + size.width, y[a]
            if mesh.ranks[b] // columns != mesh.ranks[a] // columns:
                turn = bands.turns[a]
                right, left = x[a] + shift + size.width + turn.out, x[b] + shift - turn.back
                yield from ((right, y[a]), (right, turn.lane), (left, turn.lane), (left, y[b]))
            yield x[b] + shift, y[b]

    arrows = tuple(Arrow(names[a], names[b], tuple(way(path))) for (a, b), path in mesh.paths.items())
    return Layout(min(len(layers), columns) * pitch - size.gutter + 2 * shift, bands.bottom, boxes, arrows)


def _columns(mesh: _Mesh, layers: Sequence[Sequence[int]], size: Measure) -> int:
    """How many layers stand in one band: the number that brings the picture nearest to ASPECT.

    A fold that many arrows would have to turn around is worse than a long picture.
    """
    tallest = max(sum(1 for node in layer if node < mesh.nodes) for layer in layers) * (size.height + size.gap)

    def off(bands: int) -> float:
        columns = ceil(len(layers) / bands)
        return abs(log(columns * (size.width + size.gutter) / (bands * (tallest + 4 * LANE)) / ASPECT))

    columns = ceil(len(layers) / min(range(1, len(layers) + 1), key=off))
    turns = range(columns, len(layers), columns)
    turning = max((len({a for a, _ in mesh.links if mesh.ranks[a] == turn - 1}) for turn in turns), default=0)
    is_foldable = len(layers) >= MIN_FOLDED_LAYERS and turning <= MAX_FOLDED_WIRES and columns > 1
    return columns if is_foldable else len(layers)


def _bands(
    layers: Sequence[Sequence[int]], middles: Sequence[float], mesh: _Mesh, columns: int, size: Measure
) -> _Bands:
    """The bands, one below the other, with lanes between them for the arrows that turn there."""
    bands = _Bands([], {})
    leaving = {source for source, _ in mesh.links}
    for first in range(0, len(layers), columns):
        inside = [node for layer in layers[first : first + columns] for node in layer]
        half = {node: (size.height if node < mesh.nodes else size.wire) / 2 for node in inside}
        if first:
            turning = [node for node in reversed(layers[first - 1]) if node in leaving]
            for at, node in enumerate(turning):
                out, back = size.gutter * (0.2 + 0.05 * at), size.gutter * (0.45 - 0.05 * at)
                bands.turns[node] = _Turn(out, bands.bottom + LANE * (2 + at), back)
            bands.bottom += LANE * (3 + len(turning))
        bands.tops.append(bands.bottom - min(middles[node] - half[node] for node in inside))
        bands.bottom = max(middles[node] + half[node] for node in inside) + bands.tops[-1]
    return bands


def _block(names: Sequence[str], size: Measure) -> Layout:
    """Single nodes in rows."""
    pitch, row = size.width + size.gutter, size.height + size.gap
    columns = min(len(names), max(1, round(sqrt(len(names) * row / pitch * ASPECT))))
    boxes = tuple(
        Box(name, at % columns * pitch, at // columns * row, size.width, size.height) for at, name in enumerate(names)
    )
    return Layout(columns * pitch - size.gutter, ceil(len(names) / columns) * row - size.gap, boxes, ())


def _pack(parts: Sequence[Layout], size: Measure) -> Layout:
    """The parts side by side, and in further rows once a row is as wide as the picture should be."""
    area = sum((part.width + size.gutter) * (part.height + 2 * size.gap) for part in parts)
    limit = max((sqrt(area * ASPECT), *(part.width for part in parts)))
    x = y = width = height = 0.0
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    for part in parts:
        if x and x + part.width > limit:
            x, y = 0.0, height + 2 * size.gap
        boxes.extend(Box(b.id, b.x + x, b.y + y, b.w, b.h) for b in part.boxes)
        arrows.extend(Arrow(a.source, a.target, tuple((px + x, py + y) for px, py in a.points)) for a in part.arrows)
        width, height = max(width, x + part.width), max(height, y + part.height)
        x += part.width + size.gutter
    return Layout(width, height, tuple(boxes), tuple(arrows))


def _in_order(drawn: Layout, nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    boxes = {box.id: box for box in drawn.boxes}
    arrows = {(arrow.source, arrow.target): arrow for arrow in drawn.arrows}
    return Layout(
        drawn.width, drawn.height, tuple(boxes[node] for node in nodes), tuple(arrows[edge] for edge in edges)
    )
