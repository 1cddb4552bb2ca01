"""Who may do what: nobody, unless it was said."""

import msgspec
import pytest

from bot.people import LADDER, People, PeopleRules, Role
from bot.port import Actor, Place
from engine.core.entities import Run
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import ALICE, start_run

BOB = Actor("discord:G1:9", "Bob")


def run_of_alice() -> Run:
    driver = CoreDriver()
    start_run(driver)
    return driver.run()


def test_without_rules_nobody_may_do_anything_anywhere():
    people = People(PeopleRules())
    assert people.role_of(Actor(ALICE, "Alice")) is None
    assert not people.may(Actor(ALICE, "Alice"), "viewer")
    assert not people.allows(Place("slack", "T1", "C9"))
    assert not people.may_decide(Actor(ALICE, "Alice"), run_of_alice())


@pytest.mark.parametrize("role", LADDER)
def test_a_role_may_do_what_those_before_it_may(role: Role):
    people = People(msgspec.structs.replace(PeopleRules(), **{f"{role}s": (BOB.id,)}))
    at = LADDER.index(role)
    assert [people.may(BOB, each) for each in LADDER] == [index <= at for index in range(len(LADDER))]


def test_a_group_or_a_whole_platform_can_have_a_role():
    people = People(PeopleRules(viewers=("discord:*",), approvers=("slack:T1:S3",)))
    assert people.role_of(BOB) == "viewer"
    assert people.role_of(Actor("slack:T1:U1", "x", ("slack:T1:S3",))) == "approver"
    assert people.role_of(Actor("slack:T1:U1", "x")) is None


def test_an_entry_is_no_prefix_unless_it_says_so():
    people = People(PeopleRules(admins=("slack:T1:U7",), places=("slack:T1:C1",)))
    assert people.role_of(Actor("slack:T1:U77", "x")) is None
    assert not people.allows(Place("slack", "T1", "C12"))


def test_a_linked_account_has_its_persons_role():
    people = People(PeopleRules(approvers=(ALICE,), links={BOB.id: ALICE}))
    assert people.role_of(BOB) == "approver"
    assert people.person(BOB.id) == ALICE


def test_who_started_a_run_may_answer_it_where_that_is_allowed():
    actor = Actor(ALICE, "Alice")
    assert People(PeopleRules(operators=(ALICE,))).may_decide(actor, run_of_alice())
    assert not People(PeopleRules(operators=(ALICE,), starter_decides=False)).may_decide(actor, run_of_alice())
    assert not People(PeopleRules(operators=(BOB.id,))).may_decide(BOB, run_of_alice())
