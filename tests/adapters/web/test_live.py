"""What followers are sent: a snapshot and its deltas always add up to the run as it is, however slow they are."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.web.live import LIST_PACE_S, MAX_KEPT, PACE_S, Hub, Outbox
from adapters.web.views import run_view
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import Spend
from engine.core.ids import RunId, TaskId
from tests.bot.story import middle
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import ALICE, file, receipt
from tests.fakes.jumping import passes, run

R1 = RunId("R1")
ORDERS: tuple[c.PeopleCommand, ...] = (
    c.PauseRun(R1),
    c.ResumeRun(R1),
    c.InterruptTask(TaskId("T5"), "look"),
    c.AbandonTask(TaskId("T9"), "", "drop"),
    c.AbandonTask(TaskId("T6"), "", "replan"),
    c.ChangeDependencies(TaskId("T10"), (TaskId("T6"),)),
    c.RetryTask(TaskId("T8"), ALICE, "2026-01-01T00:00:00Z", "harder"),
    c.AddTask(R1, "Draw a logo"),
    c.RaiseBudget(R1, 90.0),
    c.ReplanRun(R1, "again"),
    c.CancelRun(R1, "enough"),
)


class Follower:
    """A client that keeps a run as the messages say it is."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.seq = 0
        self.kinds: list[str] = []
        self.run: dict[str, Any] = {}

    def read(self, hub: Hub, at_most: int = 10_000) -> None:
        """Take what waits, without waiting for more."""
        for _ in range(at_most):
            reading = self.outbox.next(hub.catch_up)
            try:
                reading.send(None)
            except StopIteration as given:
                self.take(msgspec.json.decode(given.value))
            else:
                reading.close()
                return

    def take(self, message: dict[str, Any]) -> None:
        self.kinds.append(message["type"])
        if message["type"] in {"snapshot", "catch_up"}:
            self.run = message["data"]
            self.seq = message["seq"]
        elif message["type"] == "delta":
            changed = message["changes"]
            self.run |= {name: changed[name] for name in ("run", "head", "counts") if name in changed}
            for name in ("tasks", "decisions"):
                held = {entity["id"]: entity for entity in self.run[name]}
                held |= {entity["id"]: entity for entity in changed.get(name, ())}
                self.run[name] = list(held.values())
            self.seq = message["seq"]

    def holds(self, board: Blackboard) -> None:
        """Compare with the board, task by task."""
        wanted = msgspec.json.decode(msgspec.json.encode(run_view(board, R1)))
        assert {task["id"]: task for task in self.run["tasks"]} == {task["id"]: task for task in wanted["tasks"]}
        assert {d["id"]: d for d in self.run["decisions"]} == {d["id"]: d for d in wanted["decisions"]}
        assert (self.run["run"], self.run["head"]) == (wanted["run"], wanted["head"])
        assert self.run["counts"] == wanted["counts"]


class Stage:
    """A hub on a driver's board."""

    def __init__(self) -> None:
        self.driver = middle(CoreDriver())
        self.hub = Hub(lambda: self.driver.board)

    def order(self, command: c.Command) -> None:
        done = self.driver.do(command, ALICE)
        if not isinstance(done, c.Refused):
            self.hub.see(done, self.driver.board)

    def spend(self, times: int = 1) -> None:
        """Have T5's worker say so many things."""
        for number in range(times):
            path = f"runs/R1/logs/T5/a2/{self.driver.board.seq + number:04d}.jsonl"
            self.order(c.LogTurns(TaskId("T5"), 2, file(path), 1, Spend(tokens=1)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ORDERS), st.sampled_from([0.0, 0.01, 0.2]), st.booleans()), max_size=12))
def test_snapshot_and_deltas_add_up_to_the_run_whatever_happens(steps: list[tuple[c.PeopleCommand, float, bool]]):
    async def scene() -> None:
        stage, follower, late = Stage(), Follower(), Follower()
        with stage.hub.following(follower.outbox), stage.hub.following(late.outbox):
            stage.hub.subscribe(follower.outbox, R1, None)
            follower.read(stage.hub)
            for command, pause_s, comes_back in steps:
                stage.order(command)
                await passes(pause_s)
                follower.read(stage.hub)
                if comes_back:
                    stage.hub.subscribe(follower.outbox, R1, follower.seq)
            stage.hub.subscribe(late.outbox, R1, None)
            await passes(1)
            for each in (follower, late):
                each.read(stage.hub)
                each.holds(stage.driver.board)

    run(scene())


def test_a_task_that_still_waits_is_told_when_one_of_its_dependencies_is_complete():
    async def scene() -> None:
        stage, follower = Stage(), Follower()
        with stage.hub.following(follower.outbox):
            stage.hub.subscribe(follower.outbox, R1, None)
            follower.read(stage.hub)
            assert "T7" in {task["id"]: task for task in follower.run["tasks"]}["T10"]["note"]
            proof = receipt(stage.driver, "T7")
            stage.order(c.PrepareLanding(TaskId("T7"), 1, proof))
            stage.order(c.RecordLanding(TaskId("T7"), 1, proof))
            await passes(1)
            follower.read(stage.hub)
            assert {task["id"]: task for task in follower.run["tasks"]}["T10"]["note"] == "waits for T9"
            follower.holds(stage.driver.board)

    run(scene())


def test_a_first_change_is_sent_at_once_and_many_in_few_messages():
    async def scene() -> None:
        stage, follower = Stage(), Follower()
        with stage.hub.following(follower.outbox):
            stage.hub.subscribe(follower.outbox, R1, None)
            follower.read(stage.hub)
            stage.spend()
            await passes(0.001)
            follower.read(stage.hub)
            assert follower.kinds[-2:] == ["runs", "delta"] or follower.kinds[-2:] == ["delta", "runs"]
            before = len(follower.kinds)
            for _ in range(100):
                stage.spend()
                await passes(0.01)
            follower.read(stage.hub)
            assert 1 / PACE_S - 2 <= follower.kinds[before:].count("delta") <= 1 / PACE_S + 2
            assert follower.kinds[before:].count("runs") <= 1 / LIST_PACE_S + 1

    run(scene())


def test_who_comes_back_gets_what_was_missed_and_no_more():
    async def scene() -> None:
        stage, follower = Stage(), Follower()
        with stage.hub.following(follower.outbox):
            stage.hub.subscribe(follower.outbox, R1, None)
            follower.read(stage.hub)
        stage.order(c.PauseRun(R1))
        await passes(0.1)
        stage.order(c.RaiseBudget(R1, 90.0))
        await passes(0.1)
        again = Outbox()
        follower.outbox, follower.kinds = again, []
        with stage.hub.following(again):
            stage.hub.subscribe(again, R1, follower.seq)
            follower.read(stage.hub)
            assert follower.kinds == ["runs", "delta", "delta"]
            follower.holds(stage.driver.board)
            stage.hub.subscribe(again, R1, follower.seq)
            follower.read(stage.hub)
            assert follower.kinds[3:] == ["delta"]

    run(scene())


@pytest.mark.parametrize("since", [0, 10**6])
def test_a_sequence_that_is_too_old_or_of_another_history_gets_a_snapshot(since: int):
    async def scene() -> None:
        stage, follower = Stage(), Follower()
        with stage.hub.following(follower.outbox):
            stage.hub.subscribe(follower.outbox, R1, since)
            follower.read(stage.hub)
            assert follower.kinds == ["runs", "snapshot"]

    run(scene())


def test_deltas_are_kept_within_bounds():
    async def scene() -> None:
        stage, follower = Stage(), Follower()
        began = stage.driver.board.seq
        for _ in range(MAX_KEPT + 10):
            stage.spend()
            await passes(PACE_S)
        with stage.hub.following(follower.outbox):
            stage.hub.subscribe(follower.outbox, R1, began)
            follower.read(stage.hub)
            assert follower.kinds == ["runs", "snapshot"]

    run(scene())


def test_a_slow_client_is_caught_up_and_not_buffered_without_end():
    async def scene() -> None:
        stage, slow, quick = Stage(), Follower(), Follower()
        with stage.hub.following(slow.outbox), stage.hub.following(quick.outbox):
            for each in (slow, quick):
                stage.hub.subscribe(each.outbox, R1, None)
            for _ in range(300):
                stage.spend()
                await passes(PACE_S)
                quick.read(stage.hub)
            slow.read(stage.hub)
            assert "catch_up" in slow.kinds
            assert len(slow.kinds) < 200
            assert "catch_up" not in quick.kinds
            for each in (slow, quick):
                each.holds(stage.driver.board)

    run(scene())


def test_a_run_that_is_over_and_followed_by_nobody_is_not_kept():
    async def scene() -> None:
        stage, follower = Stage(), Follower()
        began = stage.driver.board.seq
        stage.order(c.CancelRun(R1))
        assert stage.driver.board.runs[R1].state == "cancelled"
        await passes(1)
        with stage.hub.following(follower.outbox):
            stage.hub.subscribe(follower.outbox, R1, began)
            follower.read(stage.hub)
            assert follower.kinds == ["runs", "snapshot"]
            follower.holds(stage.driver.board)

    run(scene())


def test_an_unknown_run_is_followed_by_nobody():
    async def scene() -> None:
        stage = Stage()
        with pytest.raises(KeyError):
            stage.hub.subscribe(Outbox(), RunId("R9"), None)

    run(scene())
