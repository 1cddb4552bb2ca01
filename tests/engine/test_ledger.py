"""The ledger: one writer, answers only after durability, loud when it can't write, and clean texts alone."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.core.ids import RunId
from engine.ledger import MAX_DETAIL_CHARS, PUBLISH_AFTER_S, Ledger, LedgerStopped, author, redacted
from engine.recovery import load_board
from engine.redaction import Redactor
from engine.store.errors import AppendFailed
from engine.store.memory import MemoryLog
from tests.fakes.jumping import LoopClock, passes, run

START = c.StartRun("make it so", "main", "b" * 40, RunConfig("m"), "cli:alice")
SECRET = "sk-planted-0123456789abcdef"


def ledger_on(log: MemoryLog) -> Ledger:
    return Ledger(log, load_board(log), LoopClock(), Redactor((SECRET,)).text)


async def end_of(ledger: Ledger) -> Exception:
    """What the writer ended with."""
    try:
        await ledger.run()
    except Exception as error:  # noqa: BLE001 - the test is about which
        return error
    raise AssertionError("the writer never ends by itself")


async def is_refused(ledger: Ledger) -> bool:
    """Whether an order meets a writer that has stopped."""
    try:
        await ledger.submit(START)
    except LedgerStopped:
        return True
    return False


def test_an_answer_is_given_only_after_its_events_are_durable():
    log = MemoryLog()

    async def story() -> None:
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            answer = await ledger.submit(START, "cli:alice")
            assert not isinstance(answer, c.Refused)
            assert [entry.seq for entry in log.entries()] == [record.seq for record in answer]
            writing.cancel()

    run(story())


def test_a_refusal_writes_nothing():
    log = MemoryLog()

    async def story() -> None:
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            assert isinstance(await ledger.submit(c.PauseRun(RunId("R9"))), c.Refused)
            writing.cancel()

    run(story())
    assert log.tip() is None


@pytest.mark.parametrize("error", [OSError("no space left"), ValueError("a bug")])
def test_a_write_that_fails_stops_the_ledger_and_answers_everybody(error: Exception):
    class Broken(MemoryLog):
        def append(self, entries):
            raise error

    async def story() -> None:
        ledger = ledger_on(Broken())
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(end_of(ledger))
            answers = [group.create_task(is_refused(ledger)) for _ in range(3)]
        assert writing.result() is error
        assert all(answer.result() for answer in answers)
        with pytest.raises(LedgerStopped, match=str(error)):
            await ledger.submit(START)

    run(story())


def test_a_bug_in_a_rule_answers_those_who_wait():
    class BrokenBoard(Blackboard):
        def copy(self):
            board = super().copy()
            board.runs = None  # type: ignore[assignment]  # the bug
            return board

    async def story() -> None:
        ledger = Ledger(MemoryLog(), BrokenBoard(), LoopClock(), str)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(end_of(ledger))
            assert await is_refused(ledger)
        assert isinstance(writing.result(), AttributeError)

    run(story())


def test_whoever_waited_for_a_place_in_a_full_queue_is_told_that_the_ledger_stopped():
    class Broken(MemoryLog):
        def append(self, entries):
            raise OSError("no space left")

    async def story() -> None:
        ledger = Ledger(Broken(), Blackboard(), LoopClock(), str, max_queued=1)
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(is_refused(ledger)) for _ in range(200)]
            await asyncio.sleep(0)
            assert isinstance(await end_of(ledger), OSError)
        assert all(task.result() for task in waiting)

    run(story())


def test_a_cancelled_writer_ends_its_write_and_answers_it():
    begun, may_end = threading.Event(), threading.Event()

    class Slow(MemoryLog):
        def append(self, entries):
            begun.set()
            assert may_end.wait(10)
            return super().append(entries)

    async def story() -> None:
        log = Slow()
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            answer = group.create_task(ledger.submit(START, "cli:alice"))
            assert await asyncio.to_thread(begun.wait, 10)
            writing.cancel()
            may_end.set()
            assert not isinstance(await answer, c.Refused)
        assert writing.cancelled()
        assert log.tip() is not None

    asyncio.run(story())


def test_a_watcher_that_raises_stops_the_ledger_and_still_answers():
    async def story() -> None:
        ledger = ledger_on(MemoryLog())

        def broken(*_: object) -> None:
            raise ZeroDivisionError

        ledger.watch(broken)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(end_of(ledger))
            assert not isinstance(await ledger.submit(START, "cli:alice"), c.Refused)
        assert isinstance(writing.result(), ZeroDivisionError)

    run(story())


def test_texts_are_redacted_before_anything_is_decided():
    log = MemoryLog()

    async def story() -> None:
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            start = c.StartRun(f"use {SECRET}", "main", "b" * 40, RunConfig("m"), "cli:alice")
            await ledger.submit(start, "cli:alice")
            writing.cancel()

    run(story())
    assert SECRET not in "".join(entry.event + entry.subject for entry in log.entries())
    assert all(SECRET.encode() not in content for _, content in log.files())


@pytest.mark.parametrize("text", ["\ud800 alone", "a\0b\x1b[31m", "\u2028\n\nOrch-Event: {}", "x" * 100_000])
def test_no_text_of_a_person_or_a_model_stops_the_writer(text: str):
    log = MemoryLog()

    async def story() -> None:
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            await ledger.submit(START, f"cli:{text[:50]}")
            await ledger.submit(c.PauseRun(RunId("R1"), reason=text), "cli:alice")
            await ledger.submit(c.CancelRun(RunId("R1"), reason=text), "cli:alice")
            assert ledger.board.runs[RunId("R1")].state == "cancelled"
            writing.cancel()

    run(story())
    assert load_board(log).runs[RunId("R1")].state == "cancelled"
    assert max(len(entry.event) for entry in log.entries()) < 50_000


def test_a_detail_is_redacted_before_it_is_cut():
    ledger = ledger_on(MemoryLog())
    half = MAX_DETAIL_CHARS // 2
    assert "planted" not in run(ledger.fit("-" * (half - 10) + SECRET + "+" * half * 3))


def test_a_command_without_secrets_is_the_same_object():
    assert redacted(START, Redactor((SECRET,)).text) is START


def test_authors_are_people_by_their_surface_or_roles():
    assert author("coder") == ("orch coder", "coder@orch.invalid")
    assert author("slack:T1:U7") == ("U7 (slack:T1)", "U7@slack.orch.invalid")


class Behind(MemoryLog):
    """A log that shows others nothing before it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.shown: list[int] = []
        self._durable = 0
        self._error = error

    def append(self, entries):
        self._durable += 1
        return super().append(entries)

    @property
    def unpublished(self) -> int:
        return self._durable - len(self.shown)

    def publish(self) -> None:
        if self._error is not None:
            raise self._error
        self.shown += [self._durable] * self.unpublished


def test_what_is_durable_is_published_when_nothing_more_comes():
    log = Behind()

    async def story() -> None:
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            for _ in range(3):
                await ledger.submit(START, "cli:alice")
            assert log.shown == []
            await passes(2 * PUBLISH_AFTER_S)
            assert log.unpublished == 0
            assert log.shown == [3, 3, 3], "all at once"
            writing.cancel()

    run(story())


def test_a_flush_publishes_at_once():
    log = Behind()

    async def story() -> None:
        ledger = ledger_on(log)
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(ledger.run())
            await ledger.submit(START, "cli:alice")
            await ledger.flush()
            assert log.shown == [1]
            writing.cancel()

    run(story())


def test_what_cannot_be_published_stops_the_writer_and_an_answer_stays_true():
    async def story() -> None:
        ledger = ledger_on(Behind(AppendFailed("the disk is full")))
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(end_of(ledger))
            answer = await ledger.submit(START, "cli:alice")
            assert not isinstance(answer, c.Refused)
            await ledger.flush()
        assert isinstance(ending.result(), AppendFailed)
        assert await is_refused(ledger)

    run(story())


def test_an_event_waits_for_nobody_else_s_threads_and_the_loop_for_no_event():
    threads: set[threading.Thread] = set()
    may_end = threading.Event()

    def redact(text: str) -> str:
        threads.add(threading.current_thread())
        return text

    async def story() -> None:
        log = MemoryLog()
        ledger = Ledger(log, load_board(log), LoopClock(), redact)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        async with asyncio.TaskGroup() as group:
            busy = group.create_task(asyncio.to_thread(may_end.wait))
            writing = group.create_task(ledger.run())
            try:
                async with asyncio.timeout(30):
                    assert not isinstance(await ledger.submit(START, "cli:alice"), c.Refused)
                    await ledger.flush()
                assert not busy.done()
            finally:
                may_end.set()
            writing.cancel()

    asyncio.run(story())
    assert threads
    assert threading.main_thread() not in threads
