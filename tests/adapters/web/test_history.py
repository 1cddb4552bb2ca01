"""A conversation page by page: the batches that are written, then the turns that are not yet."""

import asyncio
from contextlib import closing
from pathlib import Path

import msgspec

from adapters.web.history import History, TurnPage
from engine.agent.outcome import Turn
from engine.model.types import Message
from engine.store.gitlog import GitLog
from engine.store.lock import EngineLock
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import OPENING, READS, WritingDriver, repository
from tests.adapters.web.consoles import console, run, story
from tests.bot.story import middle

LABEL = "R1/T5/a2"
SAYS = Turn(2, READS.at_ms + 1_000, (Message("assistant", "The sign is wrong."),))


def page(cursor: str, unwritten: dict[str, Turn], *, is_written: bool = True) -> TurnPage:
    driver = middle(WritingDriver())
    if is_written:
        driver.converse("T5", OPENING, READS)
    log = MemoryLog()
    log.append(driver.entries)
    history = History(log, lambda label: [msgspec.json.encode(unwritten[label])] if label in unwritten else [])
    return asyncio.run(history.turns(driver.task("T5"), 2, cursor))


def test_the_page_after_the_last_batch_has_what_is_not_written_yet_and_stays_where_it_is():
    first = page("work-1", {LABEL: SAYS})
    assert [told.turn.number for told in first.items] == [0, 1]
    assert (first.next, first.again) == (None, "work-2")
    second = page("work-2", {LABEL: SAYS})
    assert [told.turn.number for told in second.items] == [2]
    assert (second.next, second.again) == (None, "work-2")


def test_what_git_was_not_shown_yet_is_shown_before_it_is_read(tmp_path: Path):
    driver = middle(WritingDriver())
    driver.converse("T5", OPENING, READS)
    path = repository(tmp_path / "shop")
    with EngineLock(path, since_ms=0, socket=tmp_path / "orch.sock"), closing(GitLog.open(path)) as engine:
        engine.write_ahead()
        engine.append(driver.entries)
        with closing(History.open(path, lambda _: [], engine.publish)) as history:
            told = asyncio.run(history.turns(driver.task("T5"), 2, "work-1"))
    assert [each.turn.number for each in told.items] == [0, 1]


def test_a_conversation_that_has_just_begun_can_be_read():
    assert [told.turn.number for told in page("work-1", {LABEL: SAYS}, is_written=False).items] == [2]


def test_a_review_that_has_just_begun_is_the_next_page():
    assert page("work-1", {f"{LABEL}/review": SAYS}).next == "work-2"
    assert page("work-2", {f"{LABEL}/review": SAYS}).next == "review-1"
    assert [told.speaker for told in page("review-1", {f"{LABEL}/review": SAYS}).items] == ["review"]


def test_a_turn_that_is_not_written_yet_reaches_a_page_that_has_asked_before():
    said: list[bytes] = []

    async def scene() -> None:
        async with console(story(), unwritten=lambda label: said if label == LABEL else []) as web:
            path, asked = "/runs/R1/tasks/T5/log?attempt=2&cursor=work-2", dict(web.bearer)
            async with web.get(path) as answer:
                assert (await answer.json())["items"] == []
                if tag := answer.headers.get("ETag"):
                    asked["If-None-Match"] = tag
            said.append(msgspec.json.encode(SAYS))
            found = await web.json("GET", path, headers=asked)
            assert [told["turn"]["number"] for told in found["items"]] == [2]

    run(scene())
