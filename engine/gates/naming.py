"""Which paths are tests, by the conventions of each language; pure."""

import re
from typing import Final

# Beside each language's own rule stands the tool whose default it is.
_TEST_FILE: Final = re.compile(
    r"""(^|/)(
        test_[^/]*\.py | [^/]*_test\.py | tests?\.py # pytest, unittest, Django
      | [^/]*\.(test|spec)\.[cm]?[jt]sx?            # jest, vitest
      | __tests__/[^/]*\.[cm]?[jt]sx?               # jest
      | [^/]*_test\.go                              # go test
      | [^/]*_(test|spec)\.rb | [^/]*Tests?\.(java|kt|cs|php)
      | tests/[^/]*\.rs                             # cargo's integration tests
    )$""",
    re.VERBOSE,
)


def is_test_file(path: str) -> bool:
    """Whether a tool would look for tests in this file."""
    return _TEST_FILE.search(path) is not None


def is_python_test(path: str) -> bool:
    """Whether pytest or unittest would collect this file."""
    return path.endswith(".py") and is_test_file(path)
