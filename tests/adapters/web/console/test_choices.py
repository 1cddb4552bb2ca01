"""People answer questions about a whole run from the page: a plan, a used-up budget, a wish to cancel."""

from typing import Any

from engine.core import commands as c
from engine.core.entities import RunConfig
from engine.core.ids import DecisionId, RunId
from tests.adapters.web.console.browser import needs_chromium, shown
from tests.adapters.web.console.stage import PLAN_MONEY, StageDriver
from tests.adapters.web.consoles import Console, run
from tests.fakes.core_steps import begin, direct, plan, start_run

pytestmark = needs_chromium
R1, D1 = RunId("R1"), DecisionId("D1")


def planned_money(config: RunConfig) -> StageDriver:
    """A run whose plan is made; its tasks are T3 to T5."""
    driver = StageDriver()
    start_run(driver, "Round half up", config)
    direct(driver, "money")
    plan(driver, "T2", PLAN_MONEY)
    return driver


async def click(page: Any, served: Console, label: str, consent: str = "") -> str:
    """Click the answer in the queue, and the consent where one is asked; what was chosen, once the question is gone."""
    await page.goto(f"{served.url}/#/queue")
    await page.get_by_role("button", name=label, exact=True).click()
    if consent:
        await page.get_by_role("dialog").get_by_role("button", name=consent, exact=True).click()
    await page.get_by_role("heading", name="Nothing needs you").wait_for()
    answer = served.board.decisions[D1].answer
    assert answer is not None
    assert answer.by == "web:alice"
    return answer.choice


def test_a_plan_is_approved_with_one_click() -> None:
    driver = planned_money(RunConfig(model="openai/pilot", plan_first=True))

    async def main() -> None:
        async with shown(driver.log()) as (page, served):
            assert not served.board.runs[R1].plan_approved
            assert await click(page, served, "Approve") == "approve"
            assert served.board.runs[R1].plan_approved

    run(main())


def test_a_run_at_its_cap_is_finished_cheaply_after_consent() -> None:
    driver = planned_money(RunConfig(model="openai/pilot", budget_usd=1.0))
    begin(driver, "T3")
    driver.must(c.AskAboutBudget(R1, "1.02 of 1 USD", with_thrift=True))

    async def main() -> None:
        async with shown(driver.log()) as (page, served):
            assert await click(page, served, "Finish cheaply…", "Finish cheaply") == "finish_cheaply"
            assert served.board.runs[R1].thrifty

    run(main())


def test_a_run_that_someone_wants_to_cancel_is_kept_with_one_click() -> None:
    driver = planned_money(RunConfig(model="openai/pilot"))
    driver.must(c.CancelRun(R1, "too dear", needs_second=True, by="web:bob", at="2026-01-01T08:00:00Z"))

    async def main() -> None:
        async with shown(driver.log()) as (page, served):
            assert await click(page, served, "Keep") == "keep"
            assert served.board.runs[R1].state == "running"

    run(main())


def test_a_choice_of_a_newer_server_takes_a_click_and_a_word_of_consent() -> None:
    driver = planned_money(RunConfig(model="openai/pilot", plan_first=True))

    async def main() -> None:
        async with shown(driver.log()) as (page, served):
            waiting = await served.json("GET", "/interrupts")
            waiting["items"][0]["options"] = [
                {"number": 1, "choice": "ratify", "label": "ratify", "meaning": "seal it"}
            ]
            await page.route("**/interrupts", lambda route: route.fulfill(json=waiting))
            await page.goto(f"{served.url}/#/queue")
            await page.reload()
            await page.get_by_role("button", name="ratify").click()
            async with page.expect_request("**/resolve") as sent:
                await page.get_by_role("dialog").get_by_role("button", name="ratify").click()
            assert (await sent.value).post_data_json["action"] == "ratify"

    run(main())
