"""Foreign text is harmless and whole."""

from hypothesis import given
from hypothesis import strategies as st

from bot.text import clean, cut, graphemes, in_fence, one_line, shorten, tail, units

FAMILY = "👨‍👩‍👧"
FLAG = "🇨🇭"


def test_escapes_and_overrides_are_taken_out():
    assert clean("\x1b[31mred\x1b[0m \u202egpj.exe\x00") == "[31mred[0m gpj.exe"


def test_every_kind_of_line_end_becomes_one():
    assert clean("a\r\nb\rc\u2028d") == "a\nb\nc\nd"


def test_one_line_has_no_line_ends():
    assert one_line("  a\n\tb\u2029c ") == "a b c"


def test_marks_joined_emoji_and_flags_stay_whole():
    assert graphemes(f"e\u0301{FAMILY}{FLAG}👍🏽x") == ["e\u0301", FAMILY, FLAG, "👍🏽", "x"]


def test_what_is_cut_is_counted_in_what_people_see():
    assert shorten(FAMILY * 10, 4) == f"{FAMILY * 4} … (+6)"


def test_what_fits_is_left_alone():
    assert shorten("abc", 3) == "abc"


def test_the_tail_says_how_much_is_above_it():
    assert tail("1\n2\n3\n4\n5\n", 3) == ("… 3 lines above", "4", "5")


def test_an_empty_text_has_no_tail():
    assert tail(" \n\n", 5) == ()


@given(st.text())
def test_cleaning_is_done_once(text: str):
    assert clean(clean(text)) == clean(text)


@given(st.text(), st.integers(1, 50))
def test_pieces_make_the_text_again(text: str, limit: int):
    assert "".join(graphemes(text)) == text
    assert shorten(text, limit).startswith("".join(graphemes(text)[:limit]).rstrip())


@given(st.text(alphabet=st.characters()))
def test_no_control_character_is_left(text: str):
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in clean(text) if char not in "\n\t")


@given(st.text() | st.just(FAMILY * 300) | st.just("e" + "\u0301" * 500), st.integers(0, 200))
def test_a_cut_text_fits_and_is_never_cut_within_a_piece(text: str, limit: int):
    found = cut(text, limit)
    assert units(found) <= limit
    kept = found.rpartition(" … (+")[0] if found != text and found.endswith(")") and " … (+" in found else found
    assert "".join(graphemes(text)).startswith(kept)


def test_a_cut_text_says_how_many_pieces_are_missing():
    assert cut(FAMILY * 10, 42) == f"{FAMILY * 4} … (+6)"


def test_units_are_those_of_utf_16():
    assert units("a😀") == 3 == len("a😀".encode("utf-16-le")) // 2


@given(st.text(alphabet="`a\n"))
def test_no_fence_is_ended_from_within(text: str):
    assert "```" not in in_fence(text)
