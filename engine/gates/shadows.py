"""Finds new files that would stand in for the test runner: a module at the top of the tree is found before Python's own. Pure.

`python -m unittest` with a `unittest.py` beside it runs that file, whatever it says, and every check is green. A project's modules may be
named as they like inside of packages; at the top, a name of the standard library's or a runner's is never needed.
"""

import sys
from collections.abc import Collection
from typing import Final

RUNNERS: Final = frozenset(
    {"pytest", "_pytest", "pluggy", "sitecustomize", "usercustomize", "nose2", "tox", "coverage"}
)
_TAKEN: Final = RUNNERS | sys.stdlib_module_names
_SUFFIXES: Final = (".py", ".pyc", ".so")


def shadowed_modules(changed: Collection[str], is_new: Collection[str]) -> tuple[str, ...]:
    """One line for each new path that hides a module which every check relies on."""
    found = {path: _module(path) for path in sorted(changed) if path in is_new}
    return tuple(
        f"{path} hides Python's own module {name}, on which every check relies; give it another name"
        for path, name in found.items()
        if name in _TAKEN
    )


def _module(path: str) -> str:
    """The module that the path is, or is in, when the top of the tree is searched first; empty when it is none."""
    first, _, rest = path.partition("/")
    if rest:
        return first if rest.endswith(_SUFFIXES) else ""
    stem, dot, suffix = first.rpartition(".")
    return stem.partition(".")[0] if f"{dot}{suffix}" in _SUFFIXES else ""
