"""The pilot over the OpenAI chat-completions protocol on loopback; keeps nothing between two requests."""

import json
import secrets

from aiohttp import web

from adapters.llm.pilot.roles import next_call
from adapters.llm.pilot.transcript import read


class PilotServer:
    """Serves the model `pilot` to whoever has the token, `api_key`."""

    def __init__(self) -> None:
        self.api_key = secrets.token_urlsafe(24)
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes([web.post("/v1/chat/completions", self._complete)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def start(self) -> str:
        """Listen on a free port of 127.0.0.1; the base URL, which ends in `/v1`."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/v1"

    async def close(self) -> None:
        """Stop listening; closing twice is fine."""
        await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self.api_key}".encode()):
            raise web.HTTPUnauthorized(text="the pilot serves only the engine that started it: wrong or missing key")
        try:
            body = json.loads(await request.text())
            name, arguments = next_call(read(body["messages"]))
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text=f"the pilot cannot read this request: {error}") from None
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"call_{len(body['messages'])}", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        usage = {"prompt_tokens": len(str(body["messages"])) // 4, "completion_tokens": len(str(function)) // 4}
        usage["total_tokens"] = sum(usage.values())
        is_stream = bool(body.get("stream"))
        choice = {"index": 0, "delta" if is_stream else "message": message, "finish_reason": "tool_calls"}
        kind = "chat.completion.chunk" if is_stream else "chat.completion"
        told = {"id": "pilot", "object": kind, "created": 0, "model": "pilot", "choices": [choice], "usage": usage}
        if not is_stream:
            return web.json_response(told)
        return web.Response(text=f"data: {json.dumps(told)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")
