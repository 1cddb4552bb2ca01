"""`orch up` as a process: it says where the console is, serves it, and ends cleanly on a signal."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.adapters.cli.written import repository
from tests.adapters.web.consoles import run

# Who starts the tests in the background has Ctrl-C ignored, and a child would inherit that.
MAIN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from adapters.cli.main import main; main(sys.argv[1:])"
)
NO_MODEL = {
    "ORCH_MODEL": "openai/none",
    "ORCH_API_KEY": "k" * 20,
    "ORCH_API_BASE": "http://127.0.0.1:9",
    "ORCH_BUDGET_TOKENS": "1000",
}


@asynccontextmanager
async def _up(
    repo: Path, *options: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    root = Path(__file__).parents[3]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORCH_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MAIN, "up", "-C", str(repo), "--port", "0", *options, cwd=root,
        env={**kept, **NO_MODEL, **(env or {})}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(rb"console: (\S+)", line):
            return found[1].decode()
    assert process.stderr is not None
    raise AssertionError((await process.stderr.read()).decode())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one commit and no run, so that no model is called."""
    return repository(tmp_path / "shop")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_link_opens_the_console_and_a_signal_ends_it_in_time(shop: Path, number: signal.Signals):
    async def scene() -> None:
        async with _up(shop) as process:
            link = await _link(process)
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
                async with http.get(link) as page:
                    assert page.status == 200
                    assert "token" not in str(page.url)
                async with http.get(f"{link.partition('?')[0]}api/v1/health") as answer:
                    assert (await answer.json())["status"] == "ok"
                async with http.ws_connect(f"{link.partition('?')[0]}ws", origin=link.partition("/?")[0]) as socket:
                    await socket.receive(timeout=5)
                    began = time.monotonic()
                    process.send_signal(number)
                    out, err = await process.communicate()
            assert time.monotonic() - began < 10
            assert process.returncode == {signal.SIGTERM: 143, signal.SIGINT: 130}[number], err.decode()
            assert b"nothing is lost" in out
            assert err == b""
        async with _up(shop) as again:
            assert await _link(again)

    run(scene())


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        (("--host", "0.0.0.0"), {}, "ORCH_CONSOLE_TOKEN"),
        (("--host", "0.0.0.0"), {"ORCH_CONSOLE_TOKEN": "short"}, "shorter than 16"),
        ((), {"ORCH_CONSOLE_PROXY_HEADER": "X-User"}, "ORCH_CONSOLE_PROXIES"),
        (("--host", "192.0.2.1"), {"ORCH_CONSOLE_TOKEN": "x" * 20}, "can't listen"),
    ],
)
def test_what_cannot_be_opened_safely_is_not_opened(
    shop: Path, options: tuple[str, ...], env: dict[str, str], words: str
):
    async def scene() -> None:
        async with _up(shop, *options, env=env) as process:
            out, err = await process.communicate()
            assert process.returncode == 2, err.decode()
            assert words in err.decode()
            assert err.count(b"\n") == 1
            assert b"console:" not in out

    run(scene())


def test_a_token_of_ones_own_is_not_printed(shop: Path):
    async def scene() -> None:
        async with _up(shop, env={"ORCH_CONSOLE_TOKEN": "a-token-of-my-own-1"}) as process:
            link = await _link(process)
            assert "token" not in link
            bearer = {"Authorization": "Bearer a-token-of-my-own-1"}
            async with aiohttp.ClientSession(headers=bearer) as http, http.get(f"{link}api/v1/health") as answer:
                assert answer.status == 200

    run(scene())
