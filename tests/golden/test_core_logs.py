"""Logs that were once written give the same board, the same subjects and the same bytes for ever."""

from pathlib import Path

import msgspec
import pytest

from engine.core import events as e
from engine.core.subjects import lead
from tests.engine.core import laws
from tests.golden.core_stories import STORIES
from tests.golden.write import LOGS, replay, write

STORED = sorted(LOGS.glob("*.jsonl"))
_json = msgspec.json.Encoder(order="deterministic")


def _records(log: Path) -> list[e.Record]:
    return [msgspec.json.decode(line, type=e.Record) for line in log.read_bytes().split(b"\n") if line]


@pytest.mark.parametrize("log", STORED, ids=lambda log: log.stem)
def test_a_stored_log_gives_the_stored_board_and_subjects(log: Path):
    board, subjects = replay(_records(log))
    assert subjects == log.with_suffix(".subjects.txt").read_text("utf-8")
    assert board == log.with_suffix(".board.json").read_text("utf-8")


@pytest.mark.parametrize("log", STORED, ids=lambda log: log.stem)
def test_a_stored_log_is_written_again_byte_by_byte(log: Path):
    lines = [line for line in log.read_bytes().split(b"\n") if line]
    for line, record in zip(lines, _records(log), strict=True):
        assert _json.encode(record) == line
        assert e.decode(e.encode(record.event)) == record.event


@pytest.mark.parametrize("name", STORIES)
def test_the_rules_still_decide_the_story_as_it_is_stored(name: str):
    driver = STORIES[name]()
    laws.check(driver.board)
    assert driver.records == _records(LOGS / f"{name}.jsonl")


def test_the_stories_tell_every_kind_of_event():
    told = {type(record.event) for log in STORED for record in _records(log)}
    assert set(e.AnyEvent.__args__) - told == set()


def test_a_stored_log_is_not_overwritten(tmp_path: Path):
    assert len(write(tmp_path)) == len(STORIES)
    victim = tmp_path / f"{next(iter(STORIES))}.jsonl"
    victim.write_text("old")
    assert write(tmp_path) == []
    assert victim.read_text() == "old"
    assert len(write(tmp_path, force=True)) == len(STORIES)
    assert victim.read_bytes() == (LOGS / victim.name).read_bytes()


@pytest.mark.parametrize(
    ("once", "now"),
    [
        ("D1 answered by slack:T1:U7: retry", "D1 of T3 answered by slack:T1:U7: retry"),
        ("D1 asked again", "D1 of T3 asked again"),
        ("R1 is now waiting_human", "R1 is now waiting_human: D1 of T3"),
        (
            "T3 failed -> waiting_human: D1 asks: T3 (Build a) failed 5 times, last because its checks were red. What now?",
            "T3 failed -> waiting_human: D1 asks: it failed 5 times, last because its checks were red. What now?",
        ),
    ],
)
def test_what_an_older_version_said_of_it_is_still_held_to_be_the_same(once: str, now: str):
    said = "".join(log.with_suffix(".subjects.txt").read_text("utf-8") for log in STORED).split("\n")
    assert now in said
    assert once not in said
    assert lead(once) == lead(now)


def test_every_subject_is_one_short_line():
    for log in STORED:
        for line in log.with_suffix(".subjects.txt").read_text("utf-8").split("\n"):
            assert len(line) <= 200
