"""People steer a run from the page: link tasks, are refused a cycle, answer questions, give orders."""

import asyncio
from typing import Any

from bot.people import People, PeopleRules
from engine.core.ids import DecisionId, RunId, TaskId
from tests.adapters.web.console import stage
from tests.adapters.web.console.browser import DESKTOP, PHONE, needs_chromium, shown
from tests.adapters.web.consoles import Console, run

pytestmark = needs_chromium


async def until(served: Console, holds: Any) -> None:
    """Wait until the board is as told."""
    there = asyncio.Event()
    stop = served.engine.watch(lambda _records, board: there.set() if holds(board) else None)
    if holds(served.board):
        there.set()
    await asyncio.wait_for(there.wait(), 10)
    stop()


def node(page: Any, task: str) -> Any:
    return page.locator(f"g.node[data-task={task}]")


def test_link_mode_connects_and_disconnects_two_tasks() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph")
            await page.get_by_role("button", name="Link tasks").click()
            await node(page, "T9").click()
            await node(page, "T10").click()
            await until(served, lambda board: "T9" in board.tasks["T10"].depends_on)
            await page.locator("g.arrow[data-source=T9][data-target=T10]").wait_for(state="attached")
            await node(page, "T9").focus()
            await page.keyboard.press("Enter")
            await node(page, "T10").focus()
            await page.keyboard.press("Enter")
            await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
            await until(served, lambda board: "T9" not in board.tasks["T10"].depends_on)
            await page.locator("g.arrow[data-source=T9][data-target=T10]").wait_for(state="detached")

    run(main())


def test_a_cycle_is_refused_with_its_tasks_named() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph/T14")
            before = served.board.seq
            await page.get_by_label("T14 also waits for").fill("T15")
            await page.get_by_role("button", name="Connect", exact=True).click()
            told = await page.locator(".toast.bad").inner_text()
            assert "T14" in told
            assert "T15" in told
            assert "cycle" in told
            assert served.board.seq == before

    run(main())


def test_a_question_is_answered_from_the_queue_with_changes() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/queue")
            await page.get_by_role("heading", name="T12 (Read the exchange rates)").wait_for()
            await page.get_by_role("button", name="Retry with changes").click()
            form = page.get_by_role("dialog")
            await form.get_by_label("What should be done differently?").fill("raise UnknownCurrency")
            await form.get_by_role("button", name="Retry with these words").click()
            await page.get_by_role("heading", name="Nothing needs you").wait_for()
            decision = served.board.decisions[DecisionId("D2")]
            assert decision.answer is not None
            assert (decision.answer.choice, decision.answer.by) == ("retry_with_changes", "web:alice")
            task = served.board.tasks[TaskId("T12")]
            assert task.guidance == ("raise UnknownCurrency",)
            assert await page.locator("#queue-count").is_hidden()

    run(main())


def test_a_spawned_task_takes_the_place_of_the_old_one() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph/T12")
            await page.get_by_role("complementary").get_by_role("button", name="Spawn a task").click()
            form = page.get_by_role("dialog")
            await form.get_by_label("Title").fill("Read the rates from the bank")
            await form.get_by_label("Description").fill("The bank's file names every currency.")
            await form.get_by_label("Criteria").fill("names the currency :: pytest -q tests/test_rates.py")
            await form.get_by_role("button", name="Spawn the task").click()
            await until(served, lambda board: board.tasks["T12"].state == "abandoned")
            spawned = served.board.tasks[TaskId(f"T{served.board.counters.task}")]
            assert spawned.title == "Read the rates from the bank"
            assert spawned.criteria[0].check == "pytest -q tests/test_rates.py"
            assert spawned.id in served.board.tasks[TaskId("T13")].depends_on
            await node(page, spawned.id).wait_for()

    run(main())


def test_whoever_answers_second_is_told_who_was_first() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/queue")
            retry = page.get_by_role("button", name="Retry", exact=True)
            await retry.wait_for()
            body = {
                "decision": "D2",
                "generation": served.board.decisions[DecisionId("D2")].generation,
                "action": "retry",
            }
            # The page learns of it over its socket; it must not get the time to take the question away before the click.
            await asyncio.gather(served.json("POST", "/runs/R2/resolve", body), retry.click())
            told = page.locator(".toast", has_text="D2")
            await told.first.wait_for()
            assert sum(1 for d in served.board.decisions.values() if d.id == "D2" and d.answer is not None) == 1
            await page.get_by_role("heading", name="Nothing needs you").wait_for()

    run(main())


def test_a_new_question_reaches_every_view_by_itself() -> None:
    async def main() -> None:
        driver = stage.middle()
        async with shown(driver.log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/list")
            await page.locator("#queue-count", has_text="1").wait_for()
            await served.json("POST", "/runs/R2/tasks/T10/interrupt", {"reason": "wait for the law"})
            await page.get_by_text("D3 needs you").wait_for()
            await page.locator("#queue-count", has_text="2").wait_for()
            assert "T10" in await page.locator("#announcer").inner_text()

    run(main())


def test_a_run_is_paused_resumed_and_cancelled_after_consent() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph")
            await page.get_by_role("button", name="Pause").click()
            await page.get_by_role("button", name="Resume").click()
            await until(served, lambda board: not board.runs["R2"].paused)
            await page.get_by_role("button", name="Cancel…").click()
            await page.keyboard.press("Escape")
            assert await page.get_by_role("dialog").count() == 0
            assert served.board.runs[RunId("R2")].state != "cancelled"
            await page.get_by_role("button", name="Cancel…").click()
            await page.get_by_role("dialog").get_by_label("Why? (optional)").fill("wrong branch")
            await page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()
            await page.get_by_role("button", name="Restart…").wait_for()
            assert served.board.runs[RunId("R2")].reason == "wrong branch"
            assert await page.get_by_text("needs you").count() == 0

    run(main())


def test_the_first_of_two_voices_is_told_as_that_and_shown_to_the_second() -> None:
    people = People(PeopleRules(admins=("web:*",), two_people=("cancel",)))
    wants = "web:alice wants D3 answered with 'stop'; a second person has to agree"

    async def main() -> None:
        async with shown(stage.middle().log(), people=people) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph")
            await page.get_by_role("button", name="Cancel…").click()
            await page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()
            await page.locator(".toast", has_text=wants).wait_for()
            await page.goto(f"{served.url}/#/queue")
            await page.locator(".decision", has_text=wants).wait_for()
            assert await page.get_by_text("Cancelled.").count() == 0
            assert served.board.runs[RunId("R2")].state != "cancelled"

    run(main())


def test_abandoning_asks_what_becomes_of_the_dependents() -> None:
    async def main() -> None:
        async with shown(stage.middle().log(), PHONE) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/list/T13")
            await page.get_by_role("complementary").get_by_role("button", name="Abandon…").click()
            await page.get_by_label("Give them up too").check()
            await page.get_by_role("dialog").get_by_role("button", name="Abandon", exact=True).click()
            await until(served, lambda board: board.tasks["T15"].state == "abandoned")
            await page.get_by_role("complementary").get_by_text("abandoned").first.wait_for()

    run(main())


def test_a_run_is_started_from_the_form_with_a_template() -> None:
    async def main() -> None:
        async with shown(stage.StageDriver().log(), DESKTOP) as (page, served):
            await page.get_by_role("heading", name="No run yet").wait_for()
            await page.get_by_role("link", name="Start the first run").click()
            await page.get_by_label("Make the failing tests pass").check()
            await page.get_by_label("Objective").fill("Begin with money.py.")
            await page.get_by_label("Budget, US dollars").fill("2.5")
            async with page.expect_request(lambda request: request.method == "POST") as sent:
                await page.get_by_role("button", name="Start the run").click()
            asked = (await sent.value).post_data_json
            assert "max_workers" not in asked, "what was left empty is for the settings to say"
            await page.get_by_role("heading", name="Make the failing tests pass").wait_for()
            started = served.board.runs[RunId("R1")]
            assert started.objective.endswith("Begin with money.py.")
            assert (started.config.budget_usd, started.created_by) == (2.5, "web:alice")

    run(main())


def test_the_form_tells_what_a_run_will_probably_cost_and_can_ask_for_the_plan_first() -> None:
    async def main() -> None:
        async with shown(stage.completed().log(), DESKTOP) as (page, served):
            await page.get_by_role("link", name="New run").click()
            await page.get_by_text("Forecast: of 3 completed runs with this model").wait_for()
            await page.get_by_label("Objective").fill("Round half up.")
            await page.get_by_label("Show me the plan before it begins").check()
            await page.get_by_role("button", name="Start the run").click()
            await page.get_by_role("heading", name="Round half up.").wait_for()
            assert served.board.runs[RunId("R4")].config.plan_first

    run(main())
