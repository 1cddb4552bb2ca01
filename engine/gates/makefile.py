"""Reads rules of Makefiles and justfiles, as far as their lines tell; pure."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

_RULE: Final = re.compile(r"^@?(\w[\w./*+ \t-]*):(?![:=])([^=]*)$")
_FUNCTION: Final = re.compile(r"\$[({](?!\w+[)}])")
_WORD: Final = re.compile(r"[\w./-]+")
_ASSIGNMENT: Final = re.compile(r"^[\w.-]+\s*[:+?]?=")
_SOURCE: Final = re.compile(r"^[\w./-]+\.(?:c|cc|cpp|cxx|h|hpp|o|obj|s|S)$")
_MAKE: Final = re.compile(r"(?:^|[\s;&|(])g?make((?:\s+[\w./=-]+)*)")


def same_rules(old: str, new: str) -> bool:
    """Whether the new text has all that the old one has, and beside it only rules for targets that the old one does not name, and
    further C sources in lists.
    """
    known = _lines(old)
    words = _words("\n".join(known))
    at, in_new_rule = 0, False
    for line in _lines(new):
        if at < len(known) and (line == known[at] or _is_longer_list(known[at], line)):
            if in_new_rule and line[0].isspace():
                return False  # the recipe of an old rule would become that of the new one
            at, in_new_rule = at + 1, False
        elif _is_new_rule(line, words):
            in_new_rule = True
        elif not (in_new_rule and line[0].isspace()):
            return False
    return at == len(known) and _phony(old) <= _phony(new)


def recipe_of(text: str, target: str) -> str:
    """The recipe of a target, empty when there is none."""
    found = re.search(rf"^@?{re.escape(target)}\b[^\n=]*:[^\n]*\n((?:[ \t][^\n]*\n?)*)", text, re.MULTILINE)
    return re.sub(r"(?m)^\s+[@-]*", "", found[1]) if found else ""


def in_the_way(
    command: str, changed: Collection[str], paths: Collection[str], after: Callable[[str], bytes | None]
) -> Iterator[str]:
    """One line for each new file or folder that has the name of a target of the command: `make` then takes it for made."""
    targets = {word for words in _MAKE.findall(command) for word in words.split()}
    taken = {path.partition("/")[0] for path in paths}
    named = {path.partition("/")[0] for path in changed if after(path) is not None} & targets - taken
    makefiles = "\n".join(
        (after(name) or b"").decode("utf-8", "replace") for name in ("GNUmakefile", "makefile", "Makefile")
    )
    for name in sorted(named - _phony(makefiles)):
        yield f"{name} has the name of a target of `{command}`, which then does nothing: declare it .PHONY, or give it another name"


def _lines(text: str) -> list[str]:
    """What counts, each on one line."""
    lines = (line.rstrip() for line in text.replace("\\\n", " ").split("\n"))
    return [line for line in lines if line and not line.startswith(("#", ".PHONY"))]


def _is_new_rule(line: str, known: set[str]) -> bool:
    found = _RULE.match(line)
    return found is not None and not _FUNCTION.search(found[2]) and known.isdisjoint(_words(found[1]))


def _is_longer_list(old: str, new: str) -> bool:
    """Whether a variable has the words that it had, and C sources besides."""
    if not _ASSIGNMENT.match(old):
        return False
    known, at = old.split(), 0
    for word in new.split():
        if at < len(known) and word == known[at]:
            at += 1
        elif not _SOURCE.match(word):
            return False
    return at == len(known)


def _words(text: str) -> set[str]:
    return {word.removeprefix("./") for word in _WORD.findall(text)}


def _phony(text: str) -> set[str]:
    lines = (line for line in text.replace("\\\n", " ").split("\n") if line.startswith(".PHONY"))
    return {word for line in lines for word in line.partition(":")[2].split()}
