"""The benchmark runs and has the figures that are asked of it: `python -m tests.bench.store` is the whole."""

import pytest

from tests.bench.store import SAMPLE, measure

ASKED_FOR = {
    "g32_vs_sqlite_full", "g32_vs_fast_import", "g1_vs_langgraph_1000", "g1_vs_langgraph_10000", "cpu_growth_10_to_10000",
    "bytes_per_event", "bytes_per_event_repacked", "history_ms", "cold_1000_ms", "cold_10000_ms", "verify_per_s",
    "fdatasync_p50_ms",
}  # fmt: skip


@pytest.mark.slow
def test_a_sample_of_the_benchmark_has_every_figure(tmp_path):
    figures = measure(SAMPLE, tmp_path)
    assert set(figures) >= ASKED_FOR
    measured = {name: value for name, value in figures.items() if not name.startswith("g1_vs_langgraph")}
    assert all(value is not None and value > 0 for value in measured.values())
