"""The notebook and the journal: no turn is lost, none is written twice, none with a secret."""

import asyncio

import msgspec
import pytest

from engine.agent.outcome import Turn
from engine.core import commands as c
from engine.core.entities import Run, RunConfig
from engine.journal import journal_for
from engine.ledger import Ledger
from engine.model.types import Message, ToolCall, Usage
from engine.notebook import MAX_TURNS, Notebook, spend_of
from engine.recovery import load_board
from engine.store.memory import MemoryLog
from engine.work import Job, LogBatch
from tests.fakes.jumping import LoopClock, passes, run

Turns = list[LogBatch]


def turn(number: int, text: str = "hello", cost_usd: float | None = 0.001) -> Turn:
    return Turn(number, 0, (Message("user", text),), Usage(100, 10), cost_usd)


def hidden(text: str) -> str:
    return text.replace("secret", "[redacted]")


def numbers(batches: Turns) -> list[int]:
    return [msgspec.json.decode(line, type=Turn).number for batch in batches for line in batch.content.splitlines()]


def test_full_batches_are_passed_on_and_the_rest_at_the_end():
    batches: Turns = []

    async def story() -> None:
        async def journal(batch: LogBatch) -> None:
            batches.append(batch)

        notebook = Notebook(journal, hidden)
        for number in range(MAX_TURNS + 3):
            await notebook.write(turn(number))
        await notebook.flush()
        await notebook.flush()

    run(story())
    assert [batch.turns for batch in batches] == [MAX_TURNS, 3]
    assert numbers(batches) == list(range(MAX_TURNS + 3))
    assert batches[1].spend.tokens == 330


def test_a_turn_of_many_kilobytes_is_passed_on_at_once():
    batches: Turns = []

    async def story() -> None:
        async def journal(batch: LogBatch) -> None:
            batches.append(batch)

        await Notebook(journal, hidden).write(turn(1, "x" * 70_000))

    run(story())
    assert len(batches) == 1


def test_a_cancellation_while_a_batch_is_written_loses_no_turn_and_doubles_none():
    batches: Turns = []

    async def story() -> None:
        async def journal(batch: LogBatch) -> None:
            await passes(1)
            batches.append(batch)

        notebook = Notebook(journal, hidden)

        async def agent() -> None:
            try:
                for number in range(100):
                    await notebook.write(turn(number))
            finally:
                await notebook.flush()

        async with asyncio.TaskGroup() as group:
            task = group.create_task(agent())
            await passes(0.5)
            task.cancel()
        assert task.cancelled()

    run(story())
    assert numbers(batches) == list(range(MAX_TURNS))


def test_a_cancellation_while_the_notebook_is_closed_loses_no_turn():
    batches: Turns = []

    async def story() -> None:
        async def journal(batch: LogBatch) -> None:
            await passes(1)
            batches.append(batch)

        notebook = Notebook(journal, hidden)
        await notebook.write(turn(1))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(notebook.flush())
            await passes(0.5)
            task.cancel()

    run(story())
    assert numbers(batches) == [1]


def test_messages_and_arguments_are_redacted():
    batches: Turns = []
    call = Message("assistant", "a secret", (ToolCall("1", "write_file", '{"content": "secret"}'),))

    async def story() -> None:
        async def journal(batch: LogBatch) -> None:
            batches.append(batch)

        notebook = Notebook(journal, hidden)
        await notebook.write(msgspec.structs.replace(turn(1), messages=(call,)))
        await notebook.flush()

    run(story())
    assert b"secret" not in batches[0].content


@pytest.mark.parametrize(("cost", "unpriced"), [(0.5, 0), (None, 110), (0.0, 0)])
def test_an_unknown_price_is_counted_apart_and_never_as_free(cost: float | None, unpriced: int):
    assert spend_of(turn(1, cost_usd=cost)).unpriced_tokens == unpriced


def test_a_second_review_of_the_same_attempt_is_numbered_on():
    log = MemoryLog()

    async def story() -> None:
        ledger = Ledger(log, load_board(log), LoopClock(), str)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            await ledger.submit(c.StartRun("o", "main", "b" * 40, RunConfig("m"), "cli:alice"), "cli:alice")
            (name,) = ledger.board.tasks
            await ledger.submit(c.StartAttempt(name, "b" * 40))
            run_now: Run = ledger.board.runs[ledger.board.tasks[name].run]
            job = Job(run_now, ledger.board.tasks[name], 1, "b" * 40)
            for _ in range(2):
                write = journal_for(ledger, job, actor="strategist", prefix="review-")
                for _ in range(2):
                    await write(LogBatch(b"{}\n", 1, spend_of(turn(1))))
            assert ledger.board.tasks[name].attempts[0].turns == 4
            writing.cancel()

    run(story())
    assert [path.rpartition("/")[2] for path, _ in log.files(under="runs/R1/logs")] == [
        f"review-000{number}.jsonl" for number in (1, 2, 3, 4)
    ]
