"""A typed line, or a platform's own options, become a command and its values; or a sentence that teaches. Pure.

Quotes work as in a shell, but only where a word begins, so that nobody has to escape an apostrophe; curly ones, and the
dashes that phones make of `--`, count as straight. Line breaks within the rest are kept.
"""

import bisect
import difflib
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from bot.grammar import BY_NAME, Command, Param, looks_like, normal
from bot.replies import usage as say

MAX_LINE: Final = 12_000
_STRAIGHT: Final = str.maketrans("“”„‟‘’‚‛", "\"\"\"\"''''")
_OPTION: Final = re.compile(r"(?:--|—|–)([A-Za-z][\w-]*)(=)?")
_KEYED: Final = re.compile(r"([A-Za-z][\w-]*):(?=\S)")
_BARE: Final = "status"


class Parsed(msgspec.Struct, frozen=True):
    """A command with its values in normal form; every required one is there."""

    command: Command
    values: dict[str, str]


class Mistake(msgspec.Struct, frozen=True):
    """What could not be understood, and how to say it."""

    sentence: str


class _Word(msgspec.Struct, frozen=True):
    text: str
    start: int
    end: int
    is_quoted: bool


def parse_line(line: str) -> Parsed | Mistake:
    """The command in a line such as `start "fix it" --budget 5`; an empty line asks for the status."""
    if len(line) > MAX_LINE:
        return Mistake(say.too_long(len(line), MAX_LINE))
    words = list(_words(line))
    if words and words[0].text.casefold() in {"/orch", "orch", "@orch"}:
        words = words[1:]
    if not words:
        return Parsed(BY_NAME[_BARE], {})
    command = BY_NAME.get(words[0].text.casefold())
    if command is None:
        return unknown(words[0].text)
    taken = _options(command, words[1:])
    if isinstance(taken, Mistake):
        return taken
    given, left = taken
    wrong = _take_words(command, given, left)
    return wrong or _with_rest(command, given, left, line)


def _take_words(command: Command, given: dict[str, str], left: list[_Word]) -> Mistake | None:
    for param in command.params:
        if param.how != "word" or param.name in given or not left or left[0].is_quoted:
            continue
        if looks_like(param, left[0].text):
            given[param.name] = left.pop(0).text
        elif param.is_required:
            return Mistake(say.wrong(command, param, left[0].text))
    return None


def parse_values(name: str, given: Mapping[str, str]) -> Parsed | Mistake:
    """The command that a platform's own options amount to; empty values count as absent."""
    command = BY_NAME.get(name.casefold())
    return unknown(name) if command is None else _checked(command, {k: v for k, v in given.items() if v.strip()})


def unknown(name: str) -> Mistake:
    """The sentence for a word that is no command, with the nearest one."""
    near = difflib.get_close_matches(name.casefold(), BY_NAME, n=1, cutoff=0.5)
    return Mistake(say.unknown_command(name, near[0] if near else ""))


def _with_rest(command: Command, given: dict[str, str], left: list[_Word], line: str) -> Parsed | Mistake:
    rest = next((param for param in command.params if param.how == "rest"), None)
    if rest is not None and left:
        given.setdefault(rest.name, left[0].text if len(left) == 1 else _span(left, line))
    elif left:
        return Mistake(say.too_much(command, left[0].text))
    return _checked(command, given)


def _span(words: list[_Word], line: str) -> str:
    """The text as it was typed, without the options that stood between its words."""
    parts = [line[words[0].start : words[0].end]]
    for before, word in itertools.pairwise(words):
        between = line[before.end : word.start]
        parts.append((between if between.isspace() else " ") + line[word.start : word.end])
    return "".join(parts)


def _checked(command: Command, given: Mapping[str, str]) -> Parsed | Mistake:
    params = {param.name: param for param in command.params}
    for name, text in given.items():
        param = params.get(name)
        if param is None:
            return Mistake(say.unknown_option(command, name, _nearest(name, command)))
        if not looks_like(param, text.strip()):
            return Mistake(say.wrong(command, param, text))
    for param in command.params:
        if param.is_required and param.name not in given:
            return Mistake(say.missing(command, param))
    return Parsed(command, {name: normal(params[name], text.strip()) for name, text in given.items()})


def _options(command: Command, words: list[_Word]) -> tuple[dict[str, str], list[_Word]] | Mistake:
    """The options among the words, and the words that are left."""
    given: dict[str, str] = {}
    left: list[_Word] = []
    known = {param.name: param for param in command.params}
    queue = iter(words)
    for word in queue:
        found = None if word.is_quoted else _option_in(word.text, known)
        if found is None:
            left.append(word)
            continue
        name, text = found
        if name not in known:
            return Mistake(say.unknown_option(command, name, _nearest(name, command)))
        if text is None:
            following = next(queue, None)
            if following is None:
                return Mistake(say.no_value(command, known[name]))
            text = following.text
        given[name] = text
    return given, left


def _option_in(text: str, known: Mapping[str, Param]) -> tuple[str, str | None] | None:
    """The option's name and its value, None for a value that is the next word; None when it is no option."""
    if (match := _OPTION.match(text)) is not None and (match[2] or match.end() == len(text)):
        return match[1].casefold(), _unquoted(text[match.end() :]) if match[2] else None
    # `fix:` may well be the beginning of an objective, so a key has to be one of the command's.
    if (match := _KEYED.match(text)) is not None and match[1].casefold() in known:
        return match[1].casefold(), _unquoted(text[match.end() :])
    return None


def _unquoted(text: str) -> str:
    straight = text.translate(_STRAIGHT)
    return text[1:-1] if len(text) > 1 and straight[0] == straight[-1] and straight[0] in "\"'" else text


def _nearest(name: str, command: Command) -> str:
    near = difflib.get_close_matches(name, [param.name for param in command.params], n=1, cutoff=0.5)
    return near[0] if near else ""


def _words(line: str) -> Iterator[_Word]:
    # Translated one to one, so that places in one are places in the other.
    straight = line.translate(_STRAIGHT)
    # Where quotes can end, found once: a search at each beginning would take quadratic time on hostile lines.
    ends = {mark: [match.start() for match in re.finditer(rf"{mark}(?=\s|$)", straight)] for mark in "\"'"}
    at = 0
    while (match := _START.search(straight, at)) is not None:
        start, mark = match.start(), match["mark"]
        end = _after(ends[mark], match.end("mark")) if mark is not None else None
        if mark is not None and end is not None and match["key"] is None:
            yield _Word(line[start + 1 : end], start, end + 1, is_quoted=True)
            at = end + 1
            continue
        plain = _PLAIN.match(straight, start)
        at = end + 1 if end is not None else plain.end() if plain is not None else len(line)
        yield _Word(line[start:at], start, at, is_quoted=False)


_START: Final = re.compile(r"(?:(?P<key>[^\s\"':=]+[:=])?(?P<mark>[\"']))|\S")
_PLAIN: Final = re.compile(r"\S+")


def _after(places: list[int], start: int) -> int | None:
    index = bisect.bisect_left(places, start)
    return places[index] if index < len(places) else None
