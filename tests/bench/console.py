"""What the console costs: `python -m tests.bench.console --json`.

A server process of its own runs 50 agents of a run of 1,000 tasks that talk 50 times a second on a real state branch; this
process is its clients. Acknowledgements are of orders that are durable when they are answered.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from tests.adapters.web.consoles import TOKEN

BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Sizes(msgspec.Struct, frozen=True):
    """How much of everything."""

    tasks: int = 1_000
    agents: int = 50
    events_per_s: float = 50.0
    clients: int = 200
    seconds: float = 30.0
    orders: int = 300
    updates: int = 50


class Figures(msgspec.Struct, frozen=True):
    """What was measured; times in milliseconds. `dropped` counts clients that lost their socket, `behind` those that had to be
    caught up, `late` those that had not seen the last event 2 s after it.
    """

    ack_p50_ms: float
    ack_p99_ms: float
    ack_max_ms: float
    snapshot_ms: float
    update_p50_ms: float
    update_p99_ms: float
    clients: int
    events_per_s: float
    dropped: int
    behind: int
    late: int
    messages: int
    server_rss_mb: float


class Reader(msgspec.Struct):
    """One follower of the run, which remembers what it was sent."""

    seq: int = 0
    messages: int = 0
    catch_ups: int = 0
    is_open: bool = True


async def measure(sizes: Sizes) -> Figures:
    """The figures of one server under the whole load."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            _server(Path(folder), sizes) as (url, pid),
            aiohttp.ClientSession(url, headers=BEARER, connector=aiohttp.TCPConnector(limit=0)) as http,
        ):
            await _warm(http, sizes)
            acks = await _acks(http, sizes.orders)
            snapshot_ms = await _snapshot_ms(http)
            updates = await _updates(http, sizes.updates)
            readers, events_per_s, last = await _crowd(http, sizes)
            return Figures(
                ack_p50_ms=_quantile(acks, 0.5),
                ack_p99_ms=_quantile(acks, 0.99),
                ack_max_ms=max(acks),
                snapshot_ms=snapshot_ms,
                update_p50_ms=_quantile(updates, 0.5),
                update_p99_ms=_quantile(updates, 0.99),
                clients=len(readers),
                events_per_s=events_per_s,
                dropped=sum(not reader.is_open for reader in readers),
                behind=sum(reader.catch_ups > 0 for reader in readers),
                late=sum(reader.seq < last for reader in readers),
                messages=sum(reader.messages for reader in readers),
                server_rss_mb=_peak_rss_mb(pid),
            )


@asynccontextmanager
async def _server(folder: Path, sizes: Sizes) -> AsyncIterator[tuple[str, int]]:
    arguments = (str(folder), str(sizes.tasks), str(sizes.agents), str(sizes.events_per_s))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.console_server", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = json.loads(await process.stdout.readline())["port"]
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _warm(http: aiohttp.ClientSession, sizes: Sizes) -> None:
    """Return when the run has all its tasks, and every agent talks."""
    async with http.ws_connect("/ws", max_msg_size=0) as socket:
        await socket.send_json({"type": "subscribe", "run": "R1"})
        async for message in socket:
            told = json.loads(message.data)
            counts = (told.get("data") or told.get("changes") or {}).get("counts", {})
            if counts.get("active", 0) >= sizes.agents and sum(counts.values()) >= sizes.tasks:
                return


async def _acks(http: aiohttp.ClientSession, count: int) -> list[float]:
    """Milliseconds until each of so many orders, one after the other, was durable and answered."""
    found = []
    for number in range(count):
        began = time.perf_counter()
        async with http.post(f"/api/v1/runs/R1/{('pause', 'resume')[number % 2]}", json={}) as answer:
            await answer.read()
            assert answer.status == 200, await answer.text()
        found.append((time.perf_counter() - began) * 1000)
    return found


async def _snapshot_ms(http: aiohttp.ClientSession) -> float:
    """Milliseconds from opening the socket to having the whole run."""
    began = time.perf_counter()
    async with http.ws_connect("/ws", max_msg_size=0) as socket:
        await socket.send_json({"type": "subscribe", "run": "R1"})
        async for message in socket:
            if json.loads(message.data)["type"] == "snapshot":
                return (time.perf_counter() - began) * 1000
    raise ConnectionError("the socket was closed before the snapshot came")


async def _updates(http: aiohttp.ClientSession, count: int) -> list[float]:
    """Milliseconds from an order to the delta that shows it."""
    found = []
    async with http.ws_connect("/ws", max_msg_size=0) as socket:
        await socket.send_json({"type": "subscribe", "run": "R1"})
        for number in range(count):
            cap = 100.0 + number
            began = time.perf_counter()
            async with http.patch("/api/v1/runs/R1", json={"budget_usd": cap}) as answer:
                assert answer.status == 200, await answer.text()
            async for message in socket:
                changes = json.loads(message.data).get("changes", {})
                if changes.get("head", {}).get("budget_usd") == cap:
                    break
            found.append((time.perf_counter() - began) * 1000)
    return found


async def _crowd(http: aiohttp.ClientSession, sizes: Sizes) -> tuple[list[Reader], float, int]:
    """The followers after the given seconds, the events a second meanwhile, and the last event's sequence."""
    readers = [Reader() for _ in range(sizes.clients)]
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(_follow(http, reader)) for reader in readers]
        first, began = await _seq(http), time.perf_counter()
        await asyncio.sleep(sizes.seconds)
        last, seconds = await _seq(http), time.perf_counter() - began
        await asyncio.sleep(2)
        for task in tasks:
            task.cancel()
    return readers, (last - first) / seconds, last


async def _follow(http: aiohttp.ClientSession, reader: Reader) -> None:
    async with http.ws_connect("/ws", max_msg_size=0) as socket:
        await socket.send_json({"type": "subscribe", "run": "R1"})
        async for message in socket:
            head = _Head.decode(message.data)
            reader.messages += 1
            reader.catch_ups += head.type == "catch_up"
            reader.seq = max(reader.seq, head.seq) if head.run else reader.seq
    reader.is_open = False


class _Told(msgspec.Struct):
    type: str
    run: str = ""
    seq: int = 0


_Head = msgspec.json.Decoder(_Told)


async def _seq(http: aiohttp.ClientSession) -> int:
    async with http.get("/api/v1/health") as answer:
        health: dict[str, Any] = await answer.json()
        return int(health["seq"])


def _peak_rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return math.nan


def _quantile(values: list[float], share: float) -> float:
    """The smallest value that so many of them do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--seconds", type=float, default=Sizes().seconds, help="how long the crowd follows")
    chosen = parser.parse_args()
    figures = asyncio.run(measure(Sizes(seconds=chosen.seconds)))
    found = {name: round(value, 2) for name, value in msgspec.structs.asdict(figures).items()}
    sys.stdout.write((json.dumps(found) if chosen.json else "\n".join(f"{k}: {v}" for k, v in found.items())) + "\n")


if __name__ == "__main__":
    main()
