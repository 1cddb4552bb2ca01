"""Where a run is told of: each thing once, in live places alone, also after the run's end."""

from engine.core import commands as c
from engine.core.ids import BindingId, DecisionId, PostId, RunId
from tests.engine.core import laws
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import ALICE, fail_until_asked, planned, planned_run

R1, B1, P1 = RunId("R1"), BindingId("B1"), PostId("P1")


def bound() -> CoreDriver:
    driver = planned_run(planned("a"))
    driver.must(c.BindChat(R1, "slack", "T1", "C9"), ALICE)
    return driver


def test_a_run_is_bound_to_a_place_once():
    driver = bound()
    assert driver.refusal(c.BindChat(R1, "slack", "T1", "C9")) == "R1 is bound to slack:T1:C9 already"
    driver.must(c.BindChat(R1, "slack", "T1", "C8"))
    assert [binding.id for binding in driver.board.chat.live(R1)] == ["B1", "B2"]


def test_an_unknown_run_is_bound_nowhere():
    assert bound().refusal(c.BindChat(RunId("R9"), "slack", "T1", "C9")).startswith("there is no run R9")


def test_an_unbound_place_is_told_nothing_and_can_be_bound_again():
    driver = bound()
    driver.must(c.UnbindChat(B1, "the channel is gone"))
    assert driver.refusal(c.IntendPost(B1, "summary", "summary")) == "B1 no longer holds: the channel is gone"
    assert driver.refusal(c.OpenThread(B1, "1")) == "B1 no longer holds: the channel is gone"
    driver.must(c.BindChat(R1, "slack", "T1", "C9"))
    assert [binding.id for binding in driver.board.chat.live(R1)] == ["B2"]


def test_a_binding_has_one_thread():
    driver = bound()
    driver.must(c.OpenThread(B1, "1719.1"))
    assert driver.refusal(c.OpenThread(B1, "1719.2")) == "B1 has its thread already"
    assert driver.board.chat.bindings[B1].thread == "1719.1"


def test_the_same_key_is_never_said_twice_in_a_binding():
    driver = bound()
    driver.must(c.IntendPost(B1, "summary", "summary"))
    assert driver.refusal(c.IntendPost(B1, "summary", "summary")) == "'summary' is said in B1 already, by P1"
    driver.must(c.BindChat(R1, "web", "local", "console"))
    driver.must(c.IntendPost(BindingId("B2"), "summary", "summary"))
    laws.check(driver.board)


def test_a_post_is_settled_once_by_a_name_or_a_reason():
    driver = bound()
    driver.must(c.IntendPost(B1, "summary", "summary"))
    assert list(driver.board.chat.unsettled) == [P1]
    for order in (c.SettlePost(P1), c.SettlePost(P1, message="1", dead="gone")):
        assert driver.refusal(order) == "P1 is settled by the name of its message, or by why it has none"
    driver.must(c.SettlePost(P1, message="1719.2"))
    assert driver.refusal(c.SettlePost(P1, dead="gone")) == "P1 is settled already"
    assert not driver.board.chat.unsettled


def test_a_question_is_asked_again_only_while_it_is_open():
    driver = bound()
    name = fail_until_asked(driver, "T3")
    driver.must(c.RemindDecision(name))
    driver.must(c.RemindDecision(name))
    assert driver.decision(name).reminders == 2
    driver.must(c.CancelRun(R1), ALICE)
    assert driver.refusal(c.RemindDecision(name)) == f"{name} is not open; nobody needs to be reminded"


def test_an_unknown_question_is_not_posted():
    assert bound().refusal(c.IntendPost(B1, "decision", "decision D9", about=DecisionId("D9"))) == (
        "there is no question D9"
    )


def test_the_end_of_a_run_can_be_told():
    driver = bound()
    driver.must(c.CancelRun(R1), ALICE)
    driver.must(c.IntendPost(B1, "summary", "summary"))
    driver.must(c.UnbindChat(B1, "done"))
    laws.check(driver.board)


def test_chat_changes_no_task_and_no_run():
    driver = planned_run(planned("a"))
    before = (driver.run(), driver.task("T3"))
    driver.must(c.BindChat(R1, "slack", "T1", "C9"))
    driver.must(c.IntendPost(B1, "summary", "summary"))
    assert (driver.run(), driver.task("T3")) == before
