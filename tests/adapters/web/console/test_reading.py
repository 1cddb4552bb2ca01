"""People read a run on the page: the live graph, conversations, diffs, receipts; foreign text stays text."""

import asyncio
import json
from typing import Any

import pytest

from engine.core import commands as c
from engine.core.ids import RunId, TaskId
from tests.adapters.web.console import stage
from tests.adapters.web.console.browser import DESKTOP, PHONE, Theme, needs_chromium, shown
from tests.adapters.web.consoles import run

pytestmark = needs_chromium
CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour, under) => {
    canvas.globalCompositeOperation = "source-over";
    canvas.fillStyle = `rgb(${under.join()})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (c) => c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => {
    const chain = [];
    for (let at = node; at; at = at.parentElement) chain.unshift(getComputedStyle(at).backgroundColor);
    return chain.reduce((under, colour) => rgb(colour, under), [255, 255, 255]);
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *:not(svg *):not(script):not(noscript)")) {
    const text = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!text || node.closest("[hidden], .for-ears, .skip, :disabled") || !node.checkVisibility()) continue;
    const under = ground(node);
    const [a, b] = [light(under), light(rgb(getComputedStyle(node).color, under))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${node.className || node.tagName}: ${node.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
VIEWS = (
    "",
    "queue",
    "new",
    "models",
    "run/R2/graph/T12",
    "run/R2/list",
    "run/R2/design",
    "run/R2/insights",
    "run/R2/cost",
)


def test_the_graph_follows_the_run() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph")
            box = page.locator("g.node[data-task=T10]")
            await box.wait_for()
            assert await page.locator("g.node").count() == 11
            assert "ready" in (await box.get_attribute("aria-label"))
            await served.engine.ledger.submit(c.StartAttempt(TaskId("T10"), "b" * 40), "tester")
            await page.locator("g.node[data-task=T10][data-state=active]").wait_for()
            assert "● active" in await box.text_content()

    run(main())


def test_the_time_that_is_left_is_told_in_the_list_and_in_the_run() -> None:
    async def main() -> None:
        async with shown(stage.at_pace().log()) as (page, served):
            await page.goto(f"{served.url}/#/")
            await page.locator(".run-figures", has_text="about 3 min left").wait_for()
            await page.goto(f"{served.url}/#/run/R1/graph")
            await page.locator(".run-head .figures", has_text="about 3 min left").wait_for()

    run(main())


def test_the_graph_is_walked_by_the_keyboard() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph")
            await page.locator("g.node[data-task=T8]").focus()
            await page.keyboard.press("ArrowRight")
            assert await page.evaluate("document.activeElement.dataset.task") == "T10"
            await page.keyboard.press("ArrowLeft")
            assert await page.evaluate("document.activeElement.dataset.task") == "T8"
            assert await page.locator("g.node[tabindex='0']").count() == 1
            await page.keyboard.press("Enter")
            await page.get_by_role("heading", name="Parse amounts with a thousands separator", exact=True).wait_for()
            assert await page.evaluate("document.activeElement.tagName") == "H2"
            await page.keyboard.press("Escape")
            await page.locator("aside").wait_for(state="hidden")

    run(main())


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_conversation_is_read_and_foreign_text_stays_text(size: dict[str, int]) -> None:
    async def main() -> None:
        async with shown(stage.middle().log(), size) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/list/T9")
            await page.get_by_role("button", name="Conversation").click()
            await page.get_by_text("The rounding is the banker's rule").wait_for()
            assert await page.locator(".turn").count() == 4
            assert stage.HOSTILE.split(" ")[0] in await page.locator(".turn").last.inner_text()
            assert await page.evaluate("window.owned") is None
            assert await page.locator("main img").count() == 0

    run(main())


def test_a_diff_tells_added_and_removed_lines() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/graph/T9")
            await page.get_by_role("button", name="Diff").click()
            await page.get_by_text("+CENT = Decimal").wait_for()
            assert await page.locator(".file").count() == 2
            assert await page.locator(".line.add").count() == 8
            assert await page.locator(".line.del").count() == 2

    run(main())


@pytest.mark.parametrize("is_slow", [False, True])
def test_what_a_model_says_is_seen_while_it_says_it_also_if_what_it_said_before_comes_late(is_slow: bool) -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            said = asyncio.Event()

            async def late(route: Any) -> None:
                await said.wait()
                await route.continue_()

            if is_slow:
                await page.route("**/log?*", late)
            await page.goto(f"{served.url}/#/run/R2/graph/T11")
            await page.get_by_role("button", name="Conversation").click()
            async with asyncio.timeout(10):
                while not served.stream.is_watched("R2/T11/a2"):
                    await page.evaluate("() => new Promise(requestAnimationFrame)")
            heard = served.stream.begin("R2/T11/a2")
            heard("The totals are ")
            heard("off by one ")
            said.set()
            await page.get_by_text("The totals are off by one").wait_for()
            served.stream.end("R2/T11/a2")

    run(main())


def test_orders_are_typed_into_the_thread_and_answered_there() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            await page.goto(f"{served.url}/#/run/R2/thread")
            line = page.get_by_label("Say something to orch")
            await line.fill("/orch pause")
            await line.press("Enter")
            await page.locator(".post.mine", has_text="/orch pause").wait_for()
            await page.get_by_role("button", name="Resume").wait_for()
            assert served.board.runs[RunId("R2")].paused
            await line.fill("/orch staus")
            await line.press("Enter")
            await page.locator(".post.private", has_text="status").wait_for()
            await line.press("ArrowUp")
            assert await line.input_value() == "/orch staus"

    run(main())


def test_the_page_finds_its_way_back_after_the_line_was_cut() -> None:
    async def main() -> None:
        async with shown(stage.middle().log()) as (page, served):
            lines: list[Any] = []

            def patch_through(line: Any) -> None:
                lines.append(line)
                line.connect_to_server()

            await page.route_web_socket("**/ws", patch_through)
            await page.goto(f"{served.url}/#/run/R2/graph")
            await page.reload()
            await page.locator("g.node[data-task=T10][data-state=ready]").wait_for()
            await lines[-1].close()
            await page.locator("#link-state[data-state=lost]").wait_for()
            await served.engine.ledger.submit(c.StartAttempt(TaskId("T10"), "b" * 40), "tester")
            await page.locator("g.node[data-task=T10][data-state=active]").wait_for()
            await page.locator("#link-state[data-state=live]").wait_for()

    run(main())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_is_readable_and_fits(theme: Theme, size: dict[str, int]) -> None:
    async def main() -> None:
        async with shown(stage.middle().log(), size, theme) as (page, served):
            found: dict[str, Any] = {}
            for view in VIEWS:
                await page.goto(f"{served.url}/#/{view}")
                await page.locator("main h1").first.wait_for()
                await page.locator(".loading").wait_for(state="detached")
                if poor := await page.evaluate(CONTRAST):
                    found[view] = poor
                wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{view} is {wide} px too wide"
            assert not found, json.dumps(found, indent=1)

    run(main())
