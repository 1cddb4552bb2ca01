"""A person's own page: their runs and what they may answer, no more and no less."""

import msgspec

from bot.home import MAX_QUESTIONS, MAX_RUNS, home_of
from bot.people import People, PeopleRules
from bot.port import Actor
from engine.core.blackboard import Blackboard
from engine.core.entities import Answer
from engine.core.ids import DecisionId, RunId
from tests.bot.story import middle
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import ALICE

STARTER, BOB, VIC = ALICE, "slack:T1:U2", "web:vic"
RULES = PeopleRules(approvers=("slack:T1:S3",), viewers=(STARTER, BOB, VIC))


def board_of() -> Blackboard:
    """R1 of the starter, in which D1 waits."""
    return middle(CoreDriver()).board


def page(board: Blackboard, actor_id: str, *groups: str, rules: PeopleRules = RULES) -> list[str]:
    home = home_of(board, People(rules), Actor(actor_id, "x", groups))
    asked = [each.id for each in home.questions if hasattr(each, "id")]
    return [home.title, *asked, home.runs_title, *(line.split(":")[0] for line in home.runs)]


def test_who_started_a_run_sees_it_and_its_question():
    assert page(board_of(), STARTER) == ["1 question needs you", "D1", "you started 1 run", "R1 running, 4 of 10 done"]


def test_who_may_only_look_on_is_needed_for_nothing():
    assert page(board_of(), BOB) == ["nothing needs you", "you have started no run yet"]


def test_an_approver_by_group_sees_the_questions_of_everybody():
    assert page(board_of(), BOB, "slack:T1:S3") == ["1 question needs you", "D1", "you have started no run yet"]


def test_where_starters_do_not_decide_their_run_is_shown_and_its_question_is_not():
    rules = msgspec.structs.replace(RULES, starter_decides=False)
    assert page(board_of(), STARTER, rules=rules)[:2] == ["nothing needs you", "you started 1 run"]


def test_a_run_belongs_to_the_person_behind_every_account():
    rules = msgspec.structs.replace(RULES, links={STARTER: VIC})
    assert page(board_of(), VIC, rules=rules) == page(board_of(), STARTER, rules=rules)
    assert page(board_of(), VIC, rules=rules)[0] == "1 question needs you"


def test_who_has_said_so_already_is_not_needed_until_the_second_person_has_spoken():
    board = board_of()
    first = Answer("abandon", STARTER, "2026-01-01T00:00:00Z")
    board.put_decision(msgspec.structs.replace(board.decisions[DecisionId("D1")], proposal=first))
    assert page(board, STARTER)[0] == "nothing needs you"
    assert page(board, BOB, "slack:T1:S3")[0] == "1 question needs you"


def test_a_run_that_is_over_comes_after_those_under_way_and_the_newest_comes_first():
    board = board_of()
    for name in ("R2", "R3"):
        board.put_run(msgspec.structs.replace(board.runs[RunId("R1")], id=RunId(name)))
    board.put_run(msgspec.structs.replace(board.runs[RunId("R3")], state="completed"))
    assert [line[:2] for line in page(board, STARTER)[-3:]] == ["R2", "R1", "R3"]


def test_what_the_page_has_no_room_for_is_counted():
    board = board_of()
    for number in range(2, MAX_RUNS + 4):
        board.put_run(msgspec.structs.replace(board.runs[RunId("R1")], id=RunId(f"R{number}")))
    for number in range(2, MAX_QUESTIONS + 2):
        board.put_decision(msgspec.structs.replace(board.decisions[DecisionId("D1")], id=DecisionId(f"D{number}")))
    home = home_of(board, People(RULES), Actor(STARTER, "x"))
    assert (len(home.questions), home.more_questions) == (
        MAX_QUESTIONS,
        "… and 1 question more; answer these first, or `status` names all",
    )
    assert (len(home.runs), home.more_runs) == (MAX_RUNS, "… and 3 runs more; `list` names all")
    assert home.title == f"{MAX_QUESTIONS + 1} questions need you"
