"""Foreign text made fit to be shown: control characters out, one line, cut with a count. Must not know any surface.

What marks up text on one surface (rich, Slack, HTML) is escaped by that surface's adapter, after this.
"""

import re
import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_KEPT: Final = frozenset({"\n", "\t", _JOINER})
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_REGIONAL: Final = range(0x1F1E6, 0x1F200)
_MAX_LINE: Final = 200
_FENCE: Final = re.compile("`{3,}")


def clean(text: str) -> str:
    """The text without what a terminal or a reader could be tricked by: escapes, controls, bidirectional overrides.

    Line breaks and tabs stay; carriage returns and Unicode's own line separators become line breaks.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(
        char for char in lines if char in _KEPT or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"}
    )


def one_line(text: str) -> str:
    """The cleaned text with every run of white space as one blank."""
    return " ".join(clean(text).split())


def graphemes(text: str) -> list[str]:
    """The text in pieces that are not to be cut in two.

    Marks, joined emoji, skin tones and flags stay whole: the cases of UAX #29 that people meet, without its tables.
    """
    pieces: list[str] = []
    for char in text:
        if pieces and _belongs_to(pieces[-1], char):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _belongs_to(before: str, char: str) -> bool:
    if before.endswith(_JOINER) or char == _JOINER or ord(char) in _SKIN_TONES:
        return True
    if ord(char) in _REGIONAL:
        return len(before) == 1 and ord(before) in _REGIONAL
    return unicodedata.category(char) in {"Mn", "Me", "Mc"}


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` pieces, and how many more there were: `The first words … (+120)`."""
    pieces = graphemes(text)
    if len(pieces) <= limit:
        return text
    kept = "".join(pieces[:limit]).rstrip()
    return f"{kept} … (+{len(pieces) - limit})"


def tail(text: str, max_lines: int) -> tuple[str, ...]:
    """The last lines of the cleaned text; the first one says how many lines were left out."""
    lines = [shorten(line.expandtabs(4).rstrip(), _MAX_LINE) for line in clean(text).strip("\n").split("\n")]
    if len(lines) <= max_lines:
        return tuple(lines) if any(lines) else ()
    left_out = len(lines) - max_lines + 1
    return (f"… {left_out} lines above", *lines[-max_lines + 1 :])


def units(text: str) -> int:
    """The length as platforms count it: UTF-16 code units."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def cut(text: str, max_units: int) -> str:
    """The text in at most `max_units` UTF-16 units, never within a piece; says how many pieces more there were.

    Below about a dozen units there is no room for the count, and only whole pieces that fit are kept.
    """
    if units(text) <= max_units:
        return text
    pieces = graphemes(text)
    # The room the count needs is that of its largest value.
    room = max_units - len(f" … (+{len(pieces)})")
    kept, used = 0, 0
    for piece in pieces:
        used += units(piece)
        if used > (room if room > 0 else max_units):
            break
        kept += 1
    head = "".join(pieces[:kept])
    return f"{head.rstrip()} … (+{len(pieces) - kept})" if room > 0 else head


def in_fence(text: str) -> str:
    """The text fit to stand between lines of three backticks: none within it can end the block."""
    return _FENCE.sub(lambda match: "\u200b".join(match[0]), text)
