"""A person starts a run in a channel, steers it, and reads how it goes."""

import asyncio

import msgspec
import pytest

from engine.core.ids import RunId, TaskId
from engine.work import Deferred
from tests.fakes.chat import MemoryChat
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.memory_platform import MemoryPlatform
from tests.fakes.platforms import Platform
from tests.fakes.talk import ALICE, BOB, EVE, VIC, rules_of, talking


def test_a_run_from_the_asking_to_the_summary(chat: Platform):
    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"), planned("b", "a"))), chat) as talk:
            told = await talk.types(ALICE, 'start "make the failing tests pass"')
            assert told == "R1 started on main; its thread tells how it goes"
            await talk.until(lambda: talk.says("R1 is completed") != "")
            assert chat.screen() == [
                "R1 completed: make the failing tests pass\n"
                "4 of 4 tasks done, 2 landed\n"
                "main · the pilot (rules, not an LLM) · bubblewrap\n"
                "! no gate: nothing checks the merged work; add [[gate]] to orch.toml\n"
                "T1 complete: Write the spec and split the work (planned 1 task)\n"
                "T2 complete: Plan it (planned 2 tasks)\n"
                "T3 complete: Task a (landed as cccccccc)\n"
                "T4 complete: Task b (landed as cccccccc)"
            ]
            picture, digest, end, summary = chat.thread()
            assert picture.splitlines()[1:] == [
                "1. T1 complete", "2. T2 complete (after T1)", "3. T3 complete (after T2)", "4. T4 complete (after T3)",
            ]  # fmt: skip
            assert digest == (
                "R1 has a spec: as asked\n"
                "T1 complete: planned 1 task\n"
                "T2 complete: planned 2 tasks\n"
                "T3 complete: landed as cccccccc on main\n"
                "T4 complete: landed as cccccccc on main"
            )
            assert end == picture
            assert summary == (
                "R1 is completed after 0:00: 2 changes landed on main, no gate checked it\n"
                "  cccccccc T3 Task a\n"
                "  cccccccc T4 Task b\n"
                "  the story: git log orch-state\n"
                "  the proof: orch verify"
            )

    run(story())


def test_a_delivery_that_comes_twice_starts_one_run(chat: Platform):
    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"),)), chat) as talk:
            await talk.types(ALICE, "start one thing", deed="d1")
            assert await talk.types(ALICE, "start one thing", deed="d1") == ""
            assert list(talk.board.runs) == ["R1"]

    run(story())


def test_pause_and_resume_in_the_thread_need_no_name(chat: Platform):
    crew = ScriptedCrew((planned("a"), planned("b", "a")))
    crew.waits["Task a"] = asyncio.Event()

    async def story() -> None:
        async with talking(crew, chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: talk.says("T3 active") != "")
            assert await talk.mentions(ALICE, "pause lunch", chat.card()) == "R1 is paused: lunch"
            assert await talk.mentions(ALICE, "pause", chat.card()) == "R1 is paused already; `resume` starts it again"
            await talk.until(lambda: "R1 paused" in chat.screen()[0])
            assert [button.label for button in chat.buttons(chat.card())] == ["resume", "graph", "cancel"]
            assert await talk.clicks(BOB, "resume", on=chat.card()) == "R1 goes on"
            crew.waits["Task a"].set()
            await talk.until(lambda: talk.says("R1 is completed") != "")

    run(story())


def test_reading_commands(chat: Platform):
    crew = ScriptedCrew((planned("a"), planned("b", "a")))
    crew.waits["Task a"] = asyncio.Event()

    async def story() -> None:
        async with talking(crew, chat) as talk:
            assert await talk.types(ALICE, "") == "nothing needs you"
            assert await talk.types(ALICE, "list") == 'no run yet; `orch start "<objective>"` begins one'
            await talk.types(ALICE, "start round the cents")
            await talk.until(lambda: talk.says("T3 active") != "")
            assert await talk.types(ALICE, "") == "nothing needs you\nR1 running, 2 of 4 done: round the cents"
            assert await talk.types(ALICE, "list") == "runs\nR1 running, 2 of 4 done: round the cents"
            assert (await talk.types(ALICE, "show")).startswith("R1 running: round the cents\n2 of 4 tasks done")
            assert (await talk.types(ALICE, "why T4")).startswith("T4 planned: Task b (waits for T3)\n")
            asked = await talk.types(ALICE, "ask why does t4 not begin?")
            assert asked.endswith("read from the board and the log; no model was asked")
            assert "T4 planned: Task b (waits for T3)" in asked
            history = await talk.types(ALICE, "history T3")
            assert history.splitlines()[0] == "T3 on orch-state, newest last"
            assert history.splitlines()[-2].endswith("T3 ready -> active (attempt 1) by coder")
            config = await talk.types(ALICE, "config")
            assert f"told of in {chat.place}" in config
            assert "the pilot (rules, not an LLM)" in config
            assert await talk.types(ALICE, "budget") == "R1 has spent\nnothing yet"
            assert await talk.types(ALICE, "logs T3") == (
                "attempt 1 of T3 has written no conversation yet; it is written in batches of 16 turns"
            )
            assert (await talk.types(ALICE, "graph")).splitlines()[3] == "3. T3 active (after T2)"
            assert (await talk.types(ALICE, "help link")).splitlines()[1] == (
                "link <task> <after>: let a task wait for another"
            )

    run(story())


def test_steering_commands(chat: Platform):
    crew = ScriptedCrew((planned("a"), planned("b", "a"), planned("c")))
    crew.waits = {f"Task {name}": asyncio.Event() for name in "abc"}

    async def story() -> None:
        async with talking(crew, chat) as talk:
            await talk.types(ALICE, "start it --budget 2")
            await talk.until(lambda: talk.says("T5 active") != "")
            assert await talk.types(ALICE, "link T4 T5") == "T4 now waits for T3, T5"
            assert await talk.types(ALICE, "link T3 T4") == (
                "T3 is active: interrupt it before its dependencies change"
            )
            assert await talk.types(ALICE, "unlink T4 T5") == "T4 now waits for T3"
            assert await talk.types(ALICE, "retry T3 use the table") == (
                "D1 needs you: T3 (Task a) is to be tried again\n"
                f"D1 is decided by {chat.who(ALICE)}: retry with changes (use the table)\n"
                "T3 is tried again, with changes: use the table"
            )
            assert await talk.types(ALICE, "budget 5") == "R1 may spend 5 USD"
            assert await talk.types(ALICE, "budget 1") == "the cap is 5 USD now; name a higher one"
            spawned = await talk.types(ALICE, 'spawn "Write it down" --check "grep x README.md" --after T5 --retries 1')
            assert spawned == "T6 planned for a coder, after T5: Write it down"
            assert talk.board.tasks[TaskId("T6")].max_retries == 1
            assert "--check" in await talk.types(ALICE, "spawn Write it")
            assert await talk.types(ALICE, "abandon T5") == (
                "these tasks wait for T5: T6. Say what becomes of them: cascade (abandon them too), drop (they no longer "
                "wait for it) or replan (a planner replaces them)"
            )
            assert (await talk.types(ALICE, "abandon T5 --then cascade")).startswith(
                "T5 abandoned: a person gave it up"
            )
            assert (await talk.types(ALICE, "interrupt T3 wrong file")).startswith(
                "D2 needs you: T3 (Task a) was interrupted: wrong file. What now?"
            )
            assert (await talk.types(ALICE, "replan only a")).splitlines()[-2] == (
                "T7 planned for a planner: Plan R1 anew"
            )
            assert await talk.types(ALICE, "cancel R1 we buy it") != ""
            await talk.until(lambda: talk.says("R1 was cancelled") != "")
            restarted = await talk.types(ALICE, "restart R1")
            assert restarted == "R1 is over, so R2 begins with the same objective"

    run(story())


def test_a_run_that_is_over_begins_anew_with_all_that_was_asked_for(chat: Platform):
    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"),)), chat) as talk:
            await talk.types(ALICE, "start it --base dev --budget 1234567.8901 --workers 3 --plan-first yes")
            await talk.until(lambda: talk.says("Shall it begin?") != "")
            await talk.types(ALICE, "cancel R1")
            assert await talk.types(ALICE, "restart R1") == "R1 is over, so R2 begins with the same objective"
            first, second = (talk.board.runs[RunId(name)] for name in ("R1", "R2"))
            assert (second.objective, second.branch, second.config) == (first.objective, first.branch, first.config)
            assert second.config.plan_first
            await talk.until(lambda: talk.says("The plan of R2 has 1 task. Shall it begin?") != "")

    run(story())


def test_a_run_is_told_of_in_two_places_until_it_is_unbound(chat: Platform):
    web = MemoryPlatform(MemoryChat("web"), "local", "console")
    crew = ScriptedCrew((planned("a"),))
    crew.waits["Task a"] = asyncio.Event()

    async def story() -> None:
        async with talking(crew, chat, web) as talk:
            await talk.types(ALICE, "start it")
            assert (
                await talk.types(ALICE, f"bind R1 --to {web.place}") == "R1 is told of in web:local:console from now on"
            )
            assert await talk.types(ALICE, f"bind R1 --to {web.place}") == "R1 is bound to web:local:console already"
            assert await talk.types(ALICE, "bind --to nowhere") == ("'nowhere' is no channel; name it like slack:T1:C9")
            assert await talk.types(ALICE, "bind --to irc:G1:9") == (
                f"irc is not connected here; connected: {chat.name} and web"
            )
            await talk.until(lambda: bool(web.screen()))
            assert await talk.types(ALICE, "unbind R1") == f"R1 is no longer told of in {chat.place}"
            again = await talk.types(ALICE, "unbind R1")
            assert again == f"R1 is not bound to {chat.place}; `config R1` says where it is told of"
            crew.waits["Task a"].set()
            await talk.until(lambda: any("R1 is completed" in text for text in web.thread()))
            assert talk.says("R1 is completed") == ""

    run(story())


def test_strangers_and_strange_places_are_turned_away_in_private(chat: Platform):
    async def story() -> None:
        async with talking(ScriptedCrew((planned("a"),)), chat) as talk:
            assert await talk.types(EVE, "start it") == (
                f"you ({chat.who(EVE)}) have no role here; an admin adds you to [people] in the settings"
            )
            assert await talk.types(EVE, "strat it") == (
                f"you ({chat.who(EVE)}) have no role here; an admin adds you to [people] in the settings"
            )
            assert await talk.types(VIC, "start it") == (
                f"`start` needs the role operator, and you ({chat.who(VIC)}) are a viewer; an admin can change that"
            )
            assert await talk.types(ALICE, "start it", place=chat.elsewhere) == (
                f"I am not set up for this channel ({chat.elsewhere}); an admin adds it to [people] places in the settings"
            )
            assert not talk.board.runs
            assert chat.names() == []

    run(story())


def test_a_group_gives_a_role(chat: Platform):
    async def story() -> None:
        rules = msgspec.structs.replace(rules_of(chat), operators=(chat.joins(EVE, "crew"),))
        async with talking(ScriptedCrew((planned("a"),)), chat, rules=rules) as talk:
            assert (await talk.types(EVE, "start it")).startswith("R1 started")
            assert talk.board.runs[next(iter(talk.board.runs))].created_by == chat.who(EVE)

    run(story())


@pytest.mark.parametrize("typed", [True, False])
def test_work_that_could_not_be_reviewed_is_reviewed_again_by_a_word_or_a_click(chat: Platform, typed: bool):
    crew = ScriptedCrew((planned("a"),))
    crew.reviews["Task a"] = Deferred("model_error", "401: the key is expired", is_final=True)

    async def story() -> None:
        async with talking(crew, chat) as talk:
            await talk.types(ALICE, "start it")
            await talk.until(lambda: talk.says("D1 needs you") != "")
            question = talk.says("D1 needs you")
            assert "1. review again: the reviewer can be reached again: review the work that is there" in chat.text(
                question
            )
            crew.reviews.clear()
            told = await (talk.types(BOB, "resume D1") if typed else talk.clicks(BOB, "review again", on=question))
            assert told.splitlines()[0] == f"D1 is decided by {chat.who(BOB)}: review again"
            await talk.until(lambda: talk.says("R1 is completed") != "")
            assert crew.log == ["start Task a a1"]

    run(story())
