"""A page of the console in headless Chromium, in the same event loop as the console itself; skips where there is no Chromium."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from adapters.web.desk import OWNER
from adapters.web.rates import Kind
from bot.people import People
from engine.store.memory import MemoryLog
from tests.adapters.web.consoles import TOKEN, Console, console
from tests.fakes.crew import ScriptedCrew

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 10_000
PLENTY: Final[Mapping[Kind, int]] = {"create": 10_000, "write": 10_000, "read": 100_000, "refusal": 10_000}

playwright = pytest.importorskip("playwright.async_api", reason="needs playwright: the dependency group `browser`")
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium: apt-get install chromium")

Theme = Literal["light", "dark"]


class Faults:
    """What a page must not do: errors in the script, refused styles or scripts, failed requests of its own files."""

    def __init__(self, page: Any) -> None:
        self.told: list[str] = []
        page.on("pageerror", lambda error: self.told.append(f"error: {error}"))
        page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        # A refusal of the server (409, 404) is an answer, and Chromium logs it as an error all the same.
        if kind == "error" and "Failed to load resource" not in text:
            self.told.append(f"console: {text}")


@asynccontextmanager
async def chromium() -> AsyncIterator[Any]:
    """A fresh Chromium."""
    async with playwright.async_playwright() as driver:
        with tempfile.TemporaryDirectory() as profile:
            browser = await driver.chromium.launch(
                executable_path=str(CHROMIUM), args=[*FLAGS, f"--disk-cache-dir={profile}"]
            )
            try:
                yield browser
            finally:
                await browser.close()


@asynccontextmanager
async def opened(url: str, token: str, size: dict[str, int] = DESKTOP, theme: Theme = "light") -> AsyncIterator[Any]:
    """The console's page, signed in by the link; whatever it did wrong fails the test at the end."""
    async with chromium() as browser:
        context = await browser.new_context(
            viewport=size, color_scheme=theme, has_touch=size is PHONE, device_scale_factor=2 if size is PHONE else 1
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        faults = Faults(page)
        await page.goto(f"{url}/?token={token}")
        await page.locator("main[data-view]").wait_for()
        yield page
        assert faults.told == []
        await context.close()


@asynccontextmanager
async def shown(
    log: MemoryLog,
    size: dict[str, int] = DESKTOP,
    theme: Theme = "light",
    crew: ScriptedCrew | None = None,
    people: People = OWNER,
) -> AsyncIterator[tuple[Any, Console]]:
    """A console before the log, and its page."""
    async with (
        console(log, crew=crew, people=people, per_minute=PLENTY, talks=True) as served,
        opened(served.url, TOKEN, size, theme) as page,
    ):
        yield page, served
