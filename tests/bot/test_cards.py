"""Cards say what the board says."""

import msgspec

from bot.cards import decision_outcome, final_summary, open_prompts, run_card, task_line, warnings
from bot.replies.summary import summary_lines
from bot.replies.words import NO_GATE, NO_SANDBOX
from engine.core import commands as c
from engine.core.ids import DecisionId, RunId, TaskId
from tests.bot.story import OBJECTIVE, middle, over
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import GATE, answer, begin, fail, planned, planned_run, start_run

R1 = RunId("R1")


def notes(driver: CoreDriver) -> dict[str, str]:
    return {line.id: f"{line.word}: {line.note}" for line in run_card(driver.board, R1).tasks}


def test_a_run_in_the_middle_on_one_card():
    card = run_card(middle(CoreDriver()).board, R1)
    assert (card.objective, card.word, card.is_over, card.done, card.total, card.landed) == (
        OBJECTIVE, "running", False, 4, 10, 1,
    )  # fmt: skip
    assert card.spent == "0.33 of 5 USD, 1,800 tokens"
    assert card.model == "the pilot (rules, not an LLM)"


def test_each_task_says_why_it_is_where_it_is():
    assert notes(middle(CoreDriver())) == {
        "T1": "complete: planned 2 tasks",
        "T2": "complete: planned 3 tasks",
        "T3": "complete: planned 4 tasks",
        "T4": "complete: landed as d6e40c74",
        "T5": "active: attempt 1: the merged tree was red",
        "T6": "awaiting QA: its checks run, then the review",
        "T7": "approved: in the merge train",
        "T8": "waiting human: answer D1: its checks were red",
        "T9": "planned: waits for T8",
        "T10": "planned: waits for T7 and T9",
    }


def test_attempts_are_counted_to_the_question():
    driver = middle(CoreDriver())
    lines = {str(line.id): (line.attempt, line.attempts_max, line.latest) for line in run_card(driver.board, R1).tasks}
    assert (lines["T5"], lines["T8"], lines["T9"]) == ((2, 5, 2), (5, 5, 5), (0, 5, 0))


def test_after_an_answer_the_count_starts_again_and_the_log_goes_on():
    driver = middle(CoreDriver())
    driver.must(answer(driver, "D1", "retry_with_changes", "read them from the file"), "slack:T1:U7")
    begin(driver, "T8")
    line = task_line(driver.board, driver.task("T8"))
    assert (line.attempt, line.latest, line.note) == (1, 6, "with changes: read them from the file")


def test_a_paused_run_says_why_nothing_starts():
    driver = planned_run(planned("a"))
    driver.must(c.PauseRun(R1), "cli:bob")
    assert notes(driver)["T3"] == "ready: not started: R1 is paused"


def test_a_backoff_says_until_when():
    driver = planned_run(planned("a"))
    attempt = begin(driver, "T3")
    driver.must(c.FailAttempt(TaskId("T3"), attempt, "quota", "429", not_before="2026-01-01T09:30:00Z"))
    assert notes(driver)["T3"] == "ready: waits until 09:30:00 UTC"


def test_a_task_behind_an_abandoned_one_names_the_exit():
    driver = planned_run(planned("a"), planned("b", "a"))
    driver.board.put_task(msgspec.structs.replace(driver.task("T3"), state="abandoned"))
    assert notes(driver)["T4"] == "planned: T3 was abandoned: `orch abandon T4`"


def test_a_question_brings_its_evidence_and_numbered_options():
    (prompt,) = open_prompts(middle(CoreDriver()).board)
    assert (prompt.id, prompt.task, prompt.title) == ("D1", "T8", "Read the exchange rates")
    assert prompt.evidence[-1] == "1 failed, 11 passed"
    assert [(option.number, option.label) for option in prompt.options] == [
        (1, "retry"), (2, "retry with changes"), (3, "abandon"), (4, "spawn"),
    ]  # fmt: skip


def test_long_evidence_is_cut_from_above_and_says_so():
    driver = planned_run(planned("a"))
    begin(driver, "T3")
    fail(driver, "T3", detail="\n".join(f"line {number}" for number in range(100)), is_final=True)
    (prompt,) = open_prompts(driver.board)
    assert (len(prompt.evidence), prompt.evidence[0], prompt.evidence[-1]) == (12, "… 89 lines above", "line 99")


def test_an_outcome_says_who_chose_what():
    driver = middle(CoreDriver())
    driver.must(answer(driver, "D1", "abandon", dependents="cascade"), "slack:T1:U7")
    outcome = decision_outcome(driver.board.decisions[DecisionId("D1")])
    assert outcome.sentence == "D1 is decided by slack:T1:U7: abandon cascade"


def test_what_is_not_guarded_is_said():
    assert warnings((), "none") == (NO_GATE, NO_SANDBOX)
    assert warnings((GATE,), "bubblewrap") == ()


def test_the_end_of_a_run_in_lines():
    summary = final_summary(over(CoreDriver()).board, R1)
    assert summary_lines(summary) == [
        "R1 is completed after 0:46: 1 change landed on main, every gate is green",
        "  0ee8701f T3 Round money half up (attempt 2)",
        "  abandoned: T4",
        "  the story: git log orch-state",
        "  the proof: orch verify",
    ]


def test_a_cancelled_run_keeps_what_landed_and_says_so():
    driver = middle(CoreDriver())
    driver.must(c.CancelRun(R1, "the plan has changed"), "cli:bob")
    sentence = final_summary(driver.board, R1).sentence
    assert sentence == "R1 was cancelled after 1:11: the plan has changed (1 change landed on main and stay)"


def test_cards_are_plain_data():
    card = run_card(middle(CoreDriver()).board, R1)
    assert msgspec.json.decode(msgspec.json.encode(card), type=type(card)) == card


def test_what_the_question_quotes_is_not_said_twice():
    driver = planned_run(planned("a"))
    begin(driver, "T3")
    fail(driver, "T3", "escalated", "which currency?")
    (prompt,) = open_prompts(driver.board)
    assert (prompt.question, prompt.evidence) == ("T3 (Build a): the coder asks for help: which currency?", ())


def test_a_run_that_rests_or_is_thrifty_says_so_wherever_it_is_shown():
    driver = CoreDriver()
    start_run(driver)
    driver.must(c.ParkRun(R1, "2026-01-01T09:30:00Z", "no credit is left"))
    card = run_card(driver.board, R1)
    assert card.word == "parked until 2026-01-01 09:30 UTC"
    assert card.warnings[-1] == "parked until 2026-01-01 09:30 UTC, when it wakes by itself: no credit is left"
    assert "R1 is parked until" in card.tasks[0].note
    driver.must(c.UnparkRun(R1))
    assert run_card(driver.board, R1).word == "planning"
