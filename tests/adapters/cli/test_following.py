"""Following a run: what ends it, what the live screen asks, what the plain one prints."""

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest

from adapters.cli.follow import exit_code, is_settled, until_settled
from adapters.cli.live import LiveScreen
from adapters.cli.plain import conclude, printing, warn
from engine.clock import from_iso
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.ids import RunId
from tests.adapters.cli.drawn import drawn
from tests.bot.story import middle, over
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import ALICE, CONFIG, begin, fail, fail_until_asked, oid, planned, planned_run

R1 = RunId("R1")
Watcher = Callable[[Sequence[e.Record], Blackboard], None]


class Desk:
    """An engine without its machinery: orders are decided and told, nothing is dispatched."""

    def __init__(self, driver: CoreDriver) -> None:
        self.driver = driver
        self._watchers: list[Watcher] = []

    @property
    def board(self) -> Blackboard:
        return self.driver.board

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    async def order(self, command: c.PeopleCommand) -> Sequence[e.Record] | c.Refused:
        told = self.driver.do(command, "cli:alice")
        for watcher in tuple(self._watchers):
            watcher([] if isinstance(told, c.Refused) else told, self.board)
        return told


def asked() -> CoreDriver:
    """A run with one task, which asks (D1) and is all that is left."""
    driver = planned_run(planned("a"))
    fail_until_asked(driver, "T3")
    return driver


def screen_of(desk: Desk) -> LiveScreen:
    return LiveScreen(desk, [R1], lambda: from_iso("2026-01-01T00:02:00Z"))


def test_lines_typed_at_the_screen_are_answers():
    async def story() -> None:
        desk, answered = Desk(asked()), asyncio.Event()
        screen = screen_of(desk)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            answering = group.create_task(screen.answer(desk.order, "cli:alice", answered.set))
            screen.editor.feed(b"2 read the file\n")
            await answered.wait()
            answering.cancel()
        assert desk.driver.task("T3").guidance == ("read the file",)

    asyncio.run(story())


def test_what_is_no_answer_becomes_a_hint_and_the_next_line_counts():
    async def story() -> None:
        desk = Desk(asked())
        screen = screen_of(desk)
        await screen.take("maybe", desk.order, "cli:alice")
        assert "'maybe' is no answer to D1" in drawn(screen.picture(80, 40), 80)
        await screen.take("retry", desk.order, "cli:alice")
        assert (screen.feedback, len(desk.board.open_decisions)) == ("", 0)

    asyncio.run(story())


def test_a_refusal_of_the_engine_is_shown_at_the_question():
    async def story() -> None:
        desk = Desk(middle(CoreDriver()))
        screen = screen_of(desk)
        await screen.take("abandon", desk.order, "cli:alice")
        assert "these tasks wait for T8: T9, T10" in screen.feedback

    asyncio.run(story())


def test_a_line_when_nothing_is_asked_does_nothing():
    async def story() -> None:
        desk = Desk(planned_run(planned("a")))
        before = desk.board.seq
        await screen_of(desk).take("retry", desk.order, "cli:alice")
        assert desk.board.seq == before

    asyncio.run(story())


def test_tab_goes_round_the_questions():
    async def story() -> None:
        driver = planned_run(planned("a"), planned("b"))
        for name in ("T3", "T4"):
            begin(driver, name)
            fail(driver, name, is_final=True)
        screen = screen_of(Desk(driver))
        seen = []
        for _ in range(3):
            prompt = screen.prompt()
            seen.append(prompt.id if prompt else None)
            screen.editor.feed(b"\t")
        assert seen == ["D1", "D2", "D1"]

    asyncio.run(story())


def test_the_picture_fits_the_terminal():
    async def story() -> None:
        screen = screen_of(Desk(middle(CoreDriver())))
        for height in (24, 30, 40, 60):
            assert len(drawn(screen.picture(100, height), 100).split("\n")) <= height

    asyncio.run(story())


def test_the_last_picture_has_every_task_and_no_question():
    async def story() -> None:
        picture = drawn(screen_of(Desk(middle(CoreDriver()))).picture(100, 10, final=True), 100)
        assert "T10" in picture
        assert "›" not in picture

    asyncio.run(story())


def test_without_somebody_to_ask_a_question_ends_the_following_once_nothing_else_moves():
    board = asked().board
    assert is_settled(board, R1, asks=False)
    assert not is_settled(board, R1, asks=True)
    assert not is_settled(middle(CoreDriver()).board, R1, asks=False)


def test_following_ends_with_the_run():
    async def story() -> None:
        desk = Desk(asked())
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            following = group.create_task(until_settled(desk, [R1], asks=True))
            await asyncio.sleep(0)
            assert not following.done()
            await desk.order(c.CancelRun(R1))

    asyncio.run(story())


def test_the_exit_code_tells_how_it_ended():
    cancelled = asked()
    cancelled.must(c.CancelRun(R1), "cli:alice")
    codes = [exit_code(driver.board, [R1]) for driver in (over(CoreDriver()), cancelled, asked())]
    assert codes == [0, 1, 3]


def test_each_change_is_a_line(capsys: pytest.CaptureFixture[str]):
    async def story() -> None:
        desk = Desk(asked())
        with printing(desk, as_json=False):
            await desk.order(c.PauseRun(R1, "[b]lunch[/b]"))
        await desk.order(c.ResumeRun(R1))

    asyncio.run(story())
    assert capsys.readouterr().out == "R1 is paused: [b]lunch[/b]\n"


def test_each_change_is_an_object_for_programs(capsys: pytest.CaptureFixture[str]):
    async def story() -> None:
        desk = Desk(asked())
        with printing(desk, as_json=True):
            await desk.order(c.PauseRun(R1))

    asyncio.run(story())
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["event"] == {"kind": "run-paused", "run": "R1"}


def test_the_end_without_a_person_says_how_to_answer(capsys: pytest.CaptureFixture[str]):
    conclude(asked().board, [R1], as_json=False)
    assert capsys.readouterr().out == (
        "D1: T3 (Build a) failed 5 times, last because its checks were red. What now?\n"
        "  | 1 failed\n"
        "answer with: orch decide D1 retry\n"
    )


def test_warnings_are_said(capsys: pytest.CaptureFixture[str]):
    driver = CoreDriver()
    driver.must(c.StartRun("x", "main", oid("base"), CONFIG, ALICE), ALICE)
    warn(driver.board, R1)
    assert capsys.readouterr().out == "! no gate: nothing checks the merged work; add [[gate]] to orch.toml\n"
