"""Finds tests that a change made weaker: removed, skipped, or asserting less; pure, works on the content of two commits.

It is a net with wide meshes, for honest mistakes and cheap tricks: a test can be emptied in ways no parser sees. What stays decisive is
that tests which passed before are seen to pass after (`judge.py`), and the reviewer who reads the diff.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from engine.gates.counted_tests import Counted, count_tests, may_have_tests
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

    A test that moved to another changed file is followed: in Python, which is read by its syntax, by its name; elsewhere, where the tests
    of a file are counted, by its lines.
    """
    python = sorted(path for path in changed if is_python_test(path))
    lines = _fewer(sorted(filter(may_have_tests, changed)), before, after)
    lines += [
        line for path in sorted(changed) if path.endswith("conftest.py") for line in _new_hooks(path, before, after)
    ]
    old = {path: _tests(before(path)) for path in python}
    new = {path: _tests(after(path)) for path in python}
    moved = {name: test for path in python for name, test in (new[path] or {}).items() if name not in (old[path] or {})}
    for path in python:
        lines += _compare(path, old[path], new[path], moved)
    return tuple(lines)


def _fewer(paths: Collection[str], before: Read, after: Read) -> list[str]:
    old = {path: count_tests(path, before(path) or b"") for path in paths}
    new = {path: count_tests(path, after(path) or b"") for path in paths}
    gained: Counter[str] = Counter()
    for path in paths:
        if new[path].skips <= old[path].skips:
            gained += new[path].lines - old[path].lines
    lines = []
    for path in paths:
        was, now = old[path], new[path]
        has_moved = bool(was.tests) and was.lines - now.lines <= gained
        if before(path) is not None and after(path) is None:
            lines += [f"{path}: deleted"] if (is_test_file(path) or was.tests) and not has_moved else []
        elif was.tests:
            lines += _worse(path, was, now, has_moved=has_moved)
    return lines


def _worse(path: str, was: Counted, now: Counted, *, has_moved: bool) -> list[str]:
    pairs = [
        ("fewer tests", was.tests, now.tests, now.tests < was.tests and not has_moved),
        ("more that skips tests or singles some out", was.skips, now.skips, now.skips > was.skips),
        ("fewer assertions", was.assertions, now.assertions, now.assertions < was.assertions and not has_moved),
    ]
    return [f"{path}: {what} ({old} before, {new} now)" for what, old, new, is_worse in pairs if is_worse]


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
