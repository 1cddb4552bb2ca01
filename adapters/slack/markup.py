"""Plain lines as Slack's rich text: pieces that are shown as they are, so that nothing in them marks up or calls. Pure.

Slack's older markup (`mrkdwn`) has no escape for its stars and underscores; rich text has no need of one.
What a person reads, styles taken off, is the same lines.
"""

from collections.abc import Sequence
from typing import Any, Final

Block = dict[str, Any]
Span = tuple[str, bool]
"""A piece of a line, and whether it stands out."""
NOTHING: Final = "\u200b"
"""Stands where Slack wants a text and there is none."""


def bare(line: str) -> list[Span]:
    """The line as it is."""
    return [(line, False)]


def bold(line: str) -> list[Span]:
    """All of it stands out."""
    return [(line, True)]


def lead(line: str) -> list[Span]:
    """What stands before the first colon, or the first word, stands out."""
    word, mark, rest = line.partition(":")
    if not mark:
        word, mark, rest = line.partition(" ")
    return [(word, True), (f"{mark}{rest}", False)] if word.strip() == word else bare(line)


def first_word(line: str) -> list[Span]:
    """The first word, a name, stands out."""
    word, mark, rest = line.lstrip(" ").partition(" ")
    return [(line[: -len(word + mark + rest) or None], False), (word, True), (f"{mark}{rest}", False)]


def rich(lines: Sequence[Sequence[Span]]) -> Block:
    """The lines below each other."""
    pieces: list[Block] = []
    for number, line in enumerate(lines):
        for text, is_bold in [("\n", False), *line] if number else line:
            if not text:
                continue
            if pieces and bool(pieces[-1].get("style")) == is_bold:
                pieces[-1]["text"] += text
            else:
                pieces.append({"type": "text", "text": text, **({"style": {"bold": True}} if is_bold else {})})
    return _rich_text("rich_text_section", pieces)


def block(lines: Sequence[str]) -> Block:
    """The lines in letters of one width."""
    text = "\n".join(lines)
    return _rich_text("rich_text_preformatted", [{"type": "text", "text": text}] if text else [])


def header(line: str) -> Block:
    """A heading."""
    return {"type": "header", "text": plain_text(line)}


def small(lines: Sequence[str]) -> Block:
    """The lines in small print."""
    return {"type": "context", "elements": [plain_text("\n".join(lines))]}


def plain_text(text: str) -> Block:
    """Words without any markup, for labels and headings; `:names:` of emoji stay words."""
    return {"type": "plain_text", "text": text if text.strip() else f"{text}{NOTHING}", "emoji": False}


def escaped(text: str) -> str:
    """A text for the notification, which is read as the older markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rich_text(kind: str, pieces: list[Block]) -> Block:
    return {
        "type": "rich_text",
        "elements": [{"type": kind, "elements": pieces or [{"type": "text", "text": NOTHING}]}],
    }
