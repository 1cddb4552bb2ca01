"""Turns that are over and not written yet: seen by whoever looks on, gone when the state branch has them."""

import asyncio

import msgspec
import pytest

from engine.agent.outcome import Turn
from engine.model.types import Message
from engine.notebook import MAX_TURNS, Notebook
from engine.unwritten import UnwrittenTurns
from engine.work import LogBatch

LABEL = "R1/T3/a2"


def turn(number: int) -> Turn:
    return Turn(number, 0, (Message("user", f"secret {number}"),))


def numbers(lines: tuple[bytes, ...]) -> list[int]:
    return [msgspec.json.decode(line, type=Turn).number for line in lines]


def test_a_turn_is_told_redacted_until_its_batch_is_written():
    turns, seen = UnwrittenTurns(), list[tuple[int, ...]]()

    async def journal(batch: LogBatch) -> None:
        # Still told while it is being written: between here and the branch nobody may find nothing.
        seen.append(tuple(numbers(turns.lines(LABEL))))

    async def story() -> None:
        notebook = Notebook(journal, lambda text: text.replace("secret", "[redacted]"), page=turns.page(LABEL))
        for number in range(MAX_TURNS + 2):
            await notebook.write(turn(number))
        assert numbers(turns.lines(LABEL)) == [MAX_TURNS, MAX_TURNS + 1]
        assert b"secret" not in b"".join(turns.lines(LABEL))
        await notebook.flush()

    asyncio.run(story())
    assert seen == [tuple(range(MAX_TURNS)), (MAX_TURNS, MAX_TURNS + 1)]
    assert turns.lines(LABEL) == ()


def test_a_journal_that_fails_leaves_nothing_told():
    turns = UnwrittenTurns()

    async def journal(_: LogBatch) -> None:
        raise OSError("full")

    async def story() -> None:
        notebook = Notebook(journal, str, page=turns.page(LABEL))
        await notebook.write(turn(1))
        with pytest.raises(OSError, match="full"):
            await notebook.flush()

    asyncio.run(story())
    assert turns.lines(LABEL) == ()


def test_a_listener_hears_what_waits_and_what_comes_of_its_own_task_alone():
    turns, heard = UnwrittenTurns(), list[tuple[str, bytes]]()
    turns.page(LABEL).add(b"1")
    turns.page("R1/T30/a1").add(b"other")
    stop = turns.listen("T3", lambda label, line: heard.append((label, line)))
    turns.page(f"{LABEL}/review").add(b"2")
    stop()
    turns.page(LABEL).add(b"3")
    assert heard == [(LABEL, b"1"), (f"{LABEL}/review", b"2")]
