"""Reads what is typed while the screen goes on: keys become a line, Enter sends it. Must not know what the line means."""

import asyncio
import codecs
import os
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bot.text import graphemes

MAX_LINE_CHARS: Final = 4_000
_ENTER: Final = frozenset("\r\n")
_BACKSPACE: Final = frozenset("\x7f\b")
_TAB: Final = "\t"
_CLEAR: Final = "\x15"  # Ctrl-U
_CUT_WORD: Final = "\x17"  # Ctrl-W
_ESCAPE: Final = "\x1b"


class LineEditor:
    """One line that grows key by key. `feed` takes bytes as the terminal gives them."""

    def __init__(self, on_line: Callable[[str], None], on_tab: Callable[[], None]) -> None:
        self.line = ""
        self._on_line = on_line
        self._on_tab = on_tab
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._escape = ""

    def feed(self, data: bytes) -> None:
        """Take in what was typed or pasted."""
        for char in self._decoder.decode(data):
            if self._escape or char == _ESCAPE:
                self._skip(char)
            else:
                self._key(char)

    def _key(self, char: str) -> None:
        if char in _ENTER:
            line, self.line = self.line, ""
            self._on_line(line)
        elif char in _BACKSPACE:
            self.line = "".join(graphemes(self.line)[:-1])
        elif char == _TAB:
            self._on_tab()
        elif char == _CLEAR:
            self.line = ""
        elif char == _CUT_WORD:
            self.line = self.line.rstrip().rpartition(" ")[0]
        elif char.isprintable() and len(self.line) < MAX_LINE_CHARS:
            self.line += char

    def _skip(self, char: str) -> None:
        """Arrow and function keys: `ESC [ … letter` or `ESC O letter` (ECMA-48); they do nothing here."""
        self._escape += char
        is_long = self._escape.startswith(("\x1b[", "\x1bO"))
        ends = len(self._escape) > 2 and "@" <= char <= "~" if is_long else len(self._escape) > 1
        if ends and self._escape not in {"\x1b[", "\x1bO"}:
            self._escape = ""


@contextmanager
def keys_to(editor: LineEditor, descriptor: int, changed: Callable[[], None]) -> Iterator[None]:
    """While open, what is typed at the terminal goes to the editor, without an echo; Ctrl-C stays a signal.

    `changed` is called after each bunch of keys. The terminal is as it was on leaving.
    """
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(descriptor)

    def read() -> None:
        data = os.read(descriptor, 4096)
        if data:
            editor.feed(data)
            changed()
        else:
            loop.remove_reader(descriptor)

    quiet = termios.tcgetattr(descriptor)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


async def read_line(descriptor: int) -> str:
    """The next line that is typed at the terminal, without its end; empty when the input has ended.

    A thread that waits for a line could not be stopped by Ctrl-C; this can.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        if not line.done():
            line.set_result(os.read(descriptor, 4096))

    loop.add_reader(descriptor, read)
    try:
        return (await line).decode("utf-8", "replace").strip()
    finally:
        loop.remove_reader(descriptor)
