"""The fallback: who is asked next, and what is never hidden by it."""

import asyncio

import pytest

from engine.model.fallback import FallbackModel
from engine.model.types import Message, ModelError, ModelErrorKind, Reply, Request
from tests.fakes.model import ScriptedModel, Step, says

CHAIN = {"a": ("b", "c")}
ASK = Request("a", (Message("user", "hi"),))


def ask(*steps: Step, model: str = "a") -> tuple[Reply, list[str]]:
    scripted = ScriptedModel(steps)
    request = Request(model, ASK.messages)
    reply = asyncio.run(FallbackModel(scripted, CHAIN).complete(request))
    return reply, [request.model for request in scripted.requests]


@pytest.mark.parametrize("kind", ["rate_limit", "quota", "timeout", "unavailable"])
def test_the_next_model_answers_while_the_first_is_out_of_reach(kind: ModelErrorKind):
    reply, asked = ask(ModelError("no", kind), ModelError("no", kind), says("hello"))
    assert (reply.text, asked) == ("hello", ["a", "b", "c"])


def test_the_first_is_asked_first_each_time():
    assert ask(says("hello"))[1] == ["a"]


@pytest.mark.parametrize("kind", ["auth", "bad_request", "context"])
def test_a_mistake_is_no_reason_to_ask_another(kind: ModelErrorKind):
    with pytest.raises(ModelError) as caught:
        ask(ModelError("mend me", kind))
    assert caught.value.kind == kind


def test_when_none_answers_the_shortest_wait_counts_and_all_reasons_are_told():
    with pytest.raises(ModelError) as caught:
        ask(
            ModelError("a: none", "quota", 3600),
            ModelError("b: none", "quota", 60),
            ModelError("c: down", "unavailable"),
        )
    assert (caught.value.kind, caught.value.retry_after_s) == ("quota", 60)
    assert str(caught.value) == "a: none; b: none; c: down"


def test_a_model_without_fallbacks_is_alone():
    with pytest.raises(ModelError):
        ask(ModelError("no", "unavailable"), model="b")
