"""The picture of a run in a terminal, to the character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cli.view import GLYPHS, STYLES, Prompt, prompt_view, run_view, typing_view
from bot.cards import RunCard, run_card
from engine.clock import from_iso
from engine.core.entities import RunConfig
from engine.core.ids import RunId
from engine.core.lifecycle import TASK
from tests.adapters.cli.drawn import drawn
from tests.bot.story import middle
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import planned, planned_run, start_run

NOW_MS = from_iso("2026-01-01T00:02:00Z")

WIDE = """\
R1 Make the failing tests pass, and round money half up everywhere                               running  2:00
4 of 10 tasks done, 1 landed · 0.33 of 5 USD, 1,800 tokens · main · the pilot (rules, not an LLM) · bubblewrap

✓ T1       Write the spec and split t…  director  complete       1/5   0:06  planned 2 tasks
├ ✓ T2     Plan money                   planner   complete       1/5   0:06  planned 3 tasks
│ ├ ✓ T4   Round money half up          coder     complete       1/5   0:04  landed as d6e40c74
│ ├ ● T5   Parse amounts with a thous…  coder     active         2/5   1:18  attempt 1: the merged tree was r…
│ └ ◐ T6   Test the rounding of negat…  tester    awaiting QA    1/5   1:17  its checks run, then the review
└ ✓ T3     Plan reports                 planner   complete       1/5   0:07  planned 4 tasks
  ├ ◕ T7   Print totals in the report   coder     approved       1/5   1:15  in the merge train
  ├ ? T8   Read the exchange rates      coder     waiting human  5/5         answer D1: its checks were red
  ├ ○ T9   Convert each line of the r…  coder     planned                    waits for T8
  └ ○ T10  Print the report in the se…  coder     planned                    waits for T7 and T9"""

FOLDED = """\
R1 Make the failing tests pass, and round money half up everywhere running  2:00
4 of 10 tasks done, 1 landed · 0.33 of 5 USD, 1,800 tokens · main · the pilot (…

✓ T1      Write the spec an…  complete       1/5   0:06  planned 2 tasks
├ ✓ T2    Plan money          complete       1/5   0:06  planned 3 tasks
│ └ ● T5  Parse amounts wit…  active         2/5   1:18  attempt 1: the merged …
└ ✓ T3    Plan reports        complete       1/5   0:07  planned 4 tasks
  └ ? T8  Read the exchange…  waiting human  5/5         answer D1: its checks …
… 1 over and 4 more (`orch show` lists all)"""

ASKED = """\
D1 · T8 Read the exchange rates ────────────────────────────────────────────────
T8 (Read the exchange rates) failed 5 times, last because its checks were red.
What now?

│ E   AssertionError: 2.67
│
│ 1 failed, 11 passed

  1  retry               try again, with a full set of tries
  2  retry with changes  say what to do differently: retry with changes: …
  3  abandon             give it up; tasks that wait for it: abandon cascade |
                         drop | replan
  4  spawn               a new task takes its place: spawn: …"""


@pytest.fixture
def card() -> RunCard:
    return run_card(middle(CoreDriver()).board, RunId("R1"))


def test_a_run_in_aligned_columns(card: RunCard):
    assert drawn(run_view(card, NOW_MS, width=110), 110) == WIDE


def test_a_low_terminal_keeps_what_is_at_work_and_counts_the_rest(card: RunCard):
    assert drawn(run_view(card, NOW_MS, width=80, rows=6), 80) == FOLDED


def test_a_question_with_the_end_of_its_evidence(card: RunCard):
    assert drawn(prompt_view(card.decisions[0], width=80, evidence_lines=3), 80) == ASKED


def test_the_line_being_typed_and_the_word_on_the_last_one():
    assert drawn(typing_view(Prompt("ret", others=1)), 80) == (
        "\n› ret▏\ntype a number or the words, then Enter · Tab: the next question (1 more)"
    )
    assert drawn(typing_view(Prompt(feedback="'hm' is no answer")), 80) == "\n› ▏\n'hm' is no answer"


def test_what_a_person_must_be_warned_of_has_its_own_line():
    driver = planned_run(planned("a"), config=RunConfig("openai/gpt-5", sandbox="none"))
    picture = drawn(run_view(run_card(driver.board, RunId("R1")), NOW_MS, width=80), 80)
    assert '! sandbox = "none": commands of the agents can reach everything that you can' in picture


def test_every_state_has_a_glyph_of_its_own_and_a_style():
    assert set(GLYPHS) == set(STYLES) == set(TASK)
    assert len(set(GLYPHS.values())) == len(TASK)


@given(st.text(min_size=1).filter(str.strip), st.integers(40, 200))
def test_no_text_breaks_the_lines_or_becomes_markup(objective: str, width: int):
    driver = CoreDriver()
    start_run(driver, objective)
    picture = drawn(run_view(run_card(driver.board, RunId("R1")), NOW_MS, width=width), width)
    assert len(picture.split("\n")) == 4
    assert "\x1b" not in picture
