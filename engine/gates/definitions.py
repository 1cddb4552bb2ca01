"""Finds changes of what says which tests a gate or a check runs (a Makefile, scripts, the settings of a test runner); pure.

Whoever may rewrite `make test` needs no tests that pass. What the files say besides is free: dependencies, new targets, new scripts.
A person who wants such a change names the file, in the run's objective or when they send a task back.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from engine.gates.makefile import in_the_way, recipe_of
from engine.gates.naming import is_test_file
from engine.gates.runners import KINDS, Asked, Kind, pytest_settings, same_pytest, scripts_of

Read = Callable[[str], bytes | None]

_RECIPES: Final = re.compile(r"(?:GNUm|[mM])akefile|\.?[jJ]ustfile|package\.json")
_PROGRAM: Final = re.compile(
    r"(?:^|[;&|(\n]\s*|(?<![\w.-])(?:ba|da|z)?sh\s+|(?<![\w.-])(?:python[\d.]*|node|ruby|perl|php)\s+)(?:\./)?(?=(\w[\w./-]*))"
)
"""What a command starts by itself or with an interpreter."""


class Change(NamedTuple):
    """The paths that were changed and those that there were before, and how a file reads before and after."""

    changed: Collection[str]
    paths: Collection[str]
    before: Read
    after: Read


def changed_definitions(
    gates: Sequence[str], checks: Sequence[str], change: Change, *, said: str = ""
) -> tuple[str, ...]:
    """One line for each changed path that defines what one of the commands runs; `said` are the words of people, who allow a change
    by naming its file.
    """
    commands = (*gates, *checks)
    programs = ((program, gate) for gate in gates for program in _programs(gate, change))
    started = {program: gate for program, gate in programs if program in change.paths and not is_test_file(program)}
    lines = []
    for path in sorted(change.changed):
        altered = (each for each in KINDS if _is_a(each, path) and _is_altered(each, path, commands, change))
        found = (each for kind in altered for each in commands if _runs(kind.runners, each))
        command = next(found, "") or started.get(path, "")
        if command and not _names(said, path):
            lines.append(
                f"{path} says what `{command}` runs, and that was changed: leave it as it was (what is new beside it is free). If the "
                f"task can't be done so, escalate: a person allows it by naming {path} in the objective, or when they send the task back"
            )
    shadowed = (line for each in commands for line in in_the_way(each, change.changed, change.paths, change.after))
    return (*lines, *shadowed)


def _is_altered(kind: Kind, path: str, commands: Sequence[str], change: Change) -> bool:
    if path not in change.paths:
        folder = path.rpartition("/")[0]
        others = [
            each for each in change.paths if _is_a(kind, each) and (kind.beside or each.rpartition("/")[0] == folder)
        ]
        if not others and not (kind.beside and any(re.search(kind.beside, each) for each in change.paths)):
            return False
        if kind.holds is not same_pytest:
            return True  # it is read in place of the others, or with them
        if "pytest." in path and any(
            pytest_settings(_text(change.before, each)) != pytest_settings("") for each in others
        ):
            return True
    return not kind.holds(_text(change.before, path), _text(change.after, path), Asked(commands, change.paths))


def _programs(command: str, change: Change) -> Iterator[str]:
    """The files that the command starts, by itself or by the recipe that it names."""
    yield from _PROGRAM.findall(command)
    for path in change.paths:
        if _RECIPES.fullmatch(path):
            text = _text(change.before, path)
            for name in command.split():
                yield from _PROGRAM.findall(str(scripts_of(text).get(name, "")) or recipe_of(text, name))


def _text(read: Read, path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")


def _is_a(kind: Kind, path: str) -> bool:
    return re.search(rf"(?:^|/)(?:{kind.files})$", path) is not None


def _runs(runners: str, command: str) -> bool:
    return re.search(rf"(?<![\w.-])(?:{runners})(?![\w.-])", command) is not None


def _names(said: str, path: str) -> bool:
    names = "|".join(map(re.escape, {path, path.rpartition("/")[2]}))
    return re.search(rf"(?<![\w./-])(?:{names})(?![\w-]|\.\w)", said) is not None
