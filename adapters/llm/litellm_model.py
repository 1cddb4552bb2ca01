"""The Model port with litellm, which speaks to every provider; the only module that loads litellm, and late.

The import costs seconds of CPU and 170 MB, so that it happens in a thread at the first call, not at start-up.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import msgspec

from adapters.llm.catalog import Profile, catalog, price_entry
from adapters.llm.litellm_check import problem_with
from adapters.llm.litellm_errors import model_error
from adapters.llm.litellm_wire import call_arguments, highest_price, reply_from, usage_from
from engine.model.budget import Price
from engine.model.codecs.codec import CodecName
from engine.model.types import ModelError, Reply, Request, Window

_EVERY_CALL: dict[str, Any] = {
    "max_retries": 0,
    "num_retries": 0,
    "drop_params": True,
    # litellm 1.106 wants the package `mcp` for any call with tools, unless it is told to leave MCP alone.
    "_skip_mcp_handler": True,
}


class Route(msgspec.Struct, frozen=True):
    """Where a model's calls go: litellm's name for it, and what differs from the defaults of the configuration."""

    model: str
    api_base: str = ""
    api_key: str = ""
    price: Price | None = None


class LitellmConfig(msgspec.Struct, frozen=True):
    """The endpoint and key for all models (empty: the provider's own), and routes and profiles by the name used in requests.

    `codec` is for models whose profile names none. With `provider`, endpoint and key are for its models alone: another one must
    not be sent a key that is none of its business.
    """

    api_base: str = ""
    api_key: str = ""
    routes: dict[str, Route] = {}
    profiles: Mapping[str, Profile] = {}
    codec: CodecName | None = None
    provider: str = ""


class LitellmModel:
    """The Model port on litellm: no hidden retries, usage on every call, errors as ModelError. Close it when done."""

    def __init__(self, config: LitellmConfig) -> None:
        self._config = config
        self._litellm: ModuleType | None = None
        self._loading = asyncio.Lock()

    async def complete(self, request: Request, on_delta: Callable[[str], None] | None = None) -> Reply:
        """The model's reply, streamed to `on_delta` where that is given. Cancelling it closes the connection.

        Raises: ModelError.
        """
        litellm = await self._load()
        route = self._route(request.model)
        arguments = _EVERY_CALL | call_arguments(request, route.model) | _endpoint(route)
        try:
            async with asyncio.timeout(request.timeout_s):
                if on_delta is None:
                    completion, reports_usage = await litellm.acompletion(**arguments), True
                else:
                    completion, reports_usage = await _streamed(litellm, arguments, on_delta)
            return _read(litellm, completion, request.model, route, reports_usage=reports_usage)
        except TimeoutError as error:
            raise model_error(error, request.model) from error
        except litellm.exceptions.openai.OpenAIError as error:
            raise model_error(error, request.model) from error

    async def price_of(self, model: str) -> Price | None:
        """The highest price per token that is known for a model, or None."""
        route = self._route(model)
        if route.price is not None:
            return route.price
        entry = _price_entry(await self._load(), route)
        return None if entry is None else highest_price(entry)

    async def codec_of(self, model: str) -> CodecName:
        """How the model is to be told of tools: by its profile, the setting, and what it is known to be able to."""
        profile = await self.profile_of(model)
        return profile.codec or self._config.codec or profile.best_codec

    async def window_of(self, model: str) -> Window:
        """How many tokens the model takes and gives."""
        profile = await self.profile_of(model)
        return Window(profile.context, profile.max_output)

    async def profile_of(self, model: str) -> Profile:
        """All that is known of a model: what was configured, our own table, litellm's, in this order."""
        known = _known(_price_entry(await self._load(), self._route(model)))
        ours = catalog().models.get(self._route(model).model, Profile()).over(known)
        return self._config.profiles.get(model, Profile()).over(ours)

    async def problem_with(self, model: str) -> str:
        """Why the model can't be called, with the remedy, as far as that is known without a call; "" when it can."""
        route = self._route(model)
        return problem_with(await self._load(), route.model, route.api_base, route.api_key)

    async def aclose(self) -> None:
        """Close all connections; the model can't be used afterwards."""
        if self._litellm is not None:
            await self._litellm.close_litellm_async_clients()
            self._litellm.in_memory_llm_clients_cache.flush_cache()
            self._litellm = None

    def _route(self, model: str) -> Route:
        route = self._config.routes.get(model, Route(model=model))
        if self._config.provider not in ("", model.partition("/")[0]):
            return route
        return msgspec.structs.replace(
            route, api_base=route.api_base or self._config.api_base, api_key=route.api_key or self._config.api_key
        )

    async def _load(self) -> ModuleType:
        async with self._loading:
            if self._litellm is None:
                self._litellm = await asyncio.to_thread(_import_litellm)
                self._register(self._litellm)
            return self._litellm

    def _register(self, litellm: ModuleType) -> None:
        """Let litellm reckon with our prices: it counts cached tokens by them, as our own product of two numbers could not."""
        named = {self._route(name).model: profile for name, profile in self._config.profiles.items()}
        known: dict[str, object] = litellm.model_cost
        entries = {}
        for name, profile in (*catalog().models.items(), *named.items()):
            if entry := price_entry(profile):
                plain = name.partition("/")[2]
                provider = {"litellm_provider": name.partition("/")[0], "mode": "chat"}
                entries[plain if name not in known and plain in known else name] = entry | provider
        litellm.register_model(entries)


def _read(litellm: ModuleType, completion: Any, model: str, route: Route, *, reports_usage: bool) -> Reply:
    """The reply in litellm's completion.

    Raises: ModelError for one that says nothing, or is none; the provider has worked for it, and may charge.
    """
    dump = completion.model_dump()
    try:
        reply = reply_from(dump, model, _cost_usd(litellm, completion, route))
    except (msgspec.ValidationError, IndexError) as error:
        fault = f"the answer is no chat completion ({error})"
    else:
        # An endpoint that does not stream what was asked for gives litellm no text, which it takes for an empty answer.
        if reply.text or reply.tool_calls or reply.usage.completion_tokens:
            return reply
        fault = "the answer is empty"
    said = f"{model}: {fault}; check ORCH_API_BASE"
    raise ModelError(said, "unavailable", may_be_charged=True, usage=usage_from(dump) if reports_usage else None)


def _endpoint(route: Route) -> dict[str, Any]:
    endpoint = {"model": route.model, "api_base": route.api_base, "api_key": route.api_key}
    return {name: value for name, value in endpoint.items() if value}


def _price_entry(litellm: ModuleType, route: Route) -> dict[str, Any] | None:
    prices: dict[str, dict[str, Any]] = litellm.model_cost
    return prices.get(route.model) or prices.get(route.model.partition("/")[2])


def _known(entry: dict[str, Any] | None) -> Profile:
    if entry is None:
        return Profile()
    return Profile(
        context=entry.get("max_input_tokens"),
        max_output=entry.get("max_output_tokens"),
        # Where the list is silent about tools, a chat model is taken to have them; only a no is a no.
        tools=entry.get("supports_function_calling"),
        schema=entry.get("supports_response_schema"),
    )


def _cost_usd(litellm: ModuleType, completion: Any, route: Route) -> float | None:
    if route.price is not None:
        return route.price.of(completion.usage.prompt_tokens, completion.usage.completion_tokens)
    if _price_entry(litellm, route) is None:
        return None
    return float(litellm.completion_cost(completion_response=completion, model=route.model))


async def _streamed(
    litellm: ModuleType, arguments: dict[str, Any], on_delta: Callable[[str], None]
) -> tuple[Any, bool]:
    """The whole answer, and whether its usage is the provider's word."""
    stream = await litellm.acompletion(**arguments, stream=True, stream_options={"include_usage": True})
    chunks = []
    try:
        async for chunk in stream:
            chunks.append(chunk)
            text = chunk.choices[0].delta.content if chunk.choices else None
            if text:
                on_delta(text)
    finally:
        await stream.aclose()
    # Where none is reported, litellm guesses it from the text.
    reports_usage = any(getattr(chunk, "usage", None) for chunk in chunks)
    return litellm.stream_chunk_builder(chunks, messages=arguments["messages"]), reports_usage


def _import_litellm() -> ModuleType:
    # Read by litellm while it is imported; without it the import fetches a price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    litellm = importlib.import_module("litellm")
    settings = vars(litellm)
    settings["telemetry"] = False
    settings["suppress_debug_info"] = True
    # httpx closes its connections when asked; the aiohttp transport leaves sessions behind.
    settings["disable_aiohttp_transport"] = True
    _warm_up(litellm)
    return litellm


def _warm_up(litellm: ModuleType) -> None:
    """Let litellm do here, in a thread, what it puts off to the first call: a second or two of imports and schemas."""
    with warnings.catch_warnings():
        # pydantic has something to say on litellm's own types, which is nothing to our users.
        warnings.simplefilter("ignore", UserWarning)
        said = [{"role": "user", "content": "."}]
        chunks = list(litellm.completion(model="openai/-", api_key="-", messages=said, mock_response=".", stream=True))
        litellm.stream_chunk_builder(chunks, messages=said)
