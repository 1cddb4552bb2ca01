"""Weakened tests are found, honest changes are let through."""

import pytest

from engine.gates.weakening import weakened_tests

A = "import pytest\n\ndef test_a():\n    assert f() == 1\n    assert f() != 2\n\ndef test_b():\n    with pytest.raises(ValueError):\n        f()\n"
CLASS = "class TestC(TestCase):\n    def test_c(self):\n        self.assertEqual(f(), 1)\n"


def lines(before: dict[str, str], after: dict[str, str]) -> tuple[str, ...]:
    def read(files: dict[str, str], path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    return weakened_tests({*before, *after}, lambda path: read(before, path), lambda path: read(after, path))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (A, A.replace("    assert f() != 2\n", ""), "test_a has 1 assertions, it had 2"),
        (A, A.replace("assert f() == 1", "assert True"), "test_a has 1 assertions, it had 2"),
        (A, A.replace("def test_b", "def helper_b"), "test_b was removed"),
        (A, A.replace("def test_a", "@pytest.mark.skip\ndef test_a"), "test_a gained a skip or xfail marker"),
        (
            A,
            A.replace("def test_a", "@pytest.mark.xfail(strict=False)\ndef test_a"),
            "test_a gained a skip or xfail marker",
        ),
        (
            A,
            A.replace("():\n    assert f() == 1", "():\n    pytest.skip('x')\n    assert f() == 1"),
            "test_a gained a skip or xfail marker",
        ),
        (
            A,
            A.replace("import pytest\n", "import pytest\npytestmark = pytest.mark.skip\n"),
            "test_a gained a skip or xfail marker",
        ),
        (
            A,
            A.replace("import pytest\n", "import pytest\npytest.skip(allow_module_level=True)\n"),
            "test_a gained a skip or xfail marker",
        ),
        (A, "def test_a(:\n", "cannot be parsed any more, so none of its 2 tests runs"),
        (A, "(" * 5000, "cannot be parsed any more, so none of its 2 tests runs"),
        (CLASS, CLASS.replace("class", "@unittest.skip('x')\nclass"), "TestC::test_c gained a skip or xfail marker"),
        (
            CLASS,
            CLASS.replace("self.assertEqual(f(), 1)", "raise SkipTest"),
            "TestC::test_c gained a skip or xfail marker",
        ),
        (CLASS, CLASS.replace("self.assertEqual(f(), 1)", "f()"), "TestC::test_c has 0 assertions, it had 1"),
    ],
)
def test_a_weaker_python_test_is_named(before: str, after: str, expected: str) -> None:
    assert lines({"tests/test_x.py": before}, {"tests/test_x.py": after})[0] == f"tests/test_x.py: {expected}"


@pytest.mark.parametrize(
    "after",
    [
        A,
        A + "\ndef test_more():\n    assert 1\n",
        A.replace("== 1", "== 3"),
        "# new\n" + A,
        A.replace("    assert f() == 1\n", "    x = f()\n    assert x == 1\n"),
    ],
)
def test_a_stronger_or_different_test_is_let_through(after: str) -> None:
    assert lines({"test_x.py": A}, {"test_x.py": after}) == ()


def test_tests_may_move_to_another_file() -> None:
    assert lines({"test_x.py": A}, {"tests/test_y.py": A}) == ()
    assert lines({"test_x.py": A}, {"tests/test_y.py": A.replace("test_b", "test_z")}) == (
        "test_x.py: test_b was removed",
    )


def test_a_deleted_test_file_is_named_in_any_language() -> None:
    for path in (
        "src/a.test.ts",
        "pkg/a_test.go",
        "spec/a_spec.rb",
        "tests/it.rs",
        "src/AppTest.java",
        "__tests__/a.js",
    ):
        assert lines({path: "x"}, {}) == (f"{path}: deleted",)
        assert lines({path: "x"}, {path: "y"}) == ()
    assert lines({"test_x.py": A}, {}) == ("test_x.py: test_a was removed", "test_x.py: test_b was removed")
    assert lines({"src/app.py": A, "tests/data.json": "{}"}, {}) == ()


def test_what_was_no_python_before_cannot_get_weaker() -> None:
    assert lines({"test_x.py": "def test_a(:"}, {"test_x.py": "x = 1"}) == ()
    assert lines({}, {"test_x.py": A}) == ()
