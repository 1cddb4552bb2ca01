"""The real program, its engine, the pilot and the page: a person starts a run, watches it, answers, reads its story."""

import asyncio
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.web.console.browser import DESKTOP, PHONE, Theme, needs_chromium, opened
from tests.fakes.entries import git
from tests.stories.test_terminal import TEST_ADD, TEST_PARSE, Program, end, read_until, shop

pytestmark = [needs_chromium, pytest.mark.slow]
AT_WORK_MS = 90_000


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"])
def test_a_run_is_started_watched_answered_and_read(tmp_path: Path, size: dict[str, int], theme: Theme) -> None:
    path = shop(tmp_path / "shop", ("tests/test_add.py", TEST_ADD), ("tests/test_parse.py", TEST_PARSE))
    up = Program(tmp_path).begin("up", "-C", path, "--port", "0", ORCH_MAX_RETRIES="0")
    try:
        link = re.search(r"(http://127\.0\.0\.1:\d+)/\?token=(\S+)", read_until(up, "token="))
        assert link is not None
        asyncio.run(_story(link[1], link[2], size, theme))
        assert "return a + b" in git(path, "show", "main:money.py")
    finally:
        up.send_signal(signal.SIGTERM)
        ended = end(up)
    assert ended.code == 143, ended


async def _story(url: str, token: str, size: dict[str, int], theme: Theme) -> None:
    async with opened(url, token, size, theme) as page:
        assert "token" not in page.url
        await page.get_by_role("link", name="New run").click()
        await page.get_by_label("Objective").fill("make the failing tests pass")
        await page.get_by_role("button", name="Start the run").click()
        await page.get_by_role("heading", name="make the failing tests pass").wait_for(timeout=AT_WORK_MS)
        await page.locator(".question summary", has_text="needs you").wait_for(timeout=AT_WORK_MS)
        await _answer(page)
        await page.get_by_role("link", name="Runs", exact=True).click()
        await page.get_by_role("link", name="make the failing tests pass").click()
        await page.get_by_role("link", name="Tasks", exact=True).click()
        landed = page.locator(".task-row", has_text="complete").filter(has_text="coder").first
        await landed.click(timeout=AT_WORK_MS)
        await _read(page)


async def _answer(page: Any) -> None:
    """Give the task up that no rule can repair, and whatever is asked because of that."""
    await page.get_by_role("link", name="Queue").click()
    await page.get_by_role("button", name="Abandon…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Abandon", exact=True).click()
    await page.get_by_role("button", name="Abandon…").wait_for(state="detached")


async def _read(page: Any) -> None:
    """The landed task's conversation, diff and receipt."""
    task = page.get_by_role("complementary")
    await task.get_by_role("button", name="Conversation").click()
    await task.get_by_text("finish(summary=").first.wait_for()
    await task.get_by_role("button", name="Diff").click()
    await task.get_by_text("+    return a + b").wait_for()
    await task.get_by_role("button", name="Receipt").click()
    await task.get_by_text("✓ green").first.wait_for()
