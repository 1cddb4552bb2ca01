"""A layout is the same each time, keeps boxes apart and arrows off them, and reads from left to right."""

from collections.abc import Callable
from graphlib import CycleError
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.layout import ASPECT, Arrow, Box, Layout, Measure, Point, layers, layout
from bot.spread import Link, spread
from tests.fakes.pace import cpu_s

Graph = tuple[list[str], list[tuple[str, str]]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any directed graph without cycles, in parts or whole, its nodes in any order."""
    count = draw(st.integers(0, 24))
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)) if count else st.nothing()
    pairs = draw(st.lists(ends, max_size=3 * count))
    names = [f"T{number + 1}" for number in range(count)]
    edges = [(names[min(a, b)], names[max(a, b)]) for a, b in pairs if a != b]
    return draw(st.permutations(names)), edges


def chain(count: int) -> Graph:
    names = [f"T{number}" for number in range(count)]
    return names, list(pairwise(names))


def fan(count: int) -> Graph:
    names = [f"T{number}" for number in range(count)]
    return names, [(names[0], name) for name in names[1:]]


def mixed(count: int) -> Graph:
    """Each task waits for two of the twenty before it, as a plan of many small steps does."""
    names = [f"T{number}" for number in range(count)]
    steps = ((at, max(0, at - 1 - (at * step) % 20)) for at in range(1, count) for step in (3, 7))
    return names, [(names[before], names[at]) for at, before in steps]


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h


def crosses(a: Point, b: Point, box: Box) -> bool:
    """Whether the piece of an arrow, or for a curve the rectangle around it, touches the box."""
    (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return left < box.x + box.w and right > box.x and top < box.y + box.h and bottom > box.y


def goes_on(arrow: Arrow, boxes: dict[str, Box]) -> bool:
    """Whether the arrow leads to the right, or to a lower band."""
    source, target = boxes[arrow.source], boxes[arrow.target]
    return target.x >= source.x + source.w or target.y >= source.y + source.h


def by_id(drawn: Layout) -> dict[str, Box]:
    return {box.id: box for box in drawn.boxes}


def braid(count: int) -> Graph:
    """Each task waits for the two before it: a long line to fold, with two arrows that turn at each fold."""
    names = [f"T{number}" for number in range(count)]
    return names, [(names[at - back], names[at]) for at in range(count) for back in (1, 2) if at >= back]


@given(graphs())
@example(braid(20))
@example(mixed(60))
def test_no_two_boxes_overlap_and_all_are_within_the_page(graph: Graph):
    drawn = layout(*graph)
    assert [box.id for box in drawn.boxes] == graph[0]
    assert not [(a.id, b.id) for a in drawn.boxes for b in drawn.boxes if a.id < b.id and overlap(a, b)]
    around = [(x, y) for box in drawn.boxes for x, y in ((box.x, box.y), (box.x + box.w, box.y + box.h))]
    around += [point for arrow in drawn.arrows for point in arrow.points]
    assert all(-0.01 <= x <= drawn.width + 0.01 and -0.01 <= y <= drawn.height + 0.01 for x, y in around)


@given(graphs())
@example(braid(20))
@example(mixed(60))
def test_every_arrow_goes_on_from_box_to_box_and_touches_no_other(graph: Graph):
    drawn = layout(*graph)
    boxes = by_id(drawn)
    assert [(arrow.source, arrow.target) for arrow in drawn.arrows] == list(dict.fromkeys(graph[1]))
    for arrow in drawn.arrows:
        source, target = boxes[arrow.source], boxes[arrow.target]
        assert goes_on(arrow, boxes)
        assert arrow.points[0] == pytest.approx((source.x + source.w, source.y + source.h / 2))
        assert arrow.points[-1] == pytest.approx((target.x, target.y + target.h / 2))
        assert not [box.id for box in drawn.boxes for a, b in pairwise(arrow.points) if crosses(a, b, box)]


@given(graphs())
def test_the_same_graph_is_always_laid_out_the_same(graph: Graph):
    assert layout(*graph) == layout(*graph)


@given(graphs())
def test_layers_put_each_node_after_all_it_waits_for(graph: Graph):
    rank = {name: at for at, layer in enumerate(layers(*graph)) for name in layer}
    assert sorted(rank) == sorted(graph[0])
    assert all(rank[source] < rank[target] for source, target in graph[1])


def test_a_short_chain_is_one_level_line():
    drawn = layout(*chain(4))
    assert len({box.y for box in drawn.boxes}) == 1
    assert [box.id for box in sorted(drawn.boxes, key=lambda box: box.x)] == ["T0", "T1", "T2", "T3"]


def test_a_long_chain_is_folded_like_text():
    drawn = layout(*chain(12))
    rows = sorted({box.y for box in drawn.boxes})
    assert len(rows) == 4
    assert [box.id for box in drawn.boxes] == [box.id for box in sorted(drawn.boxes, key=lambda box: (box.y, box.x))]
    assert 0.5 < drawn.width / drawn.height / ASPECT < 2


def test_arrows_turn_one_within_the_other():
    drawn = layout(*braid(20))
    ways = [points for arrow in drawn.arrows for points in zip(*(arrow.points[at:] for at in range(3)), strict=False)]
    turns = sorted({(lane, start, right, left) for (_, start), (right, lane), (left, _) in ways if left < right})
    assert len({lane for lane, *_ in turns}) == len(turns) == 8
    for (_, *upper), (_, *lower) in zip(turns[::2], turns[1::2], strict=True):
        assert upper[0] > lower[0]
        assert upper[1:] < lower[1:]
        assert upper[2] < lower[2]


def test_a_diamond_is_symmetric():
    boxes = by_id(layout(["a", "b", "c", "d"], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]))
    assert boxes["a"].y == pytest.approx(boxes["d"].y)
    assert boxes["b"].x == boxes["c"].x
    assert boxes["b"].y + boxes["c"].y == pytest.approx(2 * boxes["a"].y)
    assert boxes["b"].y < boxes["c"].y


def test_a_wide_layer_goes_on_in_the_next_columns():
    drawn = layout(*fan(61))
    assert len({box.x for box in drawn.boxes}) == 7
    assert 0.5 < drawn.width / drawn.height / ASPECT < 2


def test_arrows_that_pass_a_column_share_their_way():
    drawn = layout(*fan(31))
    passing = {arrow.points[:3] for arrow in drawn.arrows if len(arrow.points) > 2}
    assert len(passing) == 1


def test_parts_that_do_not_hang_together_stand_apart():
    drawn = layout(["a", "b", "c", "d", "e"], [("a", "b"), ("d", "c")])
    boxes = by_id(drawn)
    assert boxes["a"].y == boxes["b"].y
    assert not overlap(boxes["a"], boxes["d"])
    assert boxes["e"].y > boxes["a"].y


def test_nothing_takes_no_room():
    assert layout([], []) == Layout(0.0, 0.0, (), ())
    assert layers([], []) == []


def test_a_measure_sets_the_size_of_the_boxes():
    (box,) = layout(["a"], [], Measure(width=76, height=30)).boxes
    assert (box.w, box.h) == (76, 30)


def test_a_cycle_and_a_stranger_are_refused():
    with pytest.raises(CycleError):
        layout(["a", "b"], [("a", "b"), ("b", "a")])
    with pytest.raises(KeyError):
        layout(["a"], [("a", "b")])


def lone(count: int) -> Graph:
    return fan(count)[0], []


@pytest.mark.parametrize("graph", [chain, fan, mixed, lone])
def test_four_times_the_tasks_take_hardly_more_than_four_times_as_long(graph: Callable[[int], Graph]):
    few, many = graph(250), graph(1000)
    assert len(layout(*many).boxes) == 1000
    assert cpu_s(lambda: layout(*many)) < 10 * cpu_s(lambda: layout(*few))


def test_a_layer_is_spread_as_its_links_pull_it_and_no_closer_than_it_may():
    middles = spread([[0], [1, 2]], [Link(0, 1, 1.0), Link(0, 2, 1.0)], [10.0, 10.0, 30.0])
    assert middles[2] - middles[1] == pytest.approx(20.0)
    assert middles[0] == pytest.approx((middles[1] + middles[2]) / 2)
