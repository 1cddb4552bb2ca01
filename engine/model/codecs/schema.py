"""The schema action: each reply is one JSON object that names its calls; for models that keep to a schema, without tools of their own."""

from __future__ import annotations

import json
from typing import Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from engine.model.codecs.codec import Heard, catalogue, shown
from engine.model.types import ToolCall, ToolSpec

MAX_CALLS: Final = 8
_MANUAL: Final = """# How you call tools
Each of your replies is one JSON object and nothing else:
{"thought": "what you think, shortly", "calls": [{"tool": "name", "arguments": {...}}]}
The calls are done in order, and you are shown what came of each. Inside strings, escape quotes, backslashes and line breaks.

# Your tools
"""
_FORM: Final = '{"thought": "…", "calls": [{"tool": "…", "arguments": {…}}]}'


class _Call(BaseModel):
    model_config = ConfigDict(frozen=True)
    tool: str
    arguments: dict[str, JsonValue] = {}


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True)
    thought: str = ""
    calls: tuple[_Call, ...] = Field(min_length=1)


_SCHEMA: Final[TypeAdapter[dict[str, JsonValue]]] = TypeAdapter(dict[str, JsonValue])


class SchemaCodec:
    """Calls as one JSON object a reply."""

    def manual(self, tools: tuple[ToolSpec, ...]) -> str:
        """How to write the object, and the tools with their schemas."""
        return _MANUAL + catalogue(tools, lambda tool: f"arguments: {tool.parameters.decode('utf-8', 'replace')}")

    def schema(self, tools: tuple[ToolSpec, ...]) -> bytes:
        """One object with a list of calls, each held to its own tool's schema."""
        definitions: dict[str, JsonValue] = {}
        calls: list[JsonValue] = [_call_schema(number, tool, definitions) for number, tool in enumerate(tools)]
        listed: JsonValue = {"type": "array", "minItems": 1, "maxItems": MAX_CALLS, "items": {"anyOf": calls}}
        whole: dict[str, JsonValue] = {
            "type": "object",
            "properties": {"thought": {"type": "string"}, "calls": listed},
            "required": ["thought", "calls"],
            "additionalProperties": False,
        }
        if definitions:
            whole["$defs"] = definitions
        return msgspec.json.encode(whole)

    def written(self, text: str, calls: tuple[ToolCall, ...]) -> str:
        """The object that says this."""
        listed = [{"tool": call.name, "arguments": _object(call.arguments)} for call in calls]
        return msgspec.json.encode({"thought": text, "calls": listed}).decode()

    def heard(self, text: str, tools: tuple[ToolSpec, ...]) -> Heard:  # noqa: ARG002 - the toolbox knows the tools
        """The first JSON object of the text, whatever stands around it."""
        start = text.find("{")
        if start < 0:
            return Heard(text, fault=f"Your reply is no JSON object, so nothing was done. Send one: {_FORM}")
        try:
            found, _ = json.JSONDecoder().raw_decode(text[start:])
            action = _Action.model_validate(found)
        except json.JSONDecodeError as error:
            return Heard(
                text,
                fault=f"Your reply is no whole JSON object ({error.msg} at character {start + error.pos}), so nothing was done. "
                f"Send one: {_FORM}, with quotes, backslashes and line breaks inside strings escaped.",
            )
        except ValidationError as error:
            return Heard(text, fault=_fault(error))
        except (RecursionError, ValueError):
            # Nested too deeply, or a number of thousands of digits.
            return Heard(
                shown(text), fault=f"Your reply can't be read, so nothing was done. Send one JSON object: {_FORM}"
            )
        return Heard(action.thought, tuple(_heard_call(number, call) for number, call in enumerate(action.calls, 1)))


def _fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"])) or "the object"
    return f"Your reply was not accepted ({place}: {first['msg']}), so nothing was done. Send one JSON object: {_FORM}"


def _heard_call(number: int, call: _Call) -> ToolCall:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return ToolCall(id=f"call_{number}", name=call.tool, arguments=arguments)


def _object(arguments: str) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return {"not_json": msgspec.Raw(msgspec.json.encode(shown(arguments)))}


def _call_schema(number: int, tool: ToolSpec, definitions: dict[str, JsonValue]) -> JsonValue:
    arguments = _SCHEMA.validate_json(tool.parameters)
    # `#/$defs/…` is read from the root of the whole schema, so each tool's own definitions move there under names of their own.
    prefix = f"t{number}_"
    own = arguments.pop("$defs", {})
    if isinstance(own, dict):
        definitions |= {f"{prefix}{name}": _moved(each, prefix) for name, each in own.items()}
    return {
        "type": "object",
        "properties": {"tool": {"const": tool.name}, "arguments": _moved(arguments, prefix)},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _moved(schema: JsonValue, prefix: str) -> JsonValue:
    if isinstance(schema, list):
        return [_moved(each, prefix) for each in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {name: _moved(each, prefix) for name, each in schema.items()}
    reference = moved.get("$ref")
    if isinstance(reference, str):
        moved["$ref"] = reference.replace("#/$defs/", f"#/$defs/{prefix}", 1)
    return moved
