"""Heights for the layers of a graph: as level with their neighbours as the order and the room allow. Pure numbers.

One layer at a time is put where its links pull it, in the least squares under the distances to keep; this is isotonic
regression, solved exactly by pooling adjacent violators (Barlow et al., 1972). Sweeps to and fro settle the whole.
Without bounds, the layers of a wide fan would drift apart.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final

import msgspec

SWEEPS: Final = 8


class Link(msgspec.Struct, frozen=True):
    """A pull between two neighbours in successive layers."""

    source: int
    target: int
    weight: float


def spread(layers: Sequence[Sequence[int]], links: Iterable[Link], heights: Sequence[float]) -> list[float]:
    """The middle of each node; in a layer, in its order, at least half of both `heights` apart, and no layer
    reaches beyond the room that the fullest one needs.
    """
    middles = [0.0] * len(heights)
    before: list[list[tuple[int, float]]] = [[] for _ in heights]
    after: list[list[tuple[int, float]]] = [[] for _ in heights]
    for link in links:
        before[link.target].append((link.source, link.weight))
        after[link.source].append((link.target, link.weight))
    room = max(sum(heights[node] for node in layer) for layer in layers)
    for layer in layers:
        _settle(layer, [(0.0, 1.0)] * len(layer), heights, middles, room)
    for sweep in range(SWEEPS):
        is_forward = sweep % 2 == 0
        for layer in layers if is_forward else reversed(layers):
            pulls = [_pull(node, before if is_forward else after, middles) for node in layer]
            _settle(layer, pulls, heights, middles, room)
    return middles


def _pull(
    node: int, neighbours: Sequence[Sequence[tuple[int, float]]], middles: Sequence[float]
) -> tuple[float, float]:
    """Where the neighbours on one side want the node, and how much; alone, it stays, lightly."""
    near = neighbours[node]
    weight = sum(pull for _, pull in near)
    return (sum(middles[other] * pull for other, pull in near) / weight, weight) if near else (middles[node], 0.1)


def _settle(
    layer: Sequence[int],
    pulls: Sequence[tuple[float, float]],
    heights: Sequence[float],
    middles: list[float],
    room: float,
) -> None:
    """Put the layer where it is pulled, within `room` around zero.

    Once the distances to keep are taken off, order is all that is left to hold, and the bounds are the same for all.
    """
    offsets = list(accumulate(((heights[a] + heights[b]) / 2 for a, b in pairwise(layer)), initial=0.0))
    lowest = (heights[layer[0]] - room) / 2
    highest = (room - heights[layer[-1]]) / 2 - offsets[-1]
    pools: list[tuple[float, float, int]] = []
    for (wanted, weight), offset in zip(pulls, offsets, strict=True):
        mean, total, size = wanted - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other_mean, other_total, other_size = pools.pop()
            mean = (mean * total + other_mean * other_total) / (total + other_total)
            total, size = total + other_total, size + other_size
        pools.append((mean, total, size))
    settled = [min(max(mean, lowest), highest) for mean, _, size in pools for _ in range(size)]
    for node, base, offset in zip(layer, settled, offsets, strict=True):
        middles[node] = base + offset
