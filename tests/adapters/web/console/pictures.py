"""Takes the pictures of the console that the documents show: `python -m tests.adapters.web.console.pictures`."""

import asyncio
from pathlib import Path
from typing import Any

from tests.adapters.web.console import stage
from tests.adapters.web.console.browser import DESKTOP, PHONE, Theme, shown

FOLDER = Path(__file__).parents[4] / "docs" / "pictures"


async def settled(page: Any) -> None:
    """Until everything that was asked for is drawn."""
    await page.locator(".loading").wait_for(state="detached")
    await page.wait_for_load_state("networkidle")
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def picture(name: str, address: str, size: dict[str, int], theme: Theme, part: str = "") -> None:
    """One picture of the page at the address, with the inspector's part open if one is named."""
    async with shown(stage.middle().log(), size, theme) as (page, served):
        await page.goto(f"{served.url}/#/{address}")
        await settled(page)
        if part:
            await page.get_by_role("button", name=part).click()
            await settled(page)
        await page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


async def main() -> None:
    """All of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    await picture("console-run", "run/R2/graph/T8", DESKTOP, "light")
    await picture("console-conversation", "run/R2/graph/T9", DESKTOP, "dark", "Conversation")
    await picture("console-queue", "queue", DESKTOP, "light")
    await picture("console-phone", "run/R2/list", PHONE, "light")


if __name__ == "__main__":
    asyncio.run(main())
