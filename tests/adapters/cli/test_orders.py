"""Orders given while no engine runs are recorded, and the next engine acts on them."""

import json
from pathlib import Path

import pytest

from adapters.wiring import read_board
from engine.core.ids import RunId, TaskId
from engine.store.lock import EngineLock
from tests.adapters.cli.conftest import Orch

LATER = "recorded; no engine runs here: `orch resume` acts on it\n"


def test_decide_is_recorded(orch: Orch, own_shop: Path):
    said = orch("decide", "D1", "retry", "with", "changes:", "read", "the", "file", "-C", own_shop)
    assert said.code == 0, said.err
    assert said.out.splitlines()[0].endswith("retry with changes (read the file)")
    assert said.out.endswith(f"T8 is tried again, with changes: read the file\n{LATER}")
    assert read_board(own_shop).tasks[TaskId("T8")].guidance == ("read the file",)


def test_the_second_answer_is_told_who_was_first(orch: Orch, own_shop: Path):
    orch("decide", "D1", "1", "-C", own_shop)
    said = orch("decide", "D1", "abandon", "-C", own_shop)
    assert said.code == 2
    assert said.err.startswith("orch: D1 is decided: retry, by cli:")


def test_abandoning_what_others_wait_for_asks_what_becomes_of_them(orch: Orch, own_shop: Path):
    said = orch("decide", "D1", "abandon", "-C", own_shop)
    assert (said.code, said.out) == (2, "")
    assert "these tasks wait for T8: T9, T10" in said.err
    assert orch("abandon", "T8", "--then", "cascade", "-C", own_shop).code == 0
    assert read_board(own_shop).tasks[TaskId("T10")].state == "abandoned"


def test_pause_takes_the_only_run_and_keeps_the_reason(orch: Orch, own_shop: Path):
    said = orch("pause", "--reason", "[b]lunch[/b]", "-C", own_shop)
    assert said.out == f"R1 is paused: [b]lunch[/b]\n{LATER}"
    assert read_board(own_shop).runs[RunId("R1")].paused


def test_interrupt_asks(orch: Orch, own_shop: Path):
    said = orch("interrupt", "T5", "--reason", "the wrong file", "-C", own_shop)
    assert "D2 needs you: T5 (Parse amounts with a thousands separator) was interrupted: the wrong file." in said.out


def test_cancel_ends_the_run_and_says_what_stays(orch: Orch, own_shop: Path):
    said = orch("cancel", "R1", "-C", own_shop)
    assert "(1 change landed on main and stay)" in said.out
    assert LATER not in said.out
    assert read_board(own_shop).runs[RunId("R1")].state == "cancelled"


def test_an_order_as_json_is_its_records(orch: Orch, own_shop: Path):
    said = json.loads(orch("decide", "D1", "1", "--json", "-C", own_shop).out)
    assert [record["event"]["kind"] for record in said] == [
        "decision-answered",
        "human-retried",
        "task-readied",
    ]


@pytest.mark.parametrize("command", [("pause",), ("cancel",), ("interrupt", "T5"), ("decide", "D1", "1")])
def test_nothing_is_written_beside_an_engine_that_takes_no_orders(orch: Orch, own_shop: Path, command: tuple[str, ...]):
    before = read_board(own_shop).seq
    with EngineLock(own_shop, since_ms=0):
        said = orch(*command, "-C", own_shop)
    assert said.code == 2
    assert "another engine works on this repository" in said.err
    assert read_board(own_shop).seq == before
