"""How long a run still takes: its own pace, or no word."""

import pytest

from bot.cards import run_card
from bot.estimate import seconds_left
from bot.replies.messages import run_head
from bot.replies.runs import left
from engine.core import commands as c
from engine.core.ids import RunId
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import begin, fail, land, planned, planned_run

R1 = RunId("R1")
LANDING_S = 4
"""One second passes with each record: begun, submitted, approved, prepared, landed."""


def at_work(landed: int, waiting: int) -> CoreDriver:
    driver = planned_run(*(planned(f"t{number}") for number in range(landed + waiting)))
    for number in range(landed):
        land(driver, f"T{number + 3}")
    return driver


def test_what_is_left_takes_as_long_as_what_is_done_took():
    assert seconds_left(at_work(3, 5).board, R1) == 5 * LANDING_S


def test_slots_in_use_share_what_is_left():
    driver = at_work(3, 4)
    begin(driver, "T6")
    begin(driver, "T7")
    assert seconds_left(driver.board, R1) == 4 * LANDING_S / 2


def test_each_role_has_its_own_pace_and_a_failed_attempt_counts_for_it():
    driver = planned_run(*(planned(key) for key in "abcd"), planned("e", role="tester"), planned("f", role="tester"))
    for name in ("T3", "T4", "T5"):
        land(driver, name)
    begin(driver, "T7")
    fail(driver, "T7", "merged_red", "red")
    assert seconds_left(driver.board, R1) == LANDING_S + 2 * 1


def test_two_tasks_are_no_pace():
    assert seconds_left(at_work(2, 5).board, R1) is None


def test_a_run_that_is_held_or_has_no_task_left_has_no_end_to_wait_for():
    driver = at_work(3, 2)
    driver.must(c.PauseRun(R1), "cli:bob")
    assert seconds_left(driver.board, R1) is None
    driver = at_work(3, 0)
    assert seconds_left(driver.board, R1) is None


def test_the_card_says_it_in_minutes():
    card = run_card(at_work(3, 5).board, R1)
    assert card.left == "about 1 min left"
    assert "3 landed · about 1 min left" in run_head(card)[1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.0, "about 1 min left"), (700.0, "about 12 min left"), (9_000.0, "about 2.5 h left")],
)
def test_the_words(seconds: float | None, words: str):
    assert left(seconds) == words
