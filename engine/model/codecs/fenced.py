"""Fenced text: a header line names the tool, plain lines and fenced blocks its arguments; for weak and local models.

Code inside of JSON strings is what such models do worst (aider measured it): here it stands as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from engine.model.codecs.codec import Heard, catalogue, shown
from engine.model.types import ToolCall, ToolSpec

_WHOLE_LINES: Final = "content"
"""The argument that is a file's text: its block ends with a line break, as files do."""

_HEADER: Final = re.compile(r"\s*#{2,4}\s*call:\s*`?([A-Za-z0-9_.-]{1,80})`?\s*", re.IGNORECASE)
_ARGUMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,79})\s*:(.*)")
_FENCE: Final = re.compile(r"\s{0,3}(`{3,}|~{3,})[\w.+-]*\s*")
_MANUAL: Final = """# How you call tools
Write a header line for each call, then its arguments:

### call: name_of_the_tool
argument: a value on one line, as it is, without quotes
another:
```
a longer text, as it is: nothing in it is escaped
```

A text that has ``` in it stands between longer fences (````). Lists and objects are written as JSON. A block is the text between its
fences without the last line break; only a block of `content` keeps it. The calls of a reply are done in order, and you are shown what
came of each. What you write before the first header is for yourself.

# Your tools
"""


class _Property(msgspec.Struct, frozen=True):
    type: str = ""
    description: str = ""
    any_of: tuple[_Property, ...] = msgspec.field(default=(), name="anyOf")

    @property
    def types(self) -> set[str]:
        return {self.type, *(each.type for each in self.any_of)} - {""}


class _Parameters(msgspec.Struct, frozen=True):
    properties: dict[str, _Property] = {}
    required: tuple[str, ...] = ()


class FencedCodec:
    """Calls as header lines and fenced blocks."""

    def manual(self, tools: tuple[ToolSpec, ...]) -> str:
        """How to write a call, and the tools with their arguments."""
        return _MANUAL + catalogue(tools, _arguments_of)

    def schema(self, tools: tuple[ToolSpec, ...]) -> bytes:  # noqa: ARG002 - of the port
        """Free text."""
        return b""

    def written(self, text: str, calls: tuple[ToolCall, ...]) -> str:
        """The words, then the calls."""
        return "\n\n".join(part for part in (text.strip(), *map(_written, calls)) if part)

    def heard(self, text: str, tools: tuple[ToolSpec, ...]) -> Heard:
        """The calls below the first header; one whose block has no end calls nothing, and nor does what follows it."""
        lines = text.replace("\r\n", "\n").split("\n")
        first = next((number for number, line in enumerate(lines) if _HEADER.fullmatch(line)), None)
        if first is None:
            return Heard(text, fault=_NO_HEADER)
        known = {tool.name: _parameters(tool) for tool in tools}
        calls: list[ToolCall] = []
        for name, arguments, is_whole in _calls(lines[first:]):
            if not is_whole:
                return Heard(text, fault=f"A block of {name} has no closing fence, so {_nothing(calls)} {_CLOSE}")
            values = {key: _value(key, raw, known.get(name)) for key, raw in arguments.items()}
            calls.append(ToolCall(f"call_{len(calls) + 1}", name, json.dumps(values, ensure_ascii=False)))
        return Heard("\n".join(lines[:first]).strip(), tuple(calls))


_NO_HEADER: Final = (
    "Your reply has no header line of a call, so nothing was done. Write `### call: name_of_the_tool` on a line of its own, and the "
    "arguments below it; or `### call: finish` if you are done."
)
_CLOSE: Final = "Close each block with its fence on a line of its own, and send less at a time if the reply was cut."


class _Block(msgspec.Struct, frozen=True):
    lines: tuple[str, ...]


_Raw = str | _Block


def _nothing(calls: list[ToolCall]) -> str:
    return "nothing was done." if not calls else "none of the calls of this reply was done."


def _calls(lines: list[str]) -> Iterator[tuple[str, dict[str, _Raw], bool]]:
    """Each call: its name, its arguments as they stand there, and whether all its blocks are closed."""
    name, arguments, at = "", dict[str, _Raw](), 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if header := _HEADER.fullmatch(line):
            if name:
                yield name, arguments, True
            name, arguments = header[1], {}
        elif argument := _ARGUMENT.fullmatch(line):
            value, after = _read_value(argument[2].strip(), lines, at)
            if value is None:
                yield name, arguments, False
                return
            arguments[argument[1]], at = value, after
    yield name, arguments, True


def _read_value(on_line: str, lines: list[str], at: int) -> tuple[_Raw | None, int]:
    """The value of an argument and the line after it; None for a block without an end."""
    if on_line and not _FENCE.fullmatch(on_line):
        return on_line, at
    opening = _FENCE.fullmatch(on_line)
    if opening is None:
        while at < len(lines) and not lines[at].strip():
            at += 1
        opening = _FENCE.fullmatch(lines[at]) if at < len(lines) else None
        if opening is None:
            return "", at
        at += 1
    mark = opening[1]
    for end in range(at, len(lines)):
        closing = lines[end].strip()
        if len(closing) >= len(mark) and set(closing) == {mark[0]}:
            return _Block(tuple(lines[at:end])), end + 1
    return None, at


def _value(key: str, raw: _Raw, parameters: _Parameters | None) -> object:
    text = "\n".join(raw.lines) if isinstance(raw, _Block) else raw
    types = parameters.properties.get(key, _Property()).types if parameters else set()
    if "string" in types or not types:
        if isinstance(raw, _Block):
            return f"{text}\n" if key == _WHOLE_LINES and raw.lines else text
        return _unquoted(text)
    return _json(text)


def _unquoted(text: str) -> object:
    """One line without the quotes that models are fond of."""
    if len(text) >= 2 and text[0] == text[-1] == '"':
        found = _json(text)
        return found if isinstance(found, str) else text
    return text


def _json(text: str) -> object:
    try:
        found: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return found


def _written(call: ToolCall) -> str:
    lines = [f"### call: {call.name}"]
    arguments = _json(call.arguments or "{}")
    if not isinstance(arguments, dict):
        arguments = {"not_json": shown(call.arguments)}
    for key, value in arguments.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        lines.append(f"{key}: {text}" if _fits_on_line(text) else f"{key}:\n{_block(key, text)}")
    return "\n".join(lines)


def _fits_on_line(text: str) -> bool:
    """Whether the text after a colon would be read as it is."""
    is_plain = "\n" not in text and text == text.strip() and not text.startswith('"')
    return bool(text) and is_plain and not _FENCE.fullmatch(text)


def _block(key: str, text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    inner = text.removesuffix("\n") if key == _WHOLE_LINES else text
    return f"{fence}\n{inner}\n{fence}" if text else f"{fence}\n{fence}"


def _parameters(tool: ToolSpec) -> _Parameters:
    try:
        return msgspec.json.decode(tool.parameters, type=_Parameters)
    except msgspec.MsgspecError:
        # A guest's schema may be anything that JSON Schema allows, such as a list of types.
        return _Parameters()


def _arguments_of(tool: ToolSpec) -> str:
    parameters = _parameters(tool)
    if not parameters.properties:
        return f"arguments: {tool.parameters.decode('utf-8', 'replace')}"
    lines = []
    for name, each in parameters.properties.items():
        kind = " or ".join(sorted(each.types)) or "JSON"
        optional = "" if name in parameters.required else ", optional"
        lines.append(f"- {name} ({kind}{optional}){f': {each.description}' if each.description else ''}")
    if b"$ref" in tool.parameters:
        lines.append(f"schema: {tool.parameters.decode('utf-8', 'replace')}")
    return "\n".join(lines)
