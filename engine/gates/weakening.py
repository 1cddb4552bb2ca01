"""Finds tests that a change made weaker: removed, skipped, or asserting less; pure, works on the content of two commits.

It is a net with wide meshes, for honest mistakes and cheap tricks: a test can be emptied in ways no parser sees. What stays decisive is
that tests which passed before are seen to pass after (`judge.py`), and the reviewer who reads the diff.
"""

from collections.abc import Callable, Collection

from engine.gates.naming import is_python_test, is_test_file
from engine.gates.python_tests import TestFunction, Unparsable, read_tests

Read = Callable[[str], bytes | None]
Tests = dict[str, TestFunction]


def weakened_tests(changed: Collection[str], before: Read, after: Read) -> tuple[str, ...]:
    """One line for each weakening among the changed paths; `before` and `after` give a file's content, None where it is not.

    A test that moved to another changed file is followed by its name. Python is read by its syntax; elsewhere only a deleted file counts.
    """
    python = sorted(path for path in changed if is_python_test(path))
    others = sorted(path for path in changed if is_test_file(path) and path not in python)
    lines = [f"{path}: deleted" for path in others if before(path) is not None and after(path) is None]
    old = {path: _tests(before(path)) for path in python}
    new = {path: _tests(after(path)) for path in python}
    moved = {name: test for path in python for name, test in (new[path] or {}).items() if name not in (old[path] or {})}
    for path in python:
        lines += _compare(path, old[path], new[path], moved)
    return tuple(lines)


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
            lines.append(f"{path}: {name} gained a skip or xfail marker")
        elif now.asserts < test.asserts:
            lines.append(f"{path}: {name} has {now.asserts} assertions, it had {test.asserts}")
    return lines
