"""Where words go: stdout for what was asked, stderr for what went wrong. Foreign text is cleaned here and never read as markup."""

import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PIPE_WIDTH: Final = 120
"""Columns of a table that goes to a file or a pipe."""


def accept_any_text() -> None:
    """Let a terminal or a pipe with few characters show `?` for the others, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def console(stream: TextIO | None = None) -> "Console":
    """A console on the stream (default: stdout) that takes every text literally: no markup, no emoji codes, no guesses."""
    from rich.console import Console

    file = stream or sys.stdout
    width = None if file.isatty() else PIPE_WIDTH
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def say(text: str, style: str = "") -> None:
    """Print the text, line by line, cleaned; long lines are left to the terminal."""
    _print(text, style, sys.stdout)


def complain(text: str) -> None:
    """Print the text on stderr, after the program's name."""
    _print(f"orch: {text}", "", sys.stderr)


def overwrite(text: str) -> None:
    """Let one line of a terminal say this, on stderr, in place of what it said; nothing where that is no terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\x1b[K")
        sys.stderr.flush()


def _print(text: str, style: str, stream: TextIO) -> None:
    from bot.text import clean

    if stream.isatty() and style:
        from rich.text import Text

        console(stream).print(Text(clean(text), style=style), soft_wrap=True)
    else:
        stream.write(clean(text) + "\n")
        stream.flush()


def show(renderable: "RenderableType") -> None:
    """Print something that rich lays out."""
    console().print(renderable)


def say_json(facts: object, *, indent: int = 2) -> None:
    """Print the facts as JSON, keys in their order; `indent` 0 keeps them on one line."""
    import msgspec

    encoded = msgspec.json.encode(facts)
    sys.stdout.write((msgspec.json.format(encoded, indent=indent) if indent else encoded).decode("utf-8") + "\n")
    sys.stdout.flush()


def abandon_stdout() -> None:
    """Let what could not be written go: Python tries it again at its end, and complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def can_ask() -> bool:
    """Whether there is a person at a terminal who can be shown things and be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
