"""What an edit means, in text: the small diff, the syntax check, the nearest place; must not touch the disk."""

from __future__ import annotations

import ast
import difflib
import json
import sys
import tomllib
import warnings
from pathlib import PurePosixPath

import yaml

from engine.tools.observation import shorten

MAX_DIFF_CHARS = 4_000
_MAX_COMPARED_CHARS = 400_000  # difflib is quadratic at worst: a bigger text is described, not compared
_MAX_YAML_CHARS = 200_000  # its parser is Python and takes about a second for so much
_MAX_SEARCHED_LINES = 20_000
_MAX_LINE_CHARS = 2_000
_MAX_KEY_CHARS = 200


def small_diff(path: str, before: str, after: str) -> str:
    """A unified diff of two texts, shortened; empty when they are equal."""
    if before == after:
        return ""
    if len(before) + len(after) > _MAX_COMPARED_CHARS:
        return f"({len(before):,} characters before, {len(after):,} after: too large to show as a diff)"
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), f"a/{path}", f"b/{path}", lineterm="", n=2)
    return shorten("\n".join(lines), MAX_DIFF_CHARS)


def syntax_fault(path: str, text: str) -> str:
    """What is wrong with the text as Python, JSON, TOML or YAML (by the file's ending), in a sentence; empty when it parses.

    Python is judged by the interpreter that runs the engine, so the sentence names its version.
    """
    match PurePosixPath(path).suffix:
        case ".py" | ".pyi":
            return _python_fault(text)
        case ".json":
            return _json_fault(text)
        case ".toml":
            return _toml_fault(text)
        case ".yaml" | ".yml":
            return _yaml_fault(text)
        case _:
            return ""


def lines_of(text: str, part: str) -> list[int]:
    """The numbers (from 1) of the lines where `part` begins in the text, one for each occurrence."""
    found: list[int] = []
    position = text.find(part)
    while position >= 0:
        found.append(text.count("\n", 0, position) + 1)
        position = text.find(part, position + 1)
    return found


def closest_hunk(text: str, wanted: str) -> str:
    """The lines of the text most like `wanted`, numbered; empty when nothing resembles it."""
    lines = text.split("\n")[:_MAX_SEARCHED_LINES]
    needle = [line.strip() for line in wanted.split("\n")]
    start = _by_equal_lines(lines, needle)
    if start is None:
        start = _by_similar_line(lines, needle)
    if start is None:
        return ""
    first = max(start, 0)
    return numbered(lines[first : start + len(needle)], first + 1)


def _shown(line: str) -> str:
    """The line without the end of a Windows line; a carriage return inside of it must not begin one without a number."""
    return line.removesuffix("\r").replace("\r", "\\r")


def numbered(lines: list[str], first: int) -> str:
    """The lines with their numbers, each cut at _MAX_LINE_CHARS."""
    width = len(str(first + len(lines)))
    return "\n".join(
        f"{number:>{width}} | {_shown(line)[:_MAX_LINE_CHARS]}{' [line cut]' if len(line) > _MAX_LINE_CHARS else ''}"
        for number, line in enumerate(lines, first)
    )


def _by_equal_lines(lines: list[str], needle: list[str]) -> int | None:
    """Where a window as high as the needle holds most of the needle's text in whole lines; None below a third of it."""
    known = set(needle) - {""}
    weights = [len(line.strip()) if line.strip() in known else 0 for line in lines]
    best, best_start, window = sum(len(line) for line in needle) / 3, None, 0
    for end, weight in enumerate(weights):
        window += weight - (weights[end - len(needle)] if end >= len(needle) else 0)
        if window > best:
            best, best_start = window, end - len(needle) + 1
    return best_start


def _by_similar_line(lines: list[str], needle: list[str]) -> int | None:
    """Where the needle would begin if its longest line stood at the line most similar to it; None if none is."""
    key = max(needle, key=len)[:_MAX_KEY_CHARS]
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(key)
    best, best_line = 0.5, None
    for number, line in enumerate(lines):
        matcher.set_seq1(line.strip()[:_MAX_KEY_CHARS])
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, best_line = ratio, number
    return None if best_line is None else best_line - max(range(len(needle)), key=lambda index: len(needle[index]))


def _python_fault(text: str) -> str:
    version = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as fault:
        return f"{version} cannot parse this file: line {fault.lineno}: {fault.msg}"
    except (ValueError, RecursionError, MemoryError) as fault:  # a NUL; nesting deeper than the parser goes
        return f"{version} cannot parse this file: {str(fault) or 'it is nested too deeply'}"
    return ""


def _json_fault(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        return f"This is not valid JSON: line {fault.lineno}: {fault.msg}"
    except (ValueError, RecursionError):  # an integer of thousands of digits; nesting
        return "This JSON is nested too deeply, or holds a number too long, to be read."
    return ""


def _toml_fault(text: str) -> str:
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as fault:
        return f"This is not valid TOML: {fault}"
    return ""


def _yaml_fault(text: str) -> str:
    """Nodes are composed and no object is made of them: tags stay unread, and aliases are not expanded."""
    if len(text) > _MAX_YAML_CHARS:
        return ""
    try:
        for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as fault:
        line = "" if fault.problem_mark is None else f"line {fault.problem_mark.line + 1}: "
        return f"This is not valid YAML (unless it is a template): {line}{fault.problem or 'it cannot be read'}"
    except yaml.YAMLError as fault:  # a character that YAML does not allow
        return f"This is not valid YAML: {' '.join(str(fault).split())[:300]}"
    except RecursionError:
        return "This YAML is nested too deeply to be read."
    return ""
