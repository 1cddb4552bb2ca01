"""A small OpenAI-compatible endpoint on loopback: what it answers follows from the last message's text."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

CALL = {"id": "call_7", "type": "function", "function": {"name": "read_file", "arguments": '{"path": broken'}}
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 5,
    "total_tokens": 16,
    "prompt_tokens_details": {"cached_tokens": 4},
}


def _failure(status: int, message: str, code: str, **headers: str) -> Callable[[], web.Response]:
    body = {"error": {"message": message, "type": code, "code": code}}
    return lambda: web.json_response(body, status=status, headers=headers)


ANSWERS: dict[str, Callable[[], web.Response]] = {
    "slow down": _failure(429, "slow down", "rate_limit_exceeded", **{"Retry-After": "7"}),
    "slow down until": _failure(
        429, "slow down", "rate_limit_exceeded",
        **{"Date": "Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2026 07:29:30 GMT"},
    ),
    "no credit": _failure(429, "You exceeded your current quota, check your plan", "insufficient_quota"),
    "boom": _failure(500, "boom", "server_error"),
    "bad gateway": lambda: web.Response(text="<html>bad gateway</html>", status=502),
    "bad key": _failure(401, "Incorrect API key provided", "invalid_api_key"),
    "forbidden": _failure(403, "not yours", "permission_denied"),
    "no model": _failure(404, "The model `x` does not exist", "model_not_found"),
    "too long": _failure(400, "This model's maximum context length is 10 tokens, yours: 20", "context_length_exceeded"),
    "wrong": _failure(400, "Invalid value for `messages`", "invalid_request_error"),
    "no json": lambda: web.Response(text="hello"),
    "half a json": lambda: web.Response(text='{"id": "c", "choi', content_type="application/json"),
    "failed inside": lambda: web.json_response({"error": {"message": "upstream is overloaded", "code": 502}}),
    "no choice": lambda: web.json_response(_completion({}) | {"choices": []}),
    "nothing": lambda: web.json_response(_empty(USAGE | {"completion_tokens": 0})),
    "nothing for nothing": lambda: web.json_response(_empty({})),
}  # fmt: skip


class StubEndpoint:
    """Remembers the bodies it was sent; `left` is set when a caller hung up before the answer."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.base_url = ""
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers["Authorization"])
        self.asked.set()
        text = body["messages"][-1]["content"]
        if text == "hang":
            try:
                await asyncio.Event().wait()
            finally:
                self.left.set()
        if text.startswith("wait "):
            return _failure(429, "slow down", "rate_limit_exceeded", **{"Retry-After": text.removeprefix("wait ")})()
        if text == "hang up":
            _cut(request)
        if text in ANSWERS:
            return ANSWERS[text]()
        if body.get("stream"):
            return await _stream(request, body)
        return web.json_response(_completion(body))


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.close()


def _empty(usage: dict[str, Any]) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}
    return _completion({}) | {"choices": [choice], "usage": usage}


def _completion(body: dict[str, Any]) -> dict[str, Any]:
    called = {"tool_calls": [CALL]} if body.get("tools") else {}
    message = {"role": "assistant", "content": "Hello", **called}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if called else "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


async def _stream(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "Hel"}, {"content": "lo"}]
    if body.get("tools"):
        whole = str(CALL["function"]["arguments"])  # type: ignore[index]  # the table above
        first = {"id": "call_7", "type": "function", "function": {"name": "read_file", "arguments": whole[:5]}}
        deltas += [{"tool_calls": [{"index": 0, **first}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": whole[5:]}}]}]
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    end = "tool_calls" if body.get("tools") else "stop"
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": end}]}]
    if body.get("stream_options", {}).get("include_usage"):
        chunks += [{"choices": [], "usage": USAGE}]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for chunk in chunks:
        whole_chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", **chunk}
        await response.write(f"data: {json.dumps(whole_chunk)}\n\n".encode())
        if body["messages"][-1]["content"] == "break off":
            _cut(request)
            return response
    await response.write(b"data: [DONE]\n\n")
    return response


@asynccontextmanager
async def stub_endpoint() -> AsyncIterator[StubEndpoint]:
    """A running endpoint; its handlers are cancelled when a caller hangs up."""
    endpoint = StubEndpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        endpoint.base_url = f"http://{host}:{port}/v1"
        yield endpoint
    finally:
        await runner.cleanup()
