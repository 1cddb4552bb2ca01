"""A run of a thousand tasks: the first picture, an update, and what the page keeps in memory."""

import time
from typing import Any, Final

import pytest

from engine.core import commands as c
from engine.core.ids import TaskId
from tests.adapters.web.console import stage
from tests.adapters.web.console.browser import needs_chromium, shown
from tests.adapters.web.consoles import run

pytestmark = [needs_chromium, pytest.mark.slow]
FIRST_PICTURE_S: Final = 2.0
UPDATE_S: Final = 0.2
UPDATES_EACH: Final = 8
"""A task may lose four workers before a person is asked."""
MAX_NODES: Final = 12_000
MAX_GROWTH_BYTES: Final = 16 * 1024 * 1024


async def metrics(session: Any) -> dict[str, float]:
    """Chromium's figures after a collection of garbage."""
    await session.send("HeapProfiler.collectGarbage")
    found = await session.send("Performance.getMetrics")
    return {entry["name"]: entry["value"] for entry in found["metrics"]}


def test_a_thousand_tasks_are_drawn_updated_and_forgotten_in_time() -> None:
    async def main() -> None:
        async with shown(stage.large().log()) as (page, served):
            session = await page.context.new_cdp_session(page)
            await session.send("Performance.enable")
            began = time.perf_counter()
            await page.goto(f"{served.url}/#/run/R1/graph")
            await page.locator("g.node").first.wait_for()
            assert time.perf_counter() - began <= FIRST_PICTURE_S
            at_work = await page.locator("g.node[data-state=active]").evaluate_all(
                "(boxes) => boxes.map((box) => box.dataset.task)"
            )
            before = await metrics(session)
            waits = [await updated(page, served, task, number) for task in at_work for number in range(UPDATES_EACH)]
            assert sorted(waits)[len(waits) * 9 // 10] <= UPDATE_S
            await page.get_by_role("button", name="Fit").click()
            await page.locator("svg.far").wait_for()
            await page.goto(f"{served.url}/#/run/R1/list")
            await page.locator(".task-row").first.wait_for()
            assert await page.locator(".task-row").count() < 60
            after = await metrics(session)
            assert after["Nodes"] <= MAX_NODES
            assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] <= MAX_GROWTH_BYTES

    run(main())


async def updated(page: Any, served: Any, task: str, number: int) -> float:
    """Seconds from the engine's record to the changed box: the task's attempt fails, or the next one begins."""
    state = "ready" if number % 2 == 0 else "active"
    seen = page.evaluate(
        """([task, state]) => new Promise((done) => {
             const box = document.querySelector(`g.node[data-task=${task}]`);
             const look = () => box.dataset.state === state && (watch.disconnect(), done(Date.now()));
             const watch = new MutationObserver(look);
             watch.observe(box, { attributes: true });
             look();
           })""",
        [task, state],
    )
    order: c.Command = c.StartAttempt(TaskId(task), "b" * 40)
    if state == "ready":
        attempt = served.board.tasks[TaskId(task)].attempt
        order = c.FailAttempt(TaskId(task), attempt.number, "lost", "the worker is gone")
    began_ms = time.time() * 1000
    told = await served.engine.ledger.submit(order)
    assert not isinstance(told, c.Refused), told.reason
    return (float(await seen) - began_ms) / 1000
