"""A Model that speaks to each model in the codec that suits it. Must not know any vendor, nor which model can what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from engine.model.codecs.codec import Codec, CodecName, in_text
from engine.model.codecs.fenced import FencedCodec
from engine.model.codecs.schema import SchemaCodec
from engine.model.types import Model, Reply, Request

CodecOf = Callable[[str], Awaitable[CodecName]]
CODECS: Final[Mapping[CodecName, Codec]] = {"schema": SchemaCodec(), "fenced": FencedCodec()}
"""All but `native`, which leaves everything as it is."""


async def always_native(_: str) -> CodecName:
    """Every model has tools of its own."""
    return "native"


class CodedModel:
    """Requests with tools go out, and replies come back, as the model's codec has it."""

    def __init__(self, model: Model, codec_of: CodecOf) -> None:
        self._model = model
        self._codec_of = codec_of

    async def complete(self, request: Request) -> Reply:
        """The model's reply with its calls; `fault` says what was wrong with one that can't be read.

        Raises: what the model raises.
        """
        codec = CODECS.get(await self._codec_of(request.model)) if request.tools else None
        if codec is None:
            return await self._model.complete(request)
        reply = await self._model.complete(in_text(codec, request))
        if reply.tool_calls:
            # Some servers find calls in the text themselves.
            return reply
        heard = codec.heard(reply.text, request.tools)
        return msgspec.structs.replace(reply, text=heard.text, tool_calls=heard.calls, fault=heard.fault)
