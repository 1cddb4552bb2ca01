"""The plug is pulled, the chat goes down, channels are deleted: nothing is said twice, nothing is lost, questions stay open."""

import asyncio
import itertools
import re

import pytest

from bot.bot import Manners
from bot.threads import deed
from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import FileRef, RunConfig, Spend
from engine.core.ids import RunId, TaskId
from engine.store.memory import MemoryLog
from engine.work import Failed, Job, WorkOutcome
from tests.fakes.bench import beating
from tests.fakes.chat import MemoryChat
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import passes, run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.platforms import Platform
from tests.fakes.talk import ALICE, BOB, Talk, talking
from tests.stories.conftest import PLATFORMS


def failing(job: Job) -> WorkOutcome | None:
    return Failed("tests_red", "1 failed") if job.task.title == "Task bad" and not job.task.guidance else None


def crew() -> ScriptedCrew:
    return ScriptedCrew((planned("bad"), planned("after", "bad")), failing)


def questions(chat: Platform) -> list[str]:
    return [name for name in chat.names() if chat.text(name).startswith(("D1 needs you", "D1 still"))]


async def _ends_well(talk: Talk) -> None:
    """One card, one question; it is answered, and the rest is told once."""
    await talk.until(lambda: bool(questions(talk.chat)))
    (question,) = questions(talk.chat)
    await talk.clicks(BOB, "retry with changes", on=question)
    await talk.fills_in(BOB, {"changes": "read the manual"})
    await talk.until(lambda: talk.says("R1 is completed") != "")
    await talk.quiet(120)
    assert len(talk.chat.screen()) == 1
    assert "R1 completed" in talk.chat.screen()[0]
    thread = talk.chat.thread()
    assert len([text for text in thread if "D1 is decided by" in text and "What now?" in text]) == 1
    lines = [line for text in thread for line in text.splitlines()]
    for told in ("T2 complete: planned 2 tasks", "T3 complete: landed as cccccccc on main"):
        assert lines.count(told) == 1, talk.screens()
    assert len([text for text in thread if text.startswith("R1 is completed")]) == 1


@pytest.mark.parametrize(
    ("chat", "seq"),
    [(name, seq) for name in PLATFORMS for seq in range(1, 60, 1 if name == "memory" else 7)],
    indirect=["chat"],
)
def test_the_plug_pulled_after_any_event_doubles_nothing_and_loses_nothing(seq: int, chat: Platform):
    log = MemoryLog()

    async def first() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.heart.until(lambda board: board.seq >= seq or bool(board.open_decisions))
            if seq > 50:
                await talk.quiet((seq - 50) * 0.7)

    async def second() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await _ends_well(talk)

    run(first())
    run(second())


def test_sent_but_not_recorded_is_not_sent_again(chat: Platform):
    log = MemoryLog()

    async def first() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(talk.board.chat.bindings) and bool(chat.screen()))
            chat.lose_answers(True)
            await talk.until(lambda: bool(questions(chat)))
            assert any(not post.is_settled for post in talk.board.chat.posts.values())

    async def second() -> None:
        chat.lose_answers(False)
        async with talking(crew(), chat, log=log) as talk:
            await _ends_well(talk)

    run(first())
    run(second())


def test_a_question_that_was_answered_while_the_bot_was_away_shows_its_outcome(chat: Platform):
    log = MemoryLog()

    async def first() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(questions(chat)))
            await talk.quiet()
            chat.down_until(1e9)
            await talk.heart.order(c.AnswerDecision(next(iter(talk.board.open_decisions)), "retry", BOB, "now"))

    async def second() -> None:
        chat.down_until(0.0)
        async with talking(crew(), chat, log=log) as talk:
            await talk.until(lambda: talk.says(f"D1 is decided by {BOB}: retry") != "")
            await talk.until(lambda: talk.says("D2 needs you") != "")

    run(first())
    run(second())


def test_a_question_that_was_answered_on_its_way_shows_its_outcome(chat: Platform):
    log = MemoryLog()

    async def story() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(talk.board.chat.posts))
            chat.latency(5.0)
            await talk.until(lambda: any(not p.is_settled and p.about for p in talk.board.chat.posts.values()))
            await talk.until(lambda: bool(questions(chat)), limit_s=60)
            assert any(not post.is_settled for post in talk.board.chat.posts.values())
            decision = next(iter(talk.board.open_decisions))
            await talk.heart.order(c.AnswerDecision(decision, "retry_with_changes", BOB, "now", "read"))
            await talk.until(lambda: talk.says("What now?\nD1 is decided by") != "", limit_s=120)
            assert not questions(chat)

    run(story())


def test_a_question_that_was_sent_unrecorded_and_answered_since_shows_its_outcome(chat: Platform):
    log = MemoryLog()

    async def first() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(chat.screen()))
            chat.lose_answers(True)
            await talk.until(lambda: bool(questions(chat)))

    async def between() -> None:
        async with beating(crew(), log) as heart:
            decision = next(iter(heart.board.open_decisions))
            await heart.order(c.AnswerDecision(decision, "retry_with_changes", BOB, "now", "read"))

    async def second() -> None:
        chat.lose_answers(False)
        async with talking(crew(), chat, log=log) as talk:
            await talk.until(lambda: talk.says("What now?\nD1 is decided by") != "", limit_s=120)
            assert not questions(chat)

    run(first())
    run(between())
    run(second())


def test_an_edit_that_failed_is_made_when_the_chat_is_back(chat: Platform):
    worker = ScriptedCrew((planned("a"),))
    worker.waits["Task a"] = asyncio.Event()

    async def story() -> None:
        async with talking(worker, chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: talk.says("T3 active") != "")
            await talk.quiet()
            chat.down_until(asyncio.get_running_loop().time() + 20)
            await talk.heart.order(c.PauseRun(RunId("R1")))
            await talk.until(lambda: "R1 paused" in chat.screen()[0], limit_s=60)

    run(story())


def test_a_form_that_was_open_over_a_restart_still_counts(chat: Platform):
    log = MemoryLog()

    async def first() -> None:
        async with talking(crew(), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(questions(chat)))
            await talk.clicks(BOB, "retry with changes", on=questions(chat)[0])

    async def second() -> None:
        async with talking(crew(), chat, log=log) as talk:
            told = await talk.fills_in(BOB, {"changes": "read the manual"})
            assert told.startswith(f"D1 is decided by {chat.who(BOB)}: retry with changes (read the manual)")

    run(first())
    run(second())


def test_a_start_that_was_cut_off_before_it_was_bound_is_told_after_the_restart(chat: Platform):
    log = MemoryLog()

    async def first() -> None:
        async with beating(crew(), log) as heart:
            start = c.StartRun(
                "it", "main", "b" * 40, RunConfig("pilot"), ALICE, dedupe=deed(chat.place, chat.key_of("d1"))
            )
            await heart.ledger.submit(start, ALICE)

    async def second() -> None:
        async with talking(crew(), chat, log=log) as talk:
            assert await talk.types(ALICE, "start it", deed="d1") == "this was already started as R1"
            await talk.until(lambda: bool(chat.screen()))

    run(first())
    run(second())


def test_a_chat_that_is_down_for_an_hour_is_told_everything_when_it_is_back(chat: Platform):
    async def story() -> None:
        async with talking(crew(), chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(chat.screen()))
            chat.down_until(asyncio.get_running_loop().time() + 3_600)
            await talk.heart.until(lambda board: bool(board.open_decisions))
            calls = chat.calls
            await talk.quiet(3_500)
            assert chat.calls - calls < 300
            await talk.until(lambda: bool(questions(chat)), limit_s=160)
            await _ends_well(talk)

    run(story())


def test_a_closed_channel_parks_its_binding_and_the_run_goes_on(chat: Platform):
    web = MemoryPlatform(MemoryChat("web"), "local", "console")

    async def story() -> None:
        async with talking(crew(), chat, web) as talk:
            await talk.types(ALICE, "start it")
            await talk.types(ALICE, "bind R1 --to web:local:console")
            await talk.until(lambda: bool(questions(chat)) and bool(questions(web)))
            chat.close()
            await talk.heart.order(
                c.AnswerDecision(next(iter(talk.board.open_decisions)), "retry_with_changes", BOB, "now", "x")
            )
            await talk.until(lambda: any("R1 is completed" in text for text in web.thread()))
            await talk.quiet()
            assert [bool(binding.ended) for binding in talk.board.chat.bindings.values()] == [True, False]

    run(story())


def test_a_deleted_card_is_let_go_and_the_thread_goes_on(chat: Platform):
    async def story() -> None:
        async with talking(crew(), chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: bool(questions(chat)))
            chat.delete(chat.card())
            await talk.clicks(BOB, "retry with changes", on=questions(chat)[0])
            await talk.fills_in(BOB, {"changes": "x"})
            await talk.until(lambda: talk.says("R1 is completed") != "")

    run(story())


def test_a_thousand_changes_in_a_minute_are_few_edits_of_the_latest_state(chat: Platform):
    worker = ScriptedCrew((planned("a"),))
    worker.waits["Task a"] = asyncio.Event()
    late: list[float] = []

    async def story() -> None:
        async with talking(worker, chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: talk.says("T3 active") != "")
            await talk.quiet()
            card = chat.card()
            edits = len(chat.history(card))
            for number in range(1_000):
                log = c.LogTurns(
                    TaskId("T3"), 1, FileRef(f"runs/R1/logs/T3/a1/{number}.jsonl", "a" * 40, 1), 1, Spend(1)
                )
                await talk.heart.ledger.submit(log)
                await passes(0.06)
                found = re.search(r"([0-9,]+) tokens", chat.text(card))
                shown = int(found[1].replace(",", "")) if found else 0
                late.append((number + 1 - shown) * 0.06)
            assert len(chat.history(card)) - edits <= 60
            assert max(late) <= 3.0
            await talk.quiet(5)
            assert "1,000 tokens" in chat.text(card)
            gaps = [b - a for (a, _), (b, _) in itertools.pairwise(chat.history(card)[1:])]
            assert min(gaps) >= 1 / 0.9 - 0.06

    run(story())


def test_two_runs_in_one_channel_share_its_pace_and_none_starves(chat: Platform):
    async def story() -> None:
        async with talking(ScriptedCrew(tuple(planned(f"x{n}") for n in range(20))), chat) as talk:
            for number in range(4):
                await talk.types(ALICE, f"start thing {number}")
            await talk.until(lambda: all(talk.says(f"R{n} is completed") for n in range(1, 5)), limit_s=120)
            await talk.quiet()
            assert len([text for text in chat.screen() if " completed: " in text]) == 4
            at = sorted(chat.history(name)[0][0] for name in chat.names())
            assert min(b - a for a, b in itertools.pairwise(at)) >= 1.0

    run(story())


def test_every_intent_is_on_the_state_branch_before_it_is_sent_and_edits_are_not(chat: Platform):
    log = MemoryLog()

    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"),)), chat, log=log) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: talk.says("R1 is completed") != "")
            await talk.quiet()

    run(story())
    events = [e.decode(entry.event) for entry in log.entries()]
    intended = [event.post for event in events if isinstance(event, e.PostIntended)]
    settled = [event.post for event in events if isinstance(event, e.PostSettled)]
    assert sorted(intended) == sorted(settled)
    assert len(intended) == len(chat.thread())
    assert sum(isinstance(event, e.ChatEvent) for event in events) == 2 * len(intended) + 2


def test_a_home_is_told_of_runs_that_were_started_elsewhere(chat: Platform):
    async def story() -> None:
        manners = Manners(homes=(chat.home,))
        async with talking(ScriptedCrew((planned("a"),)), chat, manners=manners) as talk:
            await talk.heart.start()
            await talk.until(lambda: talk.says("R1 is completed") != "")
            assert chat.place_of(chat.card()) == chat.home
            assert [binding.run for binding in talk.board.chat.live(RunId("R1"))] == ["R1"]

    run(story())
