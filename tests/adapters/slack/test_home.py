"""The app's home on the strict local Slack: my runs, what needs me, and the buttons that answer it there."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from adapters.slack.home import MAX_BLOCKS, home_payload
from adapters.slack.render import CAPS, message_payload
from bot.cards import DecisionPrompt
from bot.home import MAX_QUESTIONS
from bot.messages import BudgetAlert, Home
from bot.people import PeopleRules
from bot.shown import shown
from tests.adapters.discord.samples import MESSAGES
from tests.adapters.slack.platform import SlackPlatform
from tests.adapters.slack.reading import buttons, read
from tests.fakes.jumping import passes, run
from tests.fakes.slack.person import Person, Seen
from tests.fakes.slack.shapes import faults_of_view
from tests.fakes.talk import ALICE, BOB, EVE, VIC, Talk, rules_of, talking
from tests.stories.test_conversation_decisions import asked, crew_that_asks

Story = Callable[[Talk, SlackPlatform], Awaitable[None]]


def told(story: Story, **more: Any) -> None:
    """Play it with a run of Alice's that will ask; direct messages, and so the page, are allowed."""
    platform = SlackPlatform(is_socket=True)
    rules: PeopleRules = msgspec.structs.replace(rules_of(platform), places=("slack:*",), **more)

    async def main() -> None:
        async with talking(crew_that_asks(), platform, rules=rules) as talk:
            await story(talk, platform)

    run(main())
    assert platform.objections() == []


async def opens(platform: SlackPlatform, name: str) -> Person:
    person = platform.person(name)
    assert (await person.opens_home()).is_acked
    await passes(1)
    return person


async def presses(person: Person, label: str) -> None:
    assert (await person.presses(at_home(person, label))).is_acked
    await passes(1)


def at_home(person: Person, label: str) -> Seen:
    return next(seen for seen in person.controls_at_home() if seen.label == label)


def test_the_page_shows_my_runs_and_what_needs_me_as_its_thread_does():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        question = await asked(talk)
        alice = await opens(platform, ALICE)
        lines = alice.reads_home().split("\n")
        assert lines[0] == "1 question needs you"
        assert lines[-2:] == ["you started 1 run", "R1 waiting human, 2 of 4 done: it"]
        assert "\n".join(lines[1:-2]) == platform.text(question)
        assert [seen.label for seen in alice.controls_at_home()] == [b.label for b in platform.buttons(question)]

    told(story)


def test_each_person_has_a_page_of_their_own():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        await asked(talk)
        bob, vic, eve = [await opens(platform, name) for name in (BOB, VIC, EVE)]
        assert bob.reads_home().startswith("1 question needs you\nD1 needs you")
        assert bob.reads_home().endswith("you have started no run yet")
        assert vic.reads_home() == "nothing needs you\nyou have started no run yet"
        assert "have no role here" in eve.reads_home()
        assert not vic.controls_at_home()
        assert not eve.controls_at_home()

    told(story)


def test_a_click_on_the_page_answers_and_the_page_says_so():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        question = await asked(talk)
        bob = await opens(platform, BOB)
        await presses(bob, "retry")
        lines = bob.reads_home().split("\n")
        assert lines[0] == f"D1 is decided by {platform.who(BOB)}: retry"
        assert lines[-2:] == ["nothing needs you", "you have started no run yet"]
        await talk.until(lambda: f"decided by {platform.who(BOB)}" in platform.text(question))
        assert not bob.told_alone()

    told(story)


def test_a_form_that_the_page_brought_up_is_answered_on_the_page():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        await asked(talk)
        bob = await opens(platform, BOB)
        await presses(bob, "retry with changes")
        await bob.fills_in({"changes": "read the manual"})
        await passes(1)
        assert bob.reads_home().startswith(
            f"D1 is decided by {platform.who(BOB)}: retry with changes (read the manual)"
        )
        await talk.until(lambda: talk.says("R1 is completed") != "")
        alice = await opens(platform, ALICE)
        assert alice.reads_home().split("\n")[0] == "nothing needs you"
        assert "R1 completed" in alice.reads_home()

    told(story)


def test_a_click_on_a_page_that_is_old_says_what_became_of_it():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        question = await asked(talk)
        alice, bob = await opens(platform, ALICE), await opens(platform, BOB)
        old = at_home(bob, "retry")
        await talk.clicks(ALICE, "abandon", on=question)
        await talk.fills_in(ALICE, {"then": "cascade"})
        await bob.presses(old)
        await passes(1)
        assert bob.reads_home().startswith(f"D1 is decided: abandon, by {platform.who(ALICE)} at ")
        assert "nothing needs you" in bob.reads_home()
        assert "D1 needs you" in alice.reads_home()
        await opens(platform, ALICE)
        assert "D1 needs you" not in alice.reads_home()

    told(story)


def test_who_approves_by_a_group_is_known_on_the_page_though_it_takes_no_role_to_open_it():
    platform_group = "slack:T1:SOPS"

    async def story(talk: Talk, platform: SlackPlatform) -> None:
        assert platform.joins(VIC, "ops") == platform_group
        await asked(talk)
        vic = await opens(platform, VIC)
        assert vic.reads_home().startswith("1 question needs you")

    told(story, approvers=(platform_group,), operators=("slack:*",))


def test_a_form_that_comes_too_late_leaves_the_page_as_it_is():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        await asked(talk)
        bob = await opens(platform, BOB)
        page = bob.reads_home()
        platform.api.faults.refuses("views.open", "expired_trigger_id")
        await presses(bob, "retry with changes")
        assert bob.reads_home() == page
        direct = platform.space.direct(bob.id)
        assert any("click again" in post.text for post in platform.space.posts if post.channel == direct.id)

    told(story)


def test_a_full_page_is_within_the_limits_of_a_view():
    question = MESSAGES["budget"]
    assert isinstance(question, BudgetAlert)
    page = Home(
        "99 questions need you", (question,) * MAX_QUESTIONS, "… more", "runs", ("R1 running",) * 15, "… more", "x"
    )
    view = home_payload(page, "D1")
    assert faults_of_view(view) == []
    assert len(view["blocks"]) < MAX_BLOCKS
    assert view["blocks"][-1]["elements"][-1]["text"] == "… more"


def test_a_question_on_the_page_is_drawn_as_in_its_thread():
    question = MESSAGES["question"]
    assert isinstance(question, DecisionPrompt)
    view = home_payload(Home("1 question needs you", (question,), "", "you started 1 run", ("R1 running",)), "D1")
    thread = message_payload(question)["blocks"]
    assert shown(question, CAPS).text in read(view["blocks"])
    assert buttons(view["blocks"]) == buttons(thread)
