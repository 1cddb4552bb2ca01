"""`orch discord check` as it is typed: sentences or JSON, and an exit code that a script can ask."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.discord.client import DiscordConfig, point_at
from tests.adapters.cli.conftest import Orch
from tests.adapters.discord.loopback import Loopback, loopback


@contextmanager
def elsewhere(login_status: int) -> Iterator[Loopback]:
    """A Discord that is served from a thread of its own, as `orch` runs a loop itself."""
    found: list[tuple[Loopback, asyncio.AbstractEventLoop, asyncio.Event]] = []
    is_up = threading.Event()

    async def serve() -> None:
        is_over = asyncio.Event()
        async with loopback() as server:
            server.login_status = login_status
            found.append((server, asyncio.get_running_loop(), is_over))
            is_up.set()
            await is_over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert is_up.wait(10)
        server, loop, is_over = found[0]
        yield server
        loop.call_soon_threadsafe(is_over.set)
    finally:
        thread.join(10)
        point_at(DiscordConfig(""))


def test_without_a_token_nothing_is_looked_at(orch: Orch, shop: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    said = orch("discord", "check", "-C", shop)
    assert said.code == 2
    assert "DISCORD_TOKEN is not set; docs/discord.md says how" in said.err


def test_what_is_missing_is_one_line_and_the_exit_code(
    orch: Orch, shop: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with elsewhere(401) as server:
        monkeypatch.setenv("DISCORD_TOKEN", "a-token-of-a-bot")
        monkeypatch.setenv("DISCORD_API_BASE", server.base)
        said = orch("discord", "check", "-C", shop)
        assert (said.code, said.err) == (1, "")
        assert caplog.records == []
        assert said.out.startswith("!!  token: Discord refuses DISCORD_TOKEN")
        told = json.loads(orch("discord", "check", "-C", shop, "--json").out)
        assert [(each["about"], each["is_ok"]) for each in told] == [("token", False)]
        assert "a-token-of-a-bot" not in said.out + said.err
