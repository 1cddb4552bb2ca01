"""The ring keeps the two ends of a stream, however it is cut into chunks."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.cell.capture import HEAD_BYTES, TAIL_BYTES, Ring

KEPT_BYTES = HEAD_BYTES + TAIL_BYTES


def ring_of(*chunks: bytes) -> Ring:
    ring = Ring()
    for chunk in chunks:
        ring.feed(chunk)
    return ring


def test_a_stream_that_fits_is_kept_whole():
    ring = ring_of(b"a" * HEAD_BYTES, b"b" * TAIL_BYTES)
    assert ring.text() == "a" * HEAD_BYTES + "b" * TAIL_BYTES
    assert ring.cut_bytes == 0


def test_one_byte_more_is_cut_and_counted():
    ring = ring_of(b"a" * HEAD_BYTES, b"x" + b"b" * TAIL_BYTES)
    assert ring.text() == "a" * HEAD_BYTES + "\n[… 1 bytes cut …]\n" + "b" * TAIL_BYTES
    assert ring.cut_bytes == 1


@given(st.lists(st.integers(0, KEPT_BYTES), max_size=4))
def test_what_is_kept_and_what_is_cut_make_up_the_stream(sizes: list[int]):
    stream = (bytes(range(97, 122)) * (sum(sizes) // 25 + 1))[: sum(sizes)]
    ends = [sum(sizes[:count]) for count in range(len(sizes) + 1)]
    chunked = ring_of(*(stream[start:end] for start, end in pairwise(ends)))
    assert chunked.text() == ring_of(stream).text()
    assert chunked.cut_bytes == max(0, len(stream) - KEPT_BYTES)
