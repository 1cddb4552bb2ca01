"""Plain lines as Discord's markdown: escaped, so that nothing in them marks up, calls or ends a block. Pure.

What a person reads, markup taken off, is the same lines.
"""

import re
from collections.abc import Sequence
from typing import Final

from bot.text import in_fence

_ANYWHERE: Final = re.compile(r"[\\*_~`|<\[@]")
_AT_START: Final = re.compile(r"^(\s*)([->#])")
_NUMBERED: Final = re.compile(r"^(\s*\d+)\.")
NOTHING: Final = "\u200b"
"""Stands where Discord wants a text and there is none."""


def escaped(line: str) -> str:
    """The line as it is, read by Discord."""
    text = _ANYWHERE.sub(lambda match: f"\\{match[0]}", line)
    return _NUMBERED.sub(r"\1\\.", _AT_START.sub(r"\1\\\2", text))


def title(line: str) -> str:
    """A heading."""
    return f"### {escaped(line)}" if line.strip() else line


def bold(line: str) -> str:
    """All of it stands out."""
    return f"**{escaped(line.strip())}**" if line.strip() else line


def lead(line: str) -> str:
    """What stands before the first colon, or the first word, stands out."""
    word, mark, rest = line.partition(":")
    if not mark:
        word, mark, rest = line.partition(" ")
    return f"{bold(word)}{mark}{escaped(rest)}" if word.strip() == word else escaped(line)


def first_word(line: str) -> str:
    """The first word, a name, stands out."""
    word, mark, rest = line.partition(" ")
    return f"{bold(word)}{mark}{escaped(rest)}"


def small(line: str) -> str:
    """A line in small print, indented as it was: Discord drops the blanks after its mark, unless something unseen stands there."""
    unseen = NOTHING if line[:1].isspace() else ""
    return f"-# {unseen}{escaped(line)}" if line.strip() else line


def block(lines: Sequence[str]) -> str:
    """The lines as they are, in letters of one width."""
    return "\n".join(["```", *map(in_fence, lines), "```"])
