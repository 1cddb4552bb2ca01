"""Keys become lines, whatever else is pressed."""

import asyncio
import os
import pty
import termios

import pytest

from adapters.cli.keys import MAX_LINE_CHARS, LineEditor, keys_to, read_line


class Typed:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.tabs = 0
        self.editor = LineEditor(self.lines.append, self._tab)

    def _tab(self) -> None:
        self.tabs += 1


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (b"retry", "retry"),
        (b"retrx\x7fy", "retry"),
        ("grün\x7f\x7fün".encode(), "grün"),
        ("e\u0301\x7fa".encode(), "a"),
        (b"wrong\x15retry", "retry"),
        (b"retry now\x17", "retry"),
        (b"re\x1b[D\x1b[1;5Ctry\x1bOP", "retry"),
        (b"retry\x00\x02", "retry"),
        (b"a\xffb", "a\ufffdb"),
    ],
)
def test_what_is_typed_is_what_is_on_the_line(keys: bytes, line: str):
    typed = Typed()
    typed.editor.feed(keys)
    assert typed.editor.line == line


def test_enter_sends_the_line_and_begins_a_new_one():
    typed = Typed()
    typed.editor.feed(b"retry\nabandon drop\r")
    assert (typed.lines, typed.editor.line) == (["retry", "abandon drop"], "")


def test_a_character_may_come_in_two_reads():
    typed = Typed()
    typed.editor.feed("ü".encode()[:1])
    typed.editor.feed("ü".encode()[1:])
    assert typed.editor.line == "ü"


def test_an_escape_sequence_may_come_in_two_reads():
    typed = Typed()
    for key in (b"\x1b", b"[", b"A", b"x"):
        typed.editor.feed(key)
    assert typed.editor.line == "x"


def test_tab_is_told():
    typed = Typed()
    typed.editor.feed(b"re\ttry")
    assert (typed.tabs, typed.editor.line) == (1, "retry")


def test_a_line_has_an_end():
    typed = Typed()
    typed.editor.feed(b"x" * (MAX_LINE_CHARS + 100))
    assert len(typed.editor.line) == MAX_LINE_CHARS


def test_the_terminal_is_quiet_while_open_and_as_before_after():
    async def story() -> None:
        ours, theirs = pty.openpty()
        typed, changed = Typed(), asyncio.Event()
        before = termios.tcgetattr(theirs)
        with keys_to(typed.editor, theirs, changed.set):
            assert not termios.tcgetattr(theirs)[3] & (termios.ECHO | termios.ICANON)
            os.write(ours, b"retry")
            async with asyncio.timeout(5):
                await changed.wait()
        assert typed.editor.line == "retry"
        assert termios.tcgetattr(theirs) == before
        os.close(ours)
        os.close(theirs)

    asyncio.run(story())


def test_a_line_can_be_waited_for():
    async def story() -> str:
        ours, theirs = pty.openpty()
        os.write(ours, b"yes\n")
        async with asyncio.timeout(5):
            line = await read_line(theirs)
        os.close(ours)
        os.close(theirs)
        return line

    assert asyncio.run(story()) == "yes"
