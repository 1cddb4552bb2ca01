"""A server on loopback in virtual time: the clock stands still while bytes are under way."""

import asyncio
import itertools

import pytest

from tests.fakes.jumping import passes, run


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while told := await reader.read(65_536):
        writer.write(told)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize(("size", "rounds"), [(100, 500), (100_000, 50), (5_000_000, 2)])
def test_time_does_not_jump_while_bytes_are_under_way(size: int, rounds: int):
    async def story() -> None:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        timer = loop.call_later(0.001, lambda: None)
        for _ in range(rounds):
            timer.cancel()
            timer = loop.call_later(0.001, lambda: None)
            began = loop.time()
            writer.write(b"x" * size)
            await writer.drain()
            await reader.readexactly(size)
            assert loop.time() == began
        timer.cancel()
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)

    run(story())


def test_time_goes_on_when_nothing_is():
    async def story() -> None:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        stamps = []
        for _ in range(3):
            await passes(3_600)
            stamps.append(asyncio.get_running_loop().time())
        assert all(b - a >= 3_600 for a, b in itertools.pairwise(stamps))
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)

    run(story())
