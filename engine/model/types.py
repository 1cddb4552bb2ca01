"""What goes to a model and what comes back: our own words, so that no vendor's type travels further than its adapter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, Protocol

import msgspec

ModelErrorKind = Literal["rate_limit", "quota", "auth", "context", "timeout", "bad_request", "unavailable"]
Finish = Literal["stop", "tool_calls", "length", "other"]


class ToolCall(msgspec.Struct, frozen=True):
    """A tool that the model asks for; `arguments` is the JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True):
    """One message of a conversation; `tool_call_id` names the call that a `tool` message answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as it is offered to a model; `parameters` is a JSON schema, as JSON bytes."""

    name: str
    description: str
    parameters: bytes


class Usage(msgspec.Struct, frozen=True):
    """The tokens of one call; `cached_tokens` is the part of `prompt_tokens` that the provider had cached."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """The tokens that count against a token cap."""
        return self.prompt_tokens + self.completion_tokens


class Request(msgspec.Struct, frozen=True):
    """One call of a model; `label` (`R1/T3/a2`) is for logs alone, `schema` (JSON) what the reply's text must follow. `cache_marks`
    are places of messages up to which a provider may keep the conversation for the next call.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    max_output_tokens: int = 4096
    temperature: float | None = None
    timeout_s: float = 180
    label: str = ""
    schema: bytes = b""
    cache_marks: tuple[int, ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """What a model answered; `cost_usd` is None where no price is known (never a silent zero).

    `fault` tells the model what was wrong with a text that was to hold calls and can't be read.
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    usage: Usage
    cost_usd: float | None
    finish: Finish
    model: str
    fault: str = ""


MAX_ASKED_WAIT_S: Final = 7 * 86_400.0
"""Whoever asks for a longer wait is asked again after a week."""

_TIME_STAMP_S: Final = 366 * 86_400.0
"""What is longer is a moment (seconds or milliseconds since 1970) that some gateways send in place of a wait."""


def believable_s(asked_s: float | None) -> float | None:
    """The wait that a provider asks for, as far as it can be one: a week at most; None when it says nothing of use."""
    if asked_s is None or not math.isfinite(asked_s) or asked_s > _TIME_STAMP_S:
        return None
    return min(max(0.0, asked_s), MAX_ASKED_WAIT_S)


class Window(msgspec.Struct, frozen=True):
    """How many tokens a conversation with a model may have, and one reply of it; None where nobody knows."""

    context: int | None = None
    max_output: int | None = None


class ModelError(Exception):
    """A call that failed; the message is a sentence with the remedy, `retry_after_s` what the provider asked for. `usage` is what the
    provider reported all the same; without it the call `may_be_charged` for an amount that nobody knows, as one that timed out is.
    """

    def __init__(
        self, message: str, kind: ModelErrorKind, retry_after_s: float | None = None, *,
        may_be_charged: bool | None = None, usage: Usage | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.kind: ModelErrorKind = kind
        self.retry_after_s = retry_after_s
        self.may_be_charged = kind == "timeout" if may_be_charged is None else may_be_charged
        self.usage = usage

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.kind in ("rate_limit", "timeout", "unavailable")


class Model(Protocol):
    """The one port to language models."""

    async def complete(self, request: Request) -> Reply:
        """The model's reply.

        Raises: ModelError; nothing else that a provider or a network can cause.
        """
        ...


class StreamingModel(Protocol):
    """A Model that can be listened to while it replies."""

    async def complete(self, request: Request, on_delta: Callable[[str], None] | None = None) -> Reply:
        """The model's reply; `on_delta` is given the text as it streams in.

        Raises: ModelError, as a Model does.
        """
        ...
