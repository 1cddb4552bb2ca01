"""A short sample of the console's figures; `python -m tests.bench.console` measures them in full."""

import asyncio

from tests.bench.console import Sizes, measure


def test_the_console_keeps_up_with_a_talking_crew():
    sizes = Sizes(tasks=200, agents=20, events_per_s=40, clients=40, seconds=2, orders=40, updates=10)
    figures = asyncio.run(measure(sizes))
    assert (figures.dropped, figures.late) == (0, 0)
    assert figures.ack_p50_ms < 100
    assert figures.snapshot_ms < 2_000
    assert figures.update_p50_ms < 200
    assert figures.server_rss_mb < 400
