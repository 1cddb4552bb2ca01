"""What a codec is, and what all of them share: a conversation about tools, told in text alone. Pure.

Both directions are deterministic, so that a conversation that grows at its end stays the same at its beginning: caches hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

import msgspec

from engine.model.types import Message, Request, ToolCall, ToolSpec

CodecName = Literal["native", "schema", "fenced"]
MAX_SHOWN_CHARS = 400


class Heard(msgspec.Struct, frozen=True):
    """What a reply's text says: the words around the calls, the calls, and what was wrong, as a sentence to the model."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    fault: str = ""


class Codec(Protocol):
    """A way to call tools in text."""

    def manual(self, tools: tuple[ToolSpec, ...]) -> str:
        """How tools are called this way, and which there are; it ends the system message."""
        ...

    def schema(self, tools: tuple[ToolSpec, ...]) -> bytes:
        """The JSON schema that a reply must follow, as JSON; empty when it is free text."""
        ...

    def written(self, text: str, calls: tuple[ToolCall, ...]) -> str:
        """A turn of the model as it writes one itself."""
        ...

    def heard(self, text: str, tools: tuple[ToolSpec, ...]) -> Heard:
        """What a reply says. Whatever it is, nothing is raised, and what is not whole calls nothing."""
        ...


def in_text(codec: Codec, request: Request) -> Request:
    """The request with its tools and calls told in text."""
    return msgspec.structs.replace(
        request,
        messages=tuple(_merged(_told(codec, request))),
        tools=(),
        cache_marks=(),
        schema=codec.schema(request.tools),
    )


def shown(text: str) -> str:
    """The beginning of what a model wrote, to point at it."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN_CHARS else f"{line[:MAX_SHOWN_CHARS]}…"


def catalogue(tools: tuple[ToolSpec, ...], arguments: Callable[[ToolSpec], str]) -> str:
    """The tools, one paragraph each; `arguments` tells those of a tool."""
    return "\n\n".join(f"## {tool.name}\n{tool.description}\n{arguments(tool)}" for tool in tools)


def _told(codec: Codec, request: Request) -> Iterable[Message]:
    names: dict[str, str] = {}
    has_manual = False
    for message in request.messages:
        if message.role == "system" and not has_manual:
            has_manual = True
            yield Message("system", f"{message.content}\n\n{codec.manual(request.tools)}")
        elif message.role == "assistant" and message.tool_calls:
            names |= {call.id: call.name for call in message.tool_calls}
            yield Message("assistant", codec.written(message.content, message.tool_calls))
        elif message.role == "tool":
            yield Message("user", f"# Answer of {names.get(message.tool_call_id, 'the tool')}\n{message.content}")
        else:
            yield message


def _merged(messages: Iterable[Message]) -> Iterable[Message]:
    """Answers and the engine's words after them in one message: many servers want the roles in turn."""
    waiting: Message | None = None
    for message in messages:
        if waiting is not None and waiting.role == message.role == "user":
            waiting = Message("user", f"{waiting.content}\n\n{message.content}")
            continue
        if waiting is not None:
            yield waiting
        waiting = message
    if waiting is not None:
        yield waiting
