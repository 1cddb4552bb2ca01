"""Where a conversation may be kept by the provider: told to those that want to be told, in their own words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from adapters.llm.litellm_model import LitellmConfig, LitellmModel
from adapters.llm.litellm_wire import call_arguments, takes_cache_marks
from engine.model.types import Message, Request, ToolCall, ToolSpec

pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")

MARK = {"type": "ephemeral"}
CONVERSATION = Request(
    model="anthropic/claude-sonnet-4-5",
    messages=(
        Message("system", "be brief"),
        Message("user", "read a"),
        Message("assistant", "", (ToolCall("c1", "read_file", "{}"), ToolCall("c2", "read_file", "{}"))),
        Message("tool", "first", tool_call_id="c1"),
        Message("tool", "second", tool_call_id="c2"),
    ),
    tools=(ToolSpec("read_file", "Read a file.", b'{"type":"object","properties":{}}'),),
    cache_marks=(0, 1, 4),
)
ANSWER = {
    "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": "Hello"}],
    "usage": {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 10},
}  # fmt: skip


def sent_to_anthropic(request: Request) -> tuple[dict[str, Any], int, int]:
    """The body as Anthropic's own interface gets it, and the prompt and cached tokens that come back."""

    async def run() -> tuple[dict[str, Any], int, int]:
        bodies: list[dict[str, Any]] = []

        async def answer(http: web.Request) -> web.Response:
            bodies.append(await http.json())
            return web.json_response(ANSWER)

        app = web.Application()
        app.router.add_post("/v1/messages", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        model = LitellmModel(LitellmConfig(api_base=f"http://{host}:{port}", api_key="sk-test"))
        try:
            reply = await model.complete(request)
            return bodies[0], reply.usage.prompt_tokens, reply.usage.cached_tokens
        finally:
            await model.aclose()
            await runner.cleanup()

    return asyncio.run(run())


def test_anthropic_gets_each_mark_at_its_place_and_the_cache_is_counted():
    body, prompt, cached = sent_to_anthropic(CONVERSATION)
    assert body["system"][0]["cache_control"] == MARK
    opening, called, answers = body["messages"]
    assert opening["content"][0]["cache_control"] == MARK
    assert "cache_control" not in str(called)
    assert [block.get("cache_control") for block in answers["content"]] == [None, MARK]
    assert (prompt, cached) == (105, 90)


def test_only_those_who_want_marks_get_them():
    assert takes_cache_marks("openrouter/anthropic/claude-sonnet-4.5")
    for other in ("openai/gpt-5", "openai/claude-behind-a-proxy", "gemini/gemini-2.5-pro", "ollama/qwen3"):
        assert not takes_cache_marks(other)
        assert "cache_control" not in str(call_arguments(CONVERSATION, other))
