"""What a person reads of blocks: every markup taken off, as Slack's client does for what may be used of it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.slack.limits import pings_in

Part = Mapping[str, Any]
_LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_STYLED = re.compile(r"(?<![\w*_~])([*_~])(?=\S)(.+?)(?<=\S)\1(?![\w*_~])")
_EMOJI = re.compile(r":([a-z0-9_+-]+):")


def read(text: str, blocks: Sequence[Part]) -> str:
    """The text on the screen: that of the blocks, or where there are none, the message's own."""
    found = "\n".join(line for block in blocks for line in _block(block)) if blocks else _mrkdwn(text)
    return found.replace("\u200b", "")


def controls(blocks: Sequence[Part]) -> Iterator[tuple[Part, Part]]:
    """Every button and select that is shown, with its block."""
    for block in blocks:
        held = [*block.get("elements", ())] if block.get("type") == "actions" else []
        for element in [*held, *([block["accessory"]] if "accessory" in block else [])]:
            if element.get("type") in {"button", "static_select", "overflow"}:
                yield block, element


def calls_in(text: str, blocks: Sequence[Part]) -> list[str]:
    """Whoever would be called by it: by the older markup in a text, or by a piece of rich text."""
    found = pings_in(text)
    for block in blocks:
        told = [block.get("text"), *block.get("fields", ()), *block.get("elements", ())]
        texts = [each for each in told if isinstance(each, Mapping)]
        found += [ping for each in texts if each.get("type") == "mrkdwn" for ping in pings_in(str(each["text"]))]
        pieces = [piece for each in texts for piece in each.get("elements", ())]
        found += [str(piece) for piece in pieces if piece.get("type") in {"user", "usergroup", "broadcast"}]
    return found


def label_of(element: Part) -> str:
    """What stands on a button."""
    return _text(element.get("text") or element.get("placeholder") or {})


def _block(block: Part) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield from (_text(text) for text in [*_some(block.get("text")), *block.get("fields", ())])
        case "header":
            yield _text(block["text"])
        case "context":
            yield from (_text(each) for each in block["elements"] if each.get("type") != "image")
        case "rich_text":
            yield from (_rich(each) for each in block["elements"])
        case "markdown":
            yield block["text"]
        case "plan":
            yield from [block.get("title", ""), *(task.get("title", "") for task in block.get("tasks", ()))]
        case "input":
            yield _text(block["label"])
        case _:
            return


def _rich(outer: Part) -> str:
    if outer.get("type") == "rich_text_list":
        return "\n".join(f"• {_rich(each)}" for each in outer.get("elements", ()))
    return "".join(_piece(each) for each in outer.get("elements", ()))


def _piece(piece: Part) -> str:
    match piece.get("type"):
        case "text":
            return str(piece["text"])
        case "link":
            return str(piece.get("text") or piece["url"])
        case "user":
            return f"@{piece['user_id']}"
        case "usergroup":
            return f"@{piece['usergroup_id']}"
        case "broadcast":
            return f"@{piece['range']}"
        case "emoji":
            return f":{piece['name']}:"
        case _:
            return str(piece.get("fallback", ""))


def _text(text: Part) -> str:
    if text.get("type") == "mrkdwn":
        return _mrkdwn(str(text["text"]))
    told = str(text.get("text", ""))
    return _EMOJI.sub(r"⟨\1⟩", told) if text.get("emoji", True) else told


def _mrkdwn(text: str) -> str:
    """Emoji stand in angle brackets here, so that a text that turned into one by accident is seen."""
    plain = _EMOJI.sub(r"⟨\1⟩", _STYLED.sub(r"\2", text.replace("```", "").replace("`", "")))
    plain = _LINK.sub(lambda match: _link(match[1], match[2]), plain)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _link(target: str, label: str | None) -> str:
    if target.startswith("!date"):
        return label or ""
    return label or (f"@{target.lstrip('@!#')}" if target[0] in "@!#" else target)


def _some(text: Part | None) -> list[Part]:
    return [text] if text is not None else []
