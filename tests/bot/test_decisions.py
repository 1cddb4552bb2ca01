"""What people type at a question, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decisions import parse_answer
from engine.core import commands as c
from engine.core.entities import Choice, Decision
from engine.core.ids import DecisionId, RunId, TaskId

TASK = Decision(
    DecisionId("D1"), RunId("R1"), "task", "T3 failed 5 times. What now?", ("retry", "retry_with_changes", "abandon", "spawn"),
    "2026-01-01T00:00:00Z", TaskId("T3"), generation=7,
)  # fmt: skip
BUDGET = Decision(
    DecisionId("D2"), RunId("R1"), "budget", "Raise it?", ("raise_budget", "stop"), "2026-01-01T00:00:00Z"
)
RED = Decision(DecisionId("D3"), RunId("R1"), "run_red", "Plan more?", ("replan", "stop"), "2026-01-01T00:00:00Z")
CHECKOUT = Decision(
    DecisionId("D4"), RunId("R1"), "checkout", "In the way", ("land_now", "retry", "abandon"), "2026-01-01T00:00:00Z"
)
UNREVIEWED = Decision(
    DecisionId("D5"), RunId("R1"), "review", "T3 can't be reviewed", ("review_again", "retry"), "2026-01-01T00:00:00Z"
)


def typed(text: str, decision: Decision = TASK) -> c.AnswerDecision:
    found = parse_answer(text, decision, "cli:alice", "2026-01-01T08:00:00Z", via="terminal")
    assert isinstance(found, c.AnswerDecision), found
    return found


def taught(text: str, decision: Decision = TASK) -> str:
    found = parse_answer(text, decision, "cli:alice", "2026-01-01T08:00:00Z")
    assert isinstance(found, c.Refused), found
    return found.reason


@pytest.mark.parametrize(
    ("text", "choice", "changes"),
    [
        ("1", "retry", ""),
        (" Retry ", "retry", ""),
        ("1. retry", "retry", ""),
        ("2 round half up", "retry_with_changes", "round half up"),
        ("2) retry with changes: round half up", "retry_with_changes", "round half up"),
        ("retry with changes: round half up", "retry_with_changes", "round half up"),
        ("RETRY_WITH_CHANGES round\nhalf up", "retry_with_changes", "round\nhalf up"),
        ("retry: round half up", "retry_with_changes", "round half up"),
        ("4: Write it by hand", "spawn", "Write it by hand"),
        ("spawn: Write it by hand", "spawn", "Write it by hand"),
    ],
)
def test_numbers_and_words_mean_the_same(text: str, choice: Choice, changes: str):
    answer = typed(text)
    assert (answer.choice, answer.changes) == (choice, changes)


def test_an_answer_is_made_out_to_the_question_as_it_stands():
    answer = typed("retry")
    assert (answer.decision, answer.generation, answer.by, answer.via) == ("D1", 7, "cli:alice", "terminal")


@pytest.mark.parametrize("word", ["cascade", "drop", "replan"])
def test_abandon_says_what_becomes_of_dependents(word: str):
    assert typed(f"abandon {word.upper()}").dependents == word


def test_abandon_alone_leaves_the_dependents_to_the_engine_to_ask_about():
    assert typed("3").dependents is None


@pytest.mark.parametrize("text", ["raise 5 USD", "raise to 5", "1 $5", "raise budget: 5.00 dollars", "raise 5$"])
def test_a_cap_in_dollars(text: str):
    answer = typed(text, BUDGET)
    assert (answer.choice, answer.budget_usd, answer.budget_tokens) == ("raise_budget", 5.0, None)


@pytest.mark.parametrize("text", ["raise 200000 tokens", "raise 200,000 tokens", "1 200_000 token"])
def test_a_cap_in_tokens(text: str):
    answer = typed(text, BUDGET)
    assert (answer.budget_usd, answer.budget_tokens) == (None, 200_000)


def test_replan_takes_words_or_none():
    assert (typed("replan", RED).changes, typed("1: fix the linter", RED).changes) == ("", "fix the linter")


def test_land_now():
    assert typed("land now", CHECKOUT).choice == "land_now"


@pytest.mark.parametrize("text", ["review again", "REVIEW", "1"])
def test_review_again(text: str):
    assert typed(text, UNREVIEWED).choice == "review_again"


ALL = "1 (retry), 2 (retry with changes), 3 (abandon) or 4 (spawn)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"D1 is still open; answer {ALL}"),
        ("looks good to me", f"'looks good to me' is no answer to D1; answer {ALL}"),
        ("retrying it", f"'retrying it' is no answer to D1; answer {ALL}"),
        ("9", f"there is no option 9; answer {ALL}"),
        ("0", f"there is no option 0; answer {ALL}"),
        ("1 please", "'retry' takes nothing after it, and 'please' was found; leave it out"),
        (
            "2",
            "'retry with changes' needs your words after it, like this: "
            "retry with changes: round half up, and keep the old test",
        ),
        ("raise 5 USD", f"D1 can't be answered by 'raise'; answer {ALL}"),
        (
            "abandon everything",
            "'everything' does not say what becomes of the tasks that wait for it: abandon cascade (give them up too), "
            "abandon drop (they no longer wait) or abandon replan (a planner replaces them)",
        ),
    ],
)
def test_what_is_no_answer_is_taught(text: str, sentence: str):
    assert taught(text) == sentence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("raise", "the new cap is missing"),
        ("raise a lot", "'a lot' is no amount"),
        ("raise 0", "'0' is no amount"),
        ("raise -5", "'-5' is no amount"),
        ("raise ,", "',' is no amount"),
    ],
)
def test_a_cap_that_cannot_be_read_is_taught(text: str, found: str):
    assert taught(text, BUDGET) == f"{found}; say the new cap: raise 5 USD, or raise 200000 tokens"


@given(st.text(), st.sampled_from([TASK, BUDGET, RED, CHECKOUT]))
def test_any_text_is_an_offered_answer_or_a_sentence(text: str, decision: Decision):
    found = parse_answer(text, decision, "cli:alice", "2026-01-01T08:00:00Z")
    if isinstance(found, c.Refused):
        assert found.reason
        assert "\n" not in found.reason
    else:
        assert found.choice in decision.options


@given(st.text(alphabet="0123456789. ,$", min_size=1, max_size=6000))
def test_long_numbers_do_no_harm(text: str):
    parse_answer(text, TASK, "cli:alice", "2026-01-01T08:00:00Z")
    parse_answer(f"raise {text}", BUDGET, "cli:alice", "2026-01-01T08:00:00Z")
