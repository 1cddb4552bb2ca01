"""What a person reads of a payload: Discord's markdown taken off, as its client does for what we use of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")


def each_part(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every component of the payload, outermost first."""
    for component in payload["components"]:
        yield component
        if "components" in component:
            yield from each_part(component)


def texts(payload: Mapping[str, Any]) -> list[str]:
    """The texts, as they are on the wire."""
    return [part["content"] for part in each_part(payload) if part["type"] == 10]


def buttons(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The buttons, in order."""
    return [part for part in each_part(payload) if part["type"] == 2]


def read(payload: Mapping[str, Any]) -> str:
    """The text on the screen."""
    return "\n".join("\n".join(_lines(text)) for text in texts(payload)).replace("\u200b", "")


def _lines(text: str) -> Iterator[str]:
    is_block = False
    for line in text.split("\n"):
        if line == "```":
            is_block = not is_block
        else:
            yield line if is_block else _plain(line)


def _plain(line: str) -> str:
    line = re.sub(r"^(### |-# )", "", line)
    # Stars that mark up are those that are not escaped.
    line = re.sub(r"(?<!\\)((?:\\\\)*)\*\*", r"\1", line)
    return _ESCAPED.sub(r"\1", line)
