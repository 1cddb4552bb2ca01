"""Counts what a test file of another language than Python holds, by patterns: tests, assertions, and what skips tests. Pure.

The files are an agent's: no pattern may take longer than a file is long.
"""

import re
from collections import Counter
from typing import Final, NamedTuple

from engine.gates.naming import is_test_file


class Counted(NamedTuple):
    """How many of each a file has, and the lines with tests and assertions."""

    tests: int
    assertions: int
    skips: int
    lines: Counter[str]


class _Language(NamedTuple):
    files: re.Pattern[str]
    patterns: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]
    comments: re.Pattern[str]


def _language(
    files: str, *, tests: str, assertions: str, skips: str, comments: str = r"/\*.*?(?:\*/|\Z)|(?<!\S)//[^\n]*"
) -> _Language:
    patterns = re.compile(tests, re.MULTILINE), re.compile(assertions), re.compile(skips, re.MULTILINE)
    return _Language(re.compile(rf"\.({files})$"), patterns, re.compile(comments, re.DOTALL))


_FOLDER: Final = re.compile(r"(^|/)(tests?|specs?|__tests__)/")
_LANGUAGES: Final = (
    _language(  # jest, vitest, mocha, node:test, playwright, tap
        "[cm]?[jt]sx?",
        tests=r"(?<![\w.$])(?:it|test|specify)\s*[(.`]",
        assertions=r"(?<![\w$])(?:expect|assert)\w*\s*[(.]|\.should\b|(?<![\w.$])t\.(?:is|not|true|false|ok|equal|same|deepEqual|throws|like)\(",
        skips=r"(?<![\w.$])(?:x(?:it|test|describe|context|specify)|f(?:it|describe|context))\b(?=\s*[(.`])"
        r"|(?<![\w.$])(?:it|test|describe|context|suite|specify|this|t)(?:\.\w+)*\.(?:skip|only|todo|fixme|fails|failing|skipIf|runIf)\b"
        r"|\b(?:skip|only|todo)\s*:\s*(?:true|[\"'`])|(?<![\w.$])pending\(|\bprocess\.exit\b",
    ),
    _language(
        "go",
        tests=r"^func\s+(?:\([^)\n]*\)\s*)?(?:Test(?!Main\b)|Fuzz|Example)\w*\(|\bt\.Run\(",
        assertions=r"\b[tbf]\.(?:Error|Fatal|Fail)\w*\(|\b(?:assert|require|is|qt)\.\w+\(",
        skips=r"\.Skip(?:f|Now)?\(|^func\s+TestMain\b(?![\s\S]{0,500}?\.Run\()|\bos\.Exit\(0|^\treturn$|^//[ \t]*(?:go:build|\+build)",
        comments=r"/\*.*?(?:\*/|\Z)|(?<!\S)//(?![ \t]*(?:go:build|\+build))[^\n]*",
    ),
    _language(
        "rs",
        tests=r"#\[(?:\w+::)*(?:test|rstest|test_case)\b",
        assertions=r"\b(?:debug_)?assert\w*!|\bpanic!",
        skips=r"#\[ignore\b|cfg\((?:any\(\)|false)|#!?\[cfg_attr\([^\n\]]{0,200}ignore|\bprocess::exit\b|^ {4,8}return;$",
        comments=r"\A.*?(?=#\[cfg\(test\))|/\*.*?(?:\*/|\Z)|(?<!\S)//[^\n]*",  # with the code that is beside the tests
    ),
    _language(
        "java|kt",
        tests=r"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|Property)\b",
        assertions=r"\b(?:assert|verify|expect|should)\w*\s*\(|\bfail\(",
        skips=r"@(?:Disabled|Ignore|Enabled(?:If|On|For))\w*\b|\bassum(?:e|ing)\w*\(|\bexitProcess\(|\bSystem\.exit\(",
    ),
    _language(
        "cs",
        tests=r"\[(?:Test|Fact|Theory|TestCase|TestMethod)\b",
        assertions=r"\bAssert\.\w+|\.Should\w*\(",
        skips=r"\[(?:Ignore|Explicit)\b|\bSkip\s*=|\bAssert\.(?:Ignore|Inconclusive|Pass)\b|\bSkip\.\w+\(|^[ \t]*#if\b",
    ),
    _language(
        "php",
        tests=r"\bfunction\s+test\w*|@test\b|#\[Test\b",
        assertions=r"\bassert\w+\s*\(|\bexpect\w*\(",
        skips=r"\bmarkTest(?:Skipped|Incomplete)\b|#\[Requires|@requires\b|(?<![\w$>])exit\b",
        comments=r"/\*[^*].*?(?:\*/|\Z)|(?<!\S)//[^\n]*",
    ),
    _language(
        "rb",
        tests=r"^[ \t]*(?:it|specify|example|test)\b|^[ \t]*def\s+test_\w+",
        assertions=r"\b(?:expect|assert|refute|is_expected|should|must_)\w*",
        skips=r"^[ \t]*(?:x(?:it|describe|context|specify|example)|f(?:it|describe|context))\b|(?<![\w.])(?:skip|pending)\b|^[ \t]*exit!?\b",
        comments=r"(?<!\S)#(?!\{)[^\n]*|\n=begin.*?(?:\n=end|\Z)",
    ),
)  # fmt: skip


def may_have_tests(path: str) -> bool:
    """Whether files like this are counted: test files and those in folders of tests, and any of Rust, which has its tests anywhere."""
    is_theirs = is_test_file(path) or path.endswith(".rs") or _FOLDER.search(path) is not None
    return is_theirs and any(each.files.search(path) for each in _LANGUAGES)


def count_tests(path: str, content: bytes) -> Counted:
    """What a file of one of the languages holds."""
    language = next(each for each in _LANGUAGES if each.files.search(path))
    text = language.comments.sub("", content.decode("utf-8", "replace"))
    tests, assertions, skips = (len(pattern.findall(text)) for pattern in language.patterns)
    telling = (line.strip() for line in text.split("\n") if any(each.search(line) for each in language.patterns[:2]))
    return Counted(tests, assertions, skips, Counter(telling))
