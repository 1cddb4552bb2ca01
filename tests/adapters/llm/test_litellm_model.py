"""The litellm adapter over real HTTP: what is sent, what comes back, what fails, and that nothing is left open."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import pytest

from adapters.llm.litellm_model import LitellmConfig, LitellmModel, Route
from engine.model.budget import Price
from engine.model.types import Message, ModelError, Request, ToolCall, ToolSpec, Usage
from tests.adapters.llm.stub_endpoint import StubEndpoint, stub_endpoint

# litellm looks at every attribute of a streamed chunk, and pydantic 2.11 deprecates that; both only inside of litellm.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")

T = TypeVar("T")
TOOL = ToolSpec("read_file", "Read a file.", b'{"type":"object","properties":{"path":{"type":"string"}}}')


def ask(text: str, **changes: object) -> Request:
    request = Request(model="openai/some-model", messages=(Message("user", text),), max_output_tokens=50, timeout_s=20)
    return msgspec.structs.replace(request, **changes)


def with_model(story: Callable[[LitellmModel, StubEndpoint], Awaitable[T]]) -> T:
    async def run() -> T:
        async with stub_endpoint() as endpoint:
            model = LitellmModel(LitellmConfig(api_base=endpoint.base_url, api_key="sk-test"))
            try:
                return await story(model, endpoint)
            finally:
                await model.aclose()

    return asyncio.run(run())


def test_text_comes_back_with_usage_and_an_honest_unknown_cost():
    reply = with_model(lambda model, _: model.complete(ask("hi")))
    assert (reply.text, reply.tool_calls, reply.finish) == ("Hello", (), "stop")
    assert reply.usage == Usage(prompt_tokens=11, completion_tokens=5, cached_tokens=4)
    assert reply.cost_usd is None


def test_tools_work_on_a_plain_install_and_arguments_come_as_they_were_written():
    reply = with_model(lambda model, _: model.complete(ask("hi", tools=(TOOL,))))
    assert reply.tool_calls == (ToolCall("call_7", "read_file", '{"path": broken'),)
    assert reply.finish == "tool_calls"


def test_what_is_sent_is_the_openai_shape_with_our_limits():
    async def story(model: LitellmModel, endpoint: StubEndpoint) -> dict[str, object]:
        messages = (
            Message("system", "be brief"),
            Message("user", "read a"),
            Message("assistant", "", (ToolCall("c1", "read_file", '{"path":"a"}'),)),
            Message("tool", "contents", tool_call_id="c1"),
        )
        await model.complete(ask("", messages=messages, tools=(TOOL,), temperature=0.0))
        assert endpoint.keys == ["Bearer sk-test"]
        return endpoint.bodies[0]

    body = with_model(story)
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "read a"},
        {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "read_file", "arguments": '{"path":"a"}'}}]},
        {"role": "tool", "content": "contents", "tool_call_id": "c1"},
    ]  # fmt: skip
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("some-model", 50, 0.0)
    assert body["tools"][0]["function"]["parameters"]["properties"] == {"path": {"type": "string"}}  # type: ignore[index]  # JSON


@pytest.mark.parametrize("tools", [(), (TOOL,)], ids=["text", "tools"])
def test_a_streamed_reply_is_the_same_reply(tools):
    async def story(model: LitellmModel, _: StubEndpoint) -> tuple[object, object, list[str]]:
        deltas: list[str] = []
        whole = await model.complete(ask("hi", tools=tools))
        return whole, await model.complete(ask("hi", tools=tools), deltas.append), deltas

    whole, streamed, deltas = with_model(story)
    assert streamed == whole
    assert deltas == ["Hel", "lo"]


@pytest.mark.parametrize(
    ("text", "kind", "remedy"),
    [
        ("slow down", "rate_limit", "max_concurrent_workers"),
        ("no credit", "quota", "add credit"),
        ("boom", "unavailable", "tried again"),
        ("bad gateway", "unavailable", "ORCH_API_BASE"),
        ("bad key", "auth", "ORCH_API_KEY"),
        ("forbidden", "auth", "ORCH_API_KEY"),
        ("no model", "bad_request", "ORCH_MODEL"),
        ("too long", "context", "longer than the model's window"),
        ("wrong", "bad_request", "Invalid value"),
        ("no json", "unavailable", "ORCH_API_BASE"),
    ],
)
@pytest.mark.parametrize("on_delta", [None, [].append], ids=["whole", "streamed"])
def test_a_failure_has_its_kind_and_a_remedy_and_is_not_tried_again_in_secret(text, kind, remedy, on_delta):
    async def story(model: LitellmModel, endpoint: StubEndpoint) -> tuple[ModelError, int]:
        with pytest.raises(ModelError) as caught:
            await model.complete(ask(text), on_delta)
        return caught.value, len(endpoint.bodies)

    error, calls = with_model(story)
    assert (error.kind, calls) == (kind, 1)
    assert remedy in str(error)
    assert str(error).startswith("openai/some-model: ")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("slow down", 7.0), ("slow down until", 90.0), ("no credit", None), ("wait 1795947244", None),
        ("wait 1795947244123", None), ("wait inf", None), ("wait nan", None), ("wait -3", 0.0), ("wait 2678400", 604_800.0),
        ("wait Mon, 01 Jan 2024 00:00:00 +9999999999999999999", None),
    ],
)  # fmt: skip
def test_the_wait_that_a_provider_asks_for_is_handed_on(text, seconds):
    async def story(model: LitellmModel, _: StubEndpoint) -> float | None:
        with pytest.raises(ModelError) as caught:
            await model.complete(ask(text))
        return caught.value.retry_after_s

    assert with_model(story) == seconds


@pytest.mark.parametrize(
    ("text", "streams", "may_be_charged", "usage"),
    [
        ("slow down", False, False, None),
        ("boom", False, False, None),
        ("boom", True, False, None),
        ("bad gateway", True, False, None),
        ("too long", False, False, None),
        ("hang up", False, True, None),
        ("hang up", True, True, None),
        ("break off", True, True, None),
        ("no json", False, True, None),
        ("no json", True, True, None),
        ("half a json", False, True, None),
        ("failed inside", False, True, None),
        ("no choice", False, True, Usage(11, 5, 4)),
        ("nothing", False, True, Usage(11, 0, 4)),
        ("nothing for nothing", False, True, None),
    ],
)
def test_what_a_provider_may_charge_for_a_failed_call_is_told(text, streams, may_be_charged, usage):
    async def story(model: LitellmModel, _: StubEndpoint) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await model.complete(ask(text), (lambda _: None) if streams else None)
        return caught.value

    error = with_model(story)
    assert (error.may_be_charged, error.usage) == (may_be_charged, usage)


def test_an_unreachable_endpoint_and_an_unknown_provider_say_what_to_check():
    async def story(model: LitellmModel, _: StubEndpoint) -> list[ModelError]:
        errors = []
        nowhere = LitellmModel(LitellmConfig(api_base="http://127.0.0.1:1/v1", api_key="x"))
        for asked, name in ((nowhere, "openai/x"), (model, "no-such-provider/x")):
            with pytest.raises(ModelError) as caught:
                await asked.complete(ask("hi", model=name))
            errors.append(caught.value)
        return errors

    unreachable, unknown = with_model(story)
    assert (unreachable.kind, unknown.kind) == ("unavailable", "bad_request")
    assert not unreachable.may_be_charged
    assert "ORCH_API_BASE" in str(unreachable)
    assert "ORCH_MODEL" in str(unknown)


def test_the_time_limit_holds_and_closes_the_connection():
    async def story(model: LitellmModel, endpoint: StubEndpoint) -> ModelError:
        await model.complete(ask("hi"))
        with pytest.raises(ModelError) as caught:
            await model.complete(ask("hang", timeout_s=0.3))
        await asyncio.wait_for(endpoint.left.wait(), 5)
        return caught.value

    error = with_model(story)
    assert (error.kind, error.may_be_charged) == ("timeout", True)


def test_cancelling_closes_the_connection():
    async def story(model: LitellmModel, endpoint: StubEndpoint) -> bool:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(model.complete(ask("hang")))
            await endpoint.asked.wait()
            call.cancel()
        await asyncio.wait_for(endpoint.left.wait(), 5)
        return call.cancelled()

    assert with_model(story)


def test_prices_and_costs_come_from_the_local_map_or_the_route_and_are_never_a_silent_zero():
    async def story(_: LitellmModel, endpoint: StubEndpoint) -> list[object]:
        routes = {
            "free": Route(model="openai/pilot", price=Price(0.0, 0.0)),
            "cheap": Route(model="openai/gpt-4o-mini"),
        }
        model = LitellmModel(LitellmConfig(api_base=endpoint.base_url, api_key="x", routes=routes))
        try:
            known = await model.complete(ask("hi", model="cheap"))
            free = await model.complete(ask("hi", model="free"))
            prices = [await model.price_of(name) for name in ("cheap", "free", "openai/nobody-knows")]
        finally:
            await model.aclose()
        assert [body["model"] for body in endpoint.bodies] == ["gpt-4o-mini", "pilot"]
        return [known.cost_usd, free.cost_usd, *prices]

    cheap, free, *prices = with_model(story)
    # 7 new and 4 cached prompt tokens, 5 written ones, at 0.15, 0.075 and 0.6 dollars a million.
    assert cheap == pytest.approx((7 * 0.15 + 4 * 0.075 + 5 * 0.6) / 1e6)
    assert free == 0
    assert prices == [Price(1.5e-07, 6e-07), Price(0.0, 0.0), None]


def test_loading_litellm_asks_nothing_of_the_network():
    code = (
        "import socket, sys; asked = []; socket.getaddrinfo = lambda *a, **k: asked.append(a) or [];"
        "from adapters.llm.litellm_model import _import_litellm; _import_litellm(); sys.exit(len(asked))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_adapter_does_not_import_litellm():
    code = "import sys, adapters.llm.litellm_model; sys.exit('litellm' in sys.modules or 'openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
