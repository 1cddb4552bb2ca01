"""A whole bot on the strict local Slack: what goes wrong there costs nobody an answer, and no card its truth."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from bot.port import Place
from bot.rendering import card_of
from bot.shown import shown
from engine.core.ids import RunId
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import OPENING, READS, WritingDriver
from tests.adapters.slack.platform import SlackPlatform
from tests.bot.story import middle
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.slack.workspace import TEAM
from tests.fakes.talk import ALICE, BOB, Talk, rules_of, talking
from tests.stories.test_conversation_crash import crew as crew_that_asks
from tests.stories.test_conversation_crash import questions


def told(
    story: Callable[[Talk, SlackPlatform], Awaitable[None]], crew: ScriptedCrew, *, is_socket: bool = True
) -> None:
    """Play it; everywhere in the workspace is allowed."""
    platform = SlackPlatform(is_socket=is_socket)
    rules = msgspec.structs.replace(rules_of(platform), places=("slack:*",))

    async def main() -> None:
        async with talking(crew, platform, rules=rules) as talk:
            await story(talk, platform)

    run(main())
    assert platform.objections() == []


def _is_right(talk: Talk, platform: SlackPlatform) -> bool:
    assert platform.adapter is not None
    card = card_of(talk.board, RunId("R1"))
    return platform.text(platform.card()) == shown(card, platform.adapter.chat.caps).text


def test_limits_and_bad_gateways_cost_no_card_its_last_word():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        await talk.types(ALICE, "start it")
        await talk.until(lambda: bool(platform.names("")))
        for method in ("chat.update", "chat.postMessage", "conversations.replies"):
            platform.api.faults.answers(method, 429, retry_after_s=7)
            platform.api.faults.answers(method, 503, times=3)
            platform.api.faults.answers_nonsense(method)
        await talk.until(lambda: talk.says("R1 is completed") != "")
        await talk.quiet(60)
        assert _is_right(talk, platform)
        assert len(platform.names("")) == 1

    told(story, ScriptedCrew((planned("a"), planned("b", "a"))))


def test_answers_that_are_lost_all_along_double_nothing():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        platform.api.faults.drops_after("chat.postMessage", times=4)
        platform.api.faults.drops_before("conversations.replies", times=2)
        await talk.types(ALICE, "start it")
        await talk.until(lambda: talk.says("R1 is completed") != "")
        await talk.quiet(120)
        assert len(platform.names("")) == 1
        keys = [str(post.metadata) for post in platform.space.posts if post.is_mine]
        assert len(keys) == len(set(keys))
        assert _is_right(talk, platform)

    told(story, ScriptedCrew((planned("a"), planned("b", "a"))))


@pytest.mark.parametrize("is_socket", [True, False], ids=["socket", "http"])
def test_of_two_clicks_that_come_in_another_order_one_decides(is_socket: bool):
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        await talk.types(ALICE, "start it")
        await talk.until(lambda: bool(questions(platform)))
        button = platform.button("retry", on=questions(platform)[0])
        assert platform.slack is not None
        platform.slack.deliveries.hold()
        async with asyncio.TaskGroup() as tasks:
            clicks = [tasks.create_task(platform.presses(who, button)) for who in (ALICE, BOB)]
            await talk.quiet(1)
            await platform.slack.deliveries.release(is_reversed=True)
        late, first = [task.result() for task in clicks]
        assert first.startswith(f"D1 is decided by {platform.who(BOB)}: retry")
        assert late.startswith(f"D1 is decided: retry, by {platform.who(BOB)}")

    told(story, crew_that_asks(), is_socket=is_socket)


def test_what_is_asked_faster_than_slack_takes_answers_is_answered_all_the_same():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        alice = platform.person(ALICE)
        direct = platform.space.direct(alice.id)
        for text in ("list", "help", "budget"):
            await alice.says(text, direct)
        await talk.quiet(10)
        said = [post for post in platform.space.posts if post.is_mine and post.channel == direct.id]
        assert len(said) == 3

    told(story, ScriptedCrew((planned("a"),)))


def test_a_run_that_is_started_in_a_direct_message_is_told_of_there():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        alice = platform.person(ALICE)
        direct = platform.space.direct(alice.id)
        await alice.says("start it", direct)
        await talk.until(lambda: talk.says("R1 is completed") != "")
        assert platform.place_of(talk.says("R1 is completed")) == Place("slack", TEAM, direct.id)

    told(story, ScriptedCrew((planned("a"),)))


def test_a_click_while_the_bot_is_away_fails_and_can_be_made_again():
    log, platform = MemoryLog(), SlackPlatform(is_socket=True)

    async def first() -> None:
        async with talking(crew_that_asks(), platform, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(questions(platform)))
            assert platform.slack is not None
            platform.slack.sockets.fall_silent()
            bob = platform.person(BOB)
            assert not (await bob.presses(bob.sees("retry", platform.post(questions(platform)[0])))).is_acked
            assert bob.warnings == ["this app did not respond"]

    async def second() -> None:
        async with talking(crew_that_asks(), platform, log=log) as talk:
            assert (await talk.clicks(BOB, "retry", on=questions(platform)[0])).startswith("D1 is decided by")

    run(first())
    run(second())


def test_a_right_that_was_taken_away_holds_the_thread_up_and_loses_nothing():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        await talk.types(ALICE, "start it")
        await talk.until(lambda: bool(platform.names("")))
        platform.api.scopes -= {"chat:write"}
        await talk.until(lambda: talk.board.runs[RunId("R1")].state == "completed")
        await talk.quiet(300)
        assert talk.says("R1 is completed") == ""
        platform.api.scopes |= {"chat:write"}
        await talk.until(lambda: talk.says("R1 is completed") != "", limit_s=240)
        await talk.quiet(60)
        assert _is_right(talk, platform)

    told(story, ScriptedCrew((planned("a"), planned("b", "a"))))


def test_a_channel_that_the_bot_is_not_in_parks_its_run_there():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        told = await talk.types(ALICE, "start it", place=platform.elsewhere)
        assert told.startswith("R1 started")
        await talk.until(lambda: talk.board.runs[RunId("R1")].state == "completed")
        await talk.quiet(60)
        (binding,) = talk.board.chat.bindings.values()
        assert "invite me" in binding.ended
        assert platform.names() == []

    told(story, ScriptedCrew((planned("a"),)))


def test_a_picture_that_takes_its_time_makes_nobody_wait_for_slack():
    async def story(talk: Talk, platform: SlackPlatform) -> None:
        platform.latency(0.4)
        await talk.types(ALICE, "start it")
        await talk.until(lambda: talk.says("R1 is completed") != "")
        await talk.quiet(60)
        assert any(post.blocks[0]["type"] == "image" for post in platform.space.posts)
        assert platform.api.rates.turned == []

    told(story, ScriptedCrew((planned("a"), planned("b", "a"))))


def test_a_log_that_is_cut_is_whole_in_the_thread_and_the_answer_names_the_file():
    platform = SlackPlatform(is_socket=True)
    log, driver = MemoryLog(), middle(WritingDriver())
    driver.converse("T5", OPENING, READS)
    log.append(driver.entries)

    async def main() -> None:
        async with talking(ScriptedCrew(()), platform, log=log) as talk:
            await talk.types(ALICE, "bind R1")
            await talk.until(lambda: bool(platform.names("")))
            await talk.quiet()
            thread = platform.card()
            for _ in range(2):
                told = await talk.mentions(ALICE, "logs T5 --attempt 2", thread)
                assert told.splitlines()[0] == "T5 attempt 2 · coder, 2 turns so far"
                assert told.splitlines()[-1] == "all of it: T5-attempt-2.txt in the thread of its run"
            (shown_by,) = [post for post in platform.space.posts if post.files]
            assert (shown_by.thread_ts, shown_by.text) == (thread, "T5 attempt 2 · coder, 2 turns so far")
            content = platform.space.files[shown_by.files[0]["id"]].content
            assert content is not None
            assert content.decode().startswith("> # Task T5\n> Do it.\n")
            assert content.decode().endswith("│ 30: line\n")

    run(main())
    assert platform.objections() == []
