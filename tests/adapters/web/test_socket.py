"""The socket over real HTTP: subscribe, deltas, coming back, streaming, and clients that misbehave."""

import asyncio
from typing import Any

import aiohttp
import pytest

from engine.model.streamed import StreamedModel
from engine.model.types import Message, Request
from tests.adapters.web.consoles import SECRET, console, run, story
from tests.fakes.crew import ScriptedCrew, planned
from tests.fakes.model import ScriptedModel, says


async def _next(socket: aiohttp.ClientWebSocketResponse, *kinds: str) -> dict[str, Any]:
    """The next message of one of the kinds."""
    while True:
        message: dict[str, Any] = await socket.receive_json(timeout=10)
        if message["type"] in kinds:
            return message


def test_a_run_is_followed_from_its_beginning_to_its_end():
    async def scene() -> None:
        crew = ScriptedCrew((planned("a"), planned("b", "a")))
        async with console(crew=crew) as web, web.socket() as socket:
            assert (await _next(socket, "runs"))["items"] == []
            await web.json("POST", "/runs", {"objective": "make it so"}, 201)
            assert (await _next(socket, "runs"))["items"][0]["id"] == "R1"
            await socket.send_json({"type": "subscribe", "run": "R1", "from": None})
            tasks = {task["id"]: task for task in (await _next(socket, "snapshot"))["data"]["tasks"]}
            seq = 0
            state = ""
            while state != "completed":
                delta = await _next(socket, "delta")
                assert delta["seq"] >= seq
                seq = delta["seq"]
                tasks |= {task["id"]: task for task in delta["changes"].get("tasks", ())}
                state = delta["changes"]["run"]["state"]
            assert {task["state"] for task in tasks.values()} == {"complete"}
            assert seq == web.board.seq

    run(scene())


def test_a_client_that_comes_back_gets_what_it_missed():
    async def scene() -> None:
        async with console(story()) as web:
            async with web.socket() as socket:
                await socket.send_json({"type": "subscribe", "run": "R1", "from": None})
                seq = (await _next(socket, "snapshot"))["seq"]
            await web.json("POST", "/runs/R1/pause")
            async with web.socket() as socket:
                await socket.send_json({"type": "subscribe", "run": "R1", "from": seq})
                delta = await _next(socket, "delta", "snapshot")
                while delta["changes"] == {}:
                    delta = await _next(socket, "delta", "snapshot")
                assert delta["changes"]["run"]["paused"] is True

    run(scene())


def test_after_an_unsubscribe_nothing_comes_any_more():
    async def scene() -> None:
        async with console(story()) as web, web.socket() as socket:
            await socket.send_json({"type": "subscribe", "run": "R1"})
            await _next(socket, "snapshot")
            await socket.send_json({"type": "unsubscribe", "run": "R1"})
            await socket.send_json({"type": "subscribe", "run": "R9"})
            await _next(socket, "problem")
            await web.json("POST", "/runs/R1/pause")
            assert (await _next(socket, "runs", "delta"))["type"] == "runs"

    run(scene())


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"type":"subscribe"}', '{"type":"order","run":"R1"}', '{"type":"subscribe","run":"R1;"}',
     '{"type":"stream","task":"T1"}', '{"type":"subscribe","run":"R1","from":-1}', "\x00"],
)  # fmt: skip
def test_a_message_that_makes_no_sense_is_explained_and_the_socket_stays(text: str):
    async def scene() -> None:
        async with console(story()) as web, web.socket() as socket:
            await socket.send_str(text)
            assert (await _next(socket, "problem"))["detail"]
            await socket.send_json({"type": "subscribe", "run": "R1"})
            await _next(socket, "snapshot")

    run(scene())


def test_a_message_that_is_too_large_ends_the_socket_and_nothing_else():
    async def scene() -> None:
        async with console(story()) as web:
            async with web.socket() as socket:
                await socket.send_str("x" * 10_000)
                async for _ in socket:
                    pass
                assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
            await web.json("GET", "/health")

    run(scene())


def test_what_the_model_says_is_seen_by_who_asked_and_only_without_secrets():
    async def scene() -> None:
        async with console(story()) as web, web.socket() as socket:
            model = StreamedModel(ScriptedModel([says(f"I look at {SECRET} first."), says("Unseen.")]), web.stream)
            request = Request("pilot", (Message("user", "go"),), label="R1/T5/a2")
            await socket.send_json({"type": "stream", "task": "T5", "on": True})
            await socket.send_json({"type": "subscribe", "run": "R1"})
            await _next(socket, "snapshot")
            await model.complete(request)
            assert not web.stream.is_watched("R1/T5/a2/guardian")
            turn = await _next(socket, "turn")
            while not turn["done"]:
                turn = await _next(socket, "turn")
            assert turn == {
                "type": "turn", "run": "R1", "task": "T5", "attempt": 2, "speaker": "work",
                "text": "I look at [redacted] first.", "done": True,
            }  # fmt: skip
            await socket.send_json({"type": "stream", "task": "T5", "on": False})
            await socket.send_json({"type": "subscribe", "run": "R9"})
            await _next(socket, "problem")
            assert not web.stream.is_watched("R1/T5/a2")
            await model.complete(request)

    run(scene())


def test_a_client_that_does_not_read_delays_nobody():
    async def scene() -> None:
        crew = ScriptedCrew(tuple(planned(f"k{n}") for n in range(150)))
        async with console(crew=crew) as web:
            async with web.socket() as lazy, web.socket() as keen:
                await web.json("POST", "/runs", {"objective": "make it so"}, 201)
                for socket in (lazy, keen):
                    await socket.send_json({"type": "subscribe", "run": "R1"})
                while (await _next(keen, "delta"))["changes"]["run"]["state"] != "completed":
                    pass
            assert all(task.state == "complete" for task in web.board.tasks.values())

    run(scene())


def test_every_client_is_told_when_the_console_ends():
    async def scene() -> None:
        async with asyncio.timeout(10):
            async with console() as web:
                socket = await web.socket()
                await _next(socket, "runs")
            message = await socket.receive()
            assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}

    run(scene())
