"""Finds tests that a change made weaker: removed, skipped, or asserting less; pure, works on the content of two commits.

It is a net with wide meshes, for honest mistakes and cheap tricks: a test can be emptied in ways no parser sees. What stays decisive is
that tests which passed before are seen to pass after (`judge.py`), and the reviewer who reads the diff.
"""

import re
from collections.abc import Callable, Collection
from typing import Final

from engine.gates.counted_tests import count_tests
from engine.gates.naming import is_python_test, is_test_file
from engine.gates.python_tests import TestFunction, Unparsable, read_tests

Read = Callable[[str], bytes | None]
Tests = dict[str, TestFunction]

_HOOKS: Final = re.compile(
    r"\b(?:collect_ignore(?:_glob)?|pytest_(?:ignore_collect|collect\w+|pyfunc_call|runtest_\w+|sessionfinish|unconfigure))\b"
)
"""Names by which a `conftest.py` says which tests there are, or how they ended."""


def weakened_tests(changed: Collection[str], before: Read, after: Read) -> tuple[str, ...]:
    """One line for each weakening among the changed paths; `before` and `after` give a file's content, None where it is not.

    Python is read by its syntax, and a test that moved to another changed file is followed by its name. Elsewhere the tests of a file
    are counted.
    """
    python = sorted(path for path in changed if is_python_test(path))
    lines = [line for path in sorted({*changed} - {*python}) for line in _fewer(path, before(path), after(path))]
    lines += [
        line for path in sorted(changed) if path.endswith("conftest.py") for line in _new_hooks(path, before, after)
    ]
    old = {path: _tests(before(path)) for path in python}
    new = {path: _tests(after(path)) for path in python}
    moved = {name: test for path in python for name, test in (new[path] or {}).items() if name not in (old[path] or {})}
    for path in python:
        lines += _compare(path, old[path], new[path], moved)
    return tuple(lines)


def _fewer(path: str, before: bytes | None, after: bytes | None) -> list[str]:
    if before is None:
        return []
    old = count_tests(path, before)
    if after is None:
        return [f"{path}: deleted"] if is_test_file(path) or old.tests else []
    new = count_tests(path, after)
    pairs = [
        ("fewer tests", old.tests, new.tests, new.tests < old.tests),
        ("more that skips tests or singles some out", old.skips, new.skips, new.skips > old.skips),
        ("fewer assertions", old.assertions, new.assertions, new.assertions < old.assertions),
    ]
    return [f"{path}: {what} ({was} before, {now} now)" for what, was, now, is_worse in pairs if old.tests and is_worse]


def _new_hooks(path: str, before: Read, after: Read) -> list[str]:
    old, new = (set(_HOOKS.findall((read(path) or b"").decode("utf-8", "replace"))) for read in (before, after))
    return [f"{path}: gained {hook}, which can leave tests out or forgive them" for hook in sorted(new - old)]


def _tests(content: bytes | None) -> Tests | None:
    """The tests of a file; {} for no file, None for one that is not Python."""
    if content is None:
        return {}
    try:
        return read_tests(content)
    except Unparsable:
        return None


def _compare(path: str, old: Tests | None, new: Tests | None, moved: Tests) -> list[str]:
    if not old:
        return []
    if new is None:
        return [f"{path}: cannot be parsed any more, so none of its {len(old)} tests runs"]
    lines = []
    for name, test in old.items():
        now = new.get(name) or moved.get(name)
        if now is None:
            lines.append(f"{path}: {name} was removed")
        elif now.skips > test.skips:
            lines.append(f"{path}: {name} gained what skips it or forgives its failure")
        elif now.asserts < test.asserts:
            lines.append(f"{path}: {name} has {now.asserts} assertions, it had {test.asserts}")
    return lines
