"""Between our messages and the OpenAI shape that litellm speaks for every provider; pure, and without litellm itself."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from engine.model.budget import Price
from engine.model.types import Finish, Message, Reply, Request, ToolCall, ToolSpec, Usage


class _Function(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True):
    id: str | None = None
    function: _Function = _Function()


class _Answer(msgspec.Struct, frozen=True):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Answer = _Answer()
    finish_reason: str | None = None


class _Details(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Completion(msgspec.Struct, frozen=True):
    choices: list[_Choice]
    usage: _Usage = _Usage()


def call_arguments(request: Request, model: str) -> dict[str, Any]:
    """The keyword arguments of a completion that follow from the request, for litellm's name of the model."""
    marks = request.cache_marks if takes_cache_marks(model) else ()
    arguments: dict[str, Any] = {
        "messages": [_message(message) | _mark(place in marks) for place, message in enumerate(request.messages)],
        "max_tokens": request.max_output_tokens,
        "timeout": request.timeout_s,
    }
    if request.tools:
        arguments["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema:
        schema: object = msgspec.json.decode(request.schema)
        arguments["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    if request.temperature is not None:
        arguments["temperature"] = request.temperature
    return arguments


def takes_cache_marks(model: str) -> bool:
    """Whether the provider wants to be told what to keep. Others keep what they can by themselves, or refuse the mark."""
    provider, _, name = model.partition("/")
    return provider in _MARKED_PROVIDERS and "claude" in name


_MARKED_PROVIDERS: Final = frozenset({"anthropic", "bedrock", "vertex_ai", "openrouter"})


def _mark(is_marked: bool) -> dict[str, Any]:
    return {"cache_control": {"type": "ephemeral"}} if is_marked else {}


def reply_from(completion: dict[str, Any], model: str, cost_usd: float | None) -> Reply:
    """The reply in a completion's dump.

    Raises: msgspec.ValidationError when it is no completion; IndexError when it has no choice.
    """
    parsed = msgspec.convert(completion, _Completion, strict=False)
    choice = parsed.choices[0]
    calls = tuple(_tool_call(number, call) for number, call in enumerate(choice.message.tool_calls or (), start=1))
    return Reply(
        text=choice.message.content or "",
        tool_calls=calls,
        usage=_usage(parsed.usage),
        cost_usd=cost_usd,
        finish=_finish(choice.finish_reason, has_calls=bool(calls)),
        model=model,
    )


def usage_from(completion: dict[str, Any]) -> Usage | None:
    """The tokens that a completion's dump reports, whatever else is wrong with it; None when it reports none."""
    try:
        usage = _usage(msgspec.convert(completion.get("usage"), _Usage, strict=False))
    except msgspec.ValidationError:
        return None
    return usage if usage.total_tokens > 0 else None


def _usage(told: _Usage) -> Usage:
    details = told.prompt_tokens_details or _Details()
    return Usage(told.prompt_tokens, told.completion_tokens, details.cached_tokens or 0)


def highest_price(entry: dict[str, Any]) -> Price | None:
    """The most that litellm's price entry of a model can charge: long-context tiers and cache writes included."""
    prompt = _highest(entry, ("input_cost_per_token", "cache_creation_input_token_cost"))
    completion = _highest(entry, ("output_cost_per_token", "output_cost_per_reasoning_token"))
    return None if prompt is None or completion is None else Price(prompt, completion)


def _highest(entry: dict[str, Any], names: tuple[str, ...]) -> float | None:
    prices = [
        float(value)
        for key, value in entry.items()
        if key.startswith(names) and isinstance(value, int | float) and not key.endswith("_priority")
    ]
    return max(prices, default=None)


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        wire["content"] = message.content or None
    if message.role == "tool":
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _tool(tool: ToolSpec) -> dict[str, Any]:
    parameters: object = msgspec.json.decode(tool.parameters)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


def _tool_call(number: int, call: _Call) -> ToolCall:
    # Some local servers leave the id out; the answer needs one to refer to.
    return ToolCall(
        id=call.id or f"call_{number}", name=call.function.name or "", arguments=call.function.arguments or ""
    )


def _finish(reason: str | None, *, has_calls: bool) -> Finish:
    if reason == "length":
        return "length"
    if has_calls:
        return "tool_calls"
    return "stop" if reason == "stop" else "other"
