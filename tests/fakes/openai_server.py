"""An OpenAI-compatible server on loopback that a scripted mind answers for, in whatever way it is asked: tools, schema, text."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from engine.model.types import Message, ModelError, Reply, Request, ToolCall

Mind = Callable[[Request], Awaitable[Reply]]
_STATUS = {"rate_limit": 429, "quota": 429, "auth": 401, "context": 400, "bad_request": 400, "unavailable": 503}
_CODES = {"quota": "insufficient_quota", "context": "context_length_exceeded"}


class ModelServer:
    """Answers each request with what the mind says; `bodies` are all that came, `asked` is set by each."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self.bodies: list[dict[str, Any]] = []
        self.base_url = ""
        self.asked = asyncio.Event()
        self.at_once = self.most_at_once = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.asked.set()
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            reply = await self._mind(read(body))
        except ModelError as error:
            return _refusal(error)
        finally:
            self.at_once -= 1
        if body.get("stream"):
            told = _completion(body, reply, "delta", "chat.completion.chunk")
            return web.Response(text=f"data: {json.dumps(told)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")
        return web.json_response(_completion(body, reply, "message", "chat.completion"))


def read(body: dict[str, Any]) -> Request:
    """The request as our own types have it; its label is found out from what the brief tells of earlier attempts."""
    messages = tuple(_read_message(message) for message in body["messages"])
    earlier = re.findall(r"^### Attempt (\d+)", messages[1].content if len(messages) > 1 else "", re.MULTILINE)
    label = f"R1/T0/a{max(map(int, earlier), default=0) + 1}"
    return Request(model=body["model"], messages=messages, max_output_tokens=body["max_tokens"], label=label)


def codec_asked(body: dict[str, Any]) -> str:
    """How the request wants tools to be called."""
    if body.get("tools"):
        return "native"
    return "schema" if body.get("response_format") else "fenced"


def in_schema(reply: Reply) -> str:
    """The reply as one JSON object."""
    listed = [{"tool": call.name, "arguments": json.loads(call.arguments)} for call in reply.tool_calls]
    return json.dumps({"thought": reply.text, "calls": listed})


def in_fences(reply: Reply) -> str:
    """The reply as header lines and blocks."""
    return "\n".join([reply.text, *map(_fenced, reply.tool_calls)])


def _fenced(call: ToolCall) -> str:
    lines = [f"### call: {call.name}"]
    for key, value in json.loads(call.arguments).items():
        if isinstance(value, str) and key != "content":
            lines += [f"{key}:", "~~~~~~", value, "~~~~~~"]
        elif isinstance(value, str):
            lines += [f"{key}:", "~~~~~~", value.removesuffix("\n"), "~~~~~~"]
        else:
            lines += [f"{key}: {json.dumps(value)}"]
    return "\n".join(lines)


def _read_message(message: dict[str, Any]) -> Message:
    calls = tuple(
        ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
    return Message(message["role"], message.get("content") or "", calls, message.get("tool_call_id", ""))


def _completion(body: dict[str, Any], reply: Reply, part: str, kind: str) -> dict[str, Any]:
    choice = {"index": 0, part: _message(body, reply), "finish_reason": reply.finish}
    usage = {"prompt_tokens": reply.usage.prompt_tokens, "completion_tokens": reply.usage.completion_tokens}
    usage["total_tokens"] = sum(usage.values())
    return {"id": "c", "object": kind, "created": 1, "model": body["model"], "choices": [choice], "usage": usage}


def _message(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    if not reply.tool_calls:
        return {"role": "assistant", "content": reply.text}
    codec = codec_asked(body)
    if codec != "native":
        return {"role": "assistant", "content": in_schema(reply) if codec == "schema" else in_fences(reply)}
    calls = [
        {
            "index": n,
            "id": f"{call.id}-{n}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for n, call in enumerate(reply.tool_calls)
    ]
    return {"role": "assistant", "content": reply.text or None, "tool_calls": calls}


def _refusal(error: ModelError) -> web.Response:
    code = _CODES.get(error.kind, error.kind)
    headers = {} if error.retry_after_s is None else {"Retry-After": f"{error.retry_after_s:g}"}
    return web.json_response(
        {"error": {"message": str(error), "type": code, "code": code}}, status=_STATUS[error.kind], headers=headers
    )


@asynccontextmanager
async def model_server(mind: Mind) -> AsyncIterator[ModelServer]:
    """A running server; its handlers are cancelled when a caller hangs up."""
    server = ModelServer(mind)
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/v1/chat/completions", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.base_url = f"http://{host}:{port}/v1"
        yield server
    finally:
        await runner.cleanup()
