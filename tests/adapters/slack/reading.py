"""What a person reads of a payload: Block Kit's styles taken off, as Slack's client does for what we use of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Payload = Mapping[str, Any]


def read(blocks: Sequence[Payload]) -> str:
    """The text on the screen."""
    return "\n".join(text for block in blocks for text in _texts(block)).replace("\u200b", "")


def buttons(blocks: Sequence[Payload]) -> list[Payload]:
    """The buttons, in order."""
    return [each for block in blocks if block["type"] == "actions" for each in block["elements"]]


def _texts(block: Payload) -> Iterator[str]:
    match block["type"]:
        case "header" | "section":
            yield block["text"]["text"]
        case "context":
            yield from (each["text"] for each in block["elements"])
        case "rich_text":
            for part in block["elements"]:
                yield "".join(piece["text"] for piece in part["elements"])
        case "plan":
            yield from [block["title"], *(task["title"] for task in block["tasks"])]
        case "actions" | "image" | "divider":
            return
        case other:
            raise ValueError(f"a block of type {other} is not read")
