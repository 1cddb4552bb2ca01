"""What a person reads and can press: Discord's markdown as its client shows it. Pure.

Source: Discord's help pages, Markdown Text 101, and its documentation, Message Formatting.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.fakes.discord.components import BUTTON, GALLERY, TEXT, each_part

_FENCE = re.compile(r"```(?:[\w+\-.#]*\n)?\n*(.*?)\n*```", re.DOTALL)
_LINE = re.compile(r"^(?:#{1,3}|-#|>{1,3}) +", re.MULTILINE)
_BULLET = re.compile(r"^(\s*)[-*] +", re.MULTILINE)
_IN = r"((?:\\.|[^\\])+?)"
_INLINE = re.compile(
    r"\\([^0-9A-Za-z\s])"
    r"|``?([^`]+)``?"
    rf"|\*\*{_IN}\*\*(?!\*)|__{_IN}__(?!_)|~~{_IN}~~|\|\|{_IN}\|\|"
    rf"|\*(?=\S){_IN}(?<=[^\s*])\*(?!\*)|(?<!\w)_{_IN}_(?!\w)"
    r"|\[((?:\\.|[^\]\\])+)\]\(https?://[^\s)]+\)"
    r"|<(@[!&]?|#)(\d+)>|<a?:(\w+):\d+>|<(https?://[^>\s]+)>",
    re.DOTALL,
)


class Button(NamedTuple):
    """A button on the screen."""

    label: str
    custom_id: str
    is_disabled: bool = False


def shown_text(text: str) -> str:
    """The text without its markup; what names a person, a role or a channel reads as its sign and number."""
    found, since = [], 0
    for fence in _FENCE.finditer(text):
        found += [_marked(text[since : fence.start()]), fence[1]]
        since = fence.end()
    return "".join([*found, _marked(text[since:])]).replace("\u200b", "")


def read(message: Mapping[str, Any]) -> str:
    """All its texts, one below the other."""
    parts = [part["content"] for _, part in each_part(message.get("components") or ()) if part["type"] == TEXT]
    return "\n".join(shown_text(text) for text in [message.get("content") or "", *parts] if text)


def pictures(message: Mapping[str, Any]) -> list[str]:
    """The words that stand for its pictures."""
    parts = [part for _, part in each_part(message.get("components") or ()) if part["type"] == GALLERY]
    return [item.get("description") or "" for part in parts for item in part["items"]]


def buttons(message: Mapping[str, Any]) -> list[Button]:
    """The buttons that can be clicked, in order."""
    parts = [part for _, part in each_part(message.get("components") or ()) if part["type"] == BUTTON]
    return [Button(each.get("label") or "", each.get("custom_id") or "", bool(each.get("disabled"))) for each in parts]


def _marked(text: str) -> str:
    return _inline(_BULLET.sub(r"\1• ", _LINE.sub("", text)))


def _inline(text: str) -> str:
    return _INLINE.sub(_unmarked, text)


def _unmarked(match: re.Match[str]) -> str:
    escaped, code, *styled = match.groups()
    if escaped or code:
        return escaped or code
    sign, number, emoji, link = styled[-4:]
    if sign:
        return f"{sign[0]}{number}"
    return (emoji and f":{emoji}:") or link or _inline(next(each for each in styled[:-4] if each))
