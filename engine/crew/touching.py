"""Which files a role may change; pure, and the only place that says so."""

from __future__ import annotations

import re
from typing import Literal

from engine.gates.naming import is_test_file

Touches = Literal["everything", "tests", "docs", "nothing"]

_TEST_SUPPORT = re.compile(r"(^|/)(tests?|__tests__|specs?|testdata|fixtures)/|(^|/)conftest\.py$")
_DOCUMENT = re.compile(
    r"(^|/)(README|CHANGELOG|CONTRIBUTING|AUTHORS|HISTORY|NEWS|LICENSE|NOTICE)[^/]*$|(^|/)docs?/|\.(md|markdown|rst|adoc|txt)$",
    re.IGNORECASE,
)
_NO_DOCUMENT = re.compile(r"(^|/)(requirements[^/]*|constraints[^/]*|CMakeLists)\.txt$|(^|/)conf\.py$", re.IGNORECASE)


def may_touch(touches: Touches, path: str) -> bool:
    """Whether a role that touches this kind of files may change the path."""
    match touches:
        case "everything":
            return True
        case "tests":
            return is_test_file(path) or _TEST_SUPPORT.search(path) is not None
        case "docs":
            return _DOCUMENT.search(path) is not None and _NO_DOCUMENT.search(path) is None
        case "nothing":
            return False


def in_words(touches: Touches) -> str:
    """The files, as the end of a sentence."""
    return {"everything": "all files", "tests": "tests and what they need", "docs": "documents", "nothing": "no file"}[
        touches
    ]
