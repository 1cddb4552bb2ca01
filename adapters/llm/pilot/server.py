"""The pilot over the OpenAI chat-completions protocol on loopback; keeps nothing between two requests."""

from __future__ import annotations

import json
import secrets
from typing import Any

from aiohttp import web

from adapters.llm.pilot.roles import next_call
from adapters.llm.pilot.transcript import read

MODEL = "pilot"


class PilotServer:
    """Serves the model `pilot` to whoever has the token, `api_key`."""

    def __init__(self) -> None:
        self.api_key = secrets.token_urlsafe(24)
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen on a free port of 127.0.0.1; the base URL, which ends in `/v1`."""
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes([web.get("/v1/models", self._models), web.post("/v1/chat/completions", self._complete)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/v1"

    async def close(self) -> None:
        """Stop listening; closing twice is fine."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _refusal(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "")
        if secrets.compare_digest(given.encode(), f"Bearer {self.api_key}".encode()):
            return None
        return _error(401, "the pilot serves only the engine that started it: wrong or missing key", "invalid_api_key")

    async def _models(self, request: web.Request) -> web.Response:
        listed = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "orch"}]}
        return self._refusal(request) or web.json_response(listed)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        try:
            body = json.loads(await request.text())
            name, arguments = next_call(read(body["messages"]))
        except (ValueError, KeyError, TypeError) as error:
            return _error(400, f"the pilot cannot read this request: {error}", "invalid_request_error")
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"id": f"call_{len(body['messages'])}", "type": "function", "function": function}
        written = len(function["arguments"])
        usage = {"prompt_tokens": len(str(body["messages"])) // 4, "completion_tokens": written // 4 + 1}
        usage["total_tokens"] = sum(usage.values())
        if body.get("stream"):
            return await _stream(request, call, usage)
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return web.json_response(_envelope("chat.completion", [choice]) | {"usage": usage})


async def _stream(request: web.Request, call: dict[str, Any], usage: dict[str, int]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    delta = {"role": "assistant", "tool_calls": [{"index": 0, **call}]}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        {"choices": [], "usage": usage},
    ]
    for chunk in chunks:
        await response.write(f"data: {json.dumps(_envelope('chat.completion.chunk', []) | chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    return response


def _envelope(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chatcmpl-pilot", "object": kind, "created": 0, "model": MODEL, "choices": choices}


def _error(status: int, message: str, code: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": code, "code": code}}, status=status)
