"""Weakened tests are found, honest changes are let through."""

import pytest

from engine.gates.counted_tests import count_tests
from engine.gates.weakening import weakened_tests

A = "import pytest\n\ndef test_a():\n    assert f() == 1\n    assert f() != 2\n\ndef test_b():\n    with pytest.raises(ValueError):\n        f()\n"
CLASS = "class TestC(TestCase):\n    def test_c(self):\n        self.assertEqual(f(), 1)\n"
FORGIVEN = [
    (CLASS, CLASS.replace("(TestCase)", ""), "TestC::test_c"),
    (CLASS, CLASS.replace("(TestCase)", "(object)"), "TestC::test_c"),
    (CLASS, "class Base: pass\n" + CLASS.replace("(TestCase)", "(Base)"), "TestC::test_c"),
    (CLASS, CLASS.replace("    def", "    __test__ = False\n    def"), "TestC::test_c"),
    (CLASS, CLASS.replace("    def", "    def setUp(self):\n        self.skipTest('x')\n\n    def"), "TestC::test_c"),
    (CLASS, CLASS + "def load_tests(loader, tests, pattern):\n    return TestSuite()\n", "TestC::test_c"),
    (A, A.replace("    assert f() == 1", "    return\n    assert f() == 1"), "test_a"),
    (A, A.replace("    assert f() == 1", "    if not f():\n        return\n    assert f() == 1"), "test_a"),
    (A, A.replace("    assert f() == 1", "    os._exit(0)\n    assert f() == 1"), "test_a"),
    (
        A,
        A.replace("    assert f() == 1", "    try:\n        assert f() == 1\n    except Exception:\n        pass"),
        "test_a",
    ),
    (A, A.replace("    assert f() == 1", "    with suppress(AssertionError):\n        assert f() == 1"), "test_a"),
    (A, "import os\npytestmark: object = pytest.mark.skip\n" + A, "test_a"),
    (A, A + "\n@pytest.fixture(autouse=True)\ndef never():\n    pytest.skip('x')\n", "test_a"),
]


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
        (
            A,
            A.replace("def test_a", "@pytest.mark.skip\ndef test_a"),
            "test_a gained what skips it or forgives its failure",
        ),
        (
            A,
            A.replace("def test_a", "@pytest.mark.xfail(strict=False)\ndef test_a"),
            "test_a gained what skips it or forgives its failure",
        ),
        (
            A,
            A.replace("():\n    assert f() == 1", "():\n    pytest.skip('x')\n    assert f() == 1"),
            "test_a gained what skips it or forgives its failure",
        ),
        (
            A,
            A.replace("import pytest\n", "import pytest\npytestmark = pytest.mark.skip\n"),
            "test_a gained what skips it or forgives its failure",
        ),
        (
            A,
            A.replace("import pytest\n", "import pytest\npytest.skip(allow_module_level=True)\n"),
            "test_a gained what skips it or forgives its failure",
        ),
        (A, "def test_a(:\n", "cannot be parsed any more, so none of its 2 tests runs"),
        (A, "(" * 5000, "cannot be parsed any more, so none of its 2 tests runs"),
        (
            CLASS,
            CLASS.replace("class", "@unittest.skip('x')\nclass"),
            "TestC::test_c gained what skips it or forgives its failure",
        ),
        (
            CLASS,
            CLASS.replace("self.assertEqual(f(), 1)", "raise SkipTest"),
            "TestC::test_c gained what skips it or forgives its failure",
        ),
        (CLASS, CLASS.replace("self.assertEqual(f(), 1)", "f()"), "TestC::test_c has 0 assertions, it had 1"),
        (CLASS, CLASS.replace("f(), 1", "1, 1"), "TestC::test_c has 0 assertions, it had 1"),
        (A, A.replace("assert f() == 1", "assert 1 == 1"), "test_a has 1 assertions, it had 2"),
        *((old, new, f"{name} gained what skips it or forgives its failure") for old, new, name in FORGIVEN),
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
        A.replace("    assert f() == 1\n", "    def g():\n        return 1\n    assert f() == g()\n"),
        A + "\ndef helper():\n    pytest.skip('x')\n",
    ],
)
def test_a_stronger_or_different_test_is_let_through(after: str) -> None:
    assert lines({"test_x.py": A}, {"test_x.py": after}) == ()


def test_a_test_case_may_get_another_base() -> None:
    mine = "class Mine(TestCase): pass\n" + CLASS.replace("(TestCase)", "(Mine)")
    for other in (mine, CLASS.replace("(TestCase)", "(base.Case)")):
        assert lines({"test_x.py": CLASS}, {"test_x.py": other}) == ()


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


JS = "import {{ f }} from './f';\n\ndescribe('f', () => {\n  it('adds', () => { expect(f(1)).toBe(2); });\n  test('more', () => {\n    expect(f(2)).toBe(3);\n  });\n});\n"
GO = 'package f\n\nfunc TestAdd(t *testing.T) {\n\tif F(1) != 2 {\n\t\tt.Fatal("no")\n\t}\n}\n\nfunc TestMore(t *testing.T) {\n\tassert.Equal(t, 3, F(2))\n}\n'
RUST = "fn f() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn adds() {\n        assert_eq!(f(1), 2);\n    }\n}\n"
JAVA = "class AppTest {\n  @Test\n  void adds() { assertEquals(2, f(1)); }\n}\n"
RUBY = "describe F do\n  it 'adds' do\n    expect(f(1)).to eq(2)\n  end\nend\n"
MINITEST = "class FTest < Minitest::Test\n  def test_adds\n    assert_equal 2, f(1)\n  end\nend\n"
CSHARP = "class ATests {\n  [Fact]\n  public void Adds() { Assert.Equal(2, F(1)); }\n}\n"
PHP = "class ATest {\n  function testAdds() { $this->assertSame(2, f(1)); }\n}\n"
SKIPS = "more that skips tests or singles some out (0 before, 1 now)"
WEAKER = {
    "src/f.test.ts": [
        (JS, JS.replace("it(", "it.skip("), SKIPS),
        (JS, JS.replace("it(", "xit("), "fewer tests (2 before, 1 now)"),
        (JS, JS.replace("test(", "test.skip("), SKIPS),
        (JS, JS.replace("test(", "test.only("), SKIPS),
        (JS, JS.replace("describe(", "describe.only("), SKIPS),
        (JS, JS.replace("describe(", "xdescribe("), SKIPS),
        (JS, JS.replace("it('adds', ", "it('adds', { skip: true }, "), SKIPS),
        (JS, JS.replace("expect(f(1)).toBe(2); ", ""), "fewer assertions (2 before, 1 now)"),
        (JS, JS.replace("  it(", "  // it("), "fewer tests (2 before, 1 now)"),
        (JS, JS.replace("  it(", "  /* it(").replace("2); });", "2); }); */"), "fewer tests (2 before, 1 now)"),
        (JS, "", "fewer tests (2 before, 0 now)"),
    ],
    "test/f.js": [(JS, JS.replace("it(", "it.todo("), SKIPS)],
    "f_test.go": [
        (GO, GO.replace("{\n\tif", '{\n\tt.Skip("later")\n\tif'), SKIPS),
        (GO, GO.replace("{\n\tif", "{\n\treturn\n\tif"), SKIPS),
        (GO, "//go:build never\n\n" + GO, SKIPS),
        (GO, GO.replace("TestMore", "testMore"), "fewer tests (2 before, 1 now)"),
        (GO, GO.replace('t.Fatal("no")', ""), "fewer assertions (2 before, 1 now)"),
        (GO, "package f\n", "fewer tests (2 before, 0 now)"),
        (GO, GO + "func TestMain(m *testing.M) {\n}\n", SKIPS),
    ],
    "src/lib.rs": [
        (RUST, RUST.replace("#[test]", "#[test]\n    #[ignore]"), SKIPS),
        (RUST, RUST.replace("#[test]", "#[cfg(any())]\n    #[test]"), SKIPS),
        (RUST, RUST.replace("    #[test]\n", ""), "fewer tests (1 before, 0 now)"),
        (RUST, RUST.replace("        assert_eq!(f(1), 2);\n", ""), "fewer assertions (1 before, 0 now)"),
    ],
    "src/AppTest.java": [
        (JAVA, JAVA.replace("@Test", "@Test @Disabled"), SKIPS),
        (JAVA, JAVA.replace("@Test", '@Ignore("later") @Test'), SKIPS),
        (JAVA, JAVA.replace("@Test", "// @Test"), "fewer tests (1 before, 0 now)"),
    ],
    "spec/f_spec.rb": [
        (RUBY, RUBY.replace("  it", "  xit"), "fewer tests (1 before, 0 now)"),
        (RUBY, RUBY.replace("    expect", "    skip 'later'\n    expect"), SKIPS),
        (RUBY, RUBY.replace("  it 'adds'", "  it 'adds', skip: true"), SKIPS),
    ],
    "test/f_test.rb": [(MINITEST, MINITEST.replace("    assert", "    skip\n    assert"), SKIPS)],
    "ATests.cs": [(CSHARP, CSHARP.replace("[Fact]", '[Fact(Skip = "later")]'), SKIPS)],
    "ATest.php": [(PHP, PHP.replace("{ $this", "{ $this->markTestSkipped(); $this"), SKIPS)],
}


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"), [(path, *each) for path, found in WEAKER.items() for each in found]
)
def test_a_weaker_test_of_another_language_is_named(path: str, old: str, new: str, expected: str) -> None:
    assert lines({path: old}, {path: new})[0] == f"{path}: {expected}"
    assert lines({path: new}, {path: old}) == ()


def test_code_and_new_tests_of_other_languages_are_let_through() -> None:
    assert lines({}, {"f_test.go": GO.replace("{\n\tif", "{\n\tt.Skip()\n\tif")}) == ()
    assert lines({"src/f.js": "it(x); expect(y);", "test/help.js": "const skip = 1;"}, {"src/f.js": "x.skip()"}) == ()
    assert (
        lines(
            {"src/lib.rs": RUST},
            {"src/lib.rs": RUST.replace("fn f() {}", "fn f(n: i8) {\n    #[cfg(unix)]\n    return;\n}")},
        )
        == ()
    )
    main = "func TestMain(m *testing.M) {\n\tos.Exit(m.Run())\n}\n"
    assert lines({"f_test.go": GO}, {"f_test.go": GO + main}) == ()
    assert lines({"src/old.rs": RUST}, {}) == ("src/old.rs: deleted",)
    assert (
        lines({"src/f.test.ts": JS}, {"src/f.test.ts": JS.replace("toBe(3)", "toEqual(3)") + "test('x', () => {});"})
        == ()
    )


def test_tests_of_other_languages_may_move_too() -> None:
    assert lines({"src/a.rs": RUST}, {"src/b.rs": RUST.replace("fn f() {}", "fn f() { g() }")}) == ()
    assert lines({"f.test.ts": JS}, {"sub/f.test.ts": JS.replace("./f", "../f")}) == ()
    part = "  it('adds', () => { expect(f(1)).toBe(2); });\n"
    assert lines({"f.test.ts": JS}, {"f.test.ts": JS.replace(part, ""), "g.test.ts": part}) == ()
    for other in (
        JS.replace("toBe(2)", "toBe(9)"),
        JS.replace("it(", "it.skip("),
        f"/*{JS}*/",
        f"x = {{ skip: true }};{JS}",
    ):
        assert lines({"f.test.ts": JS}, {"g.test.ts": other}) == ("f.test.ts: deleted",)


@pytest.mark.parametrize(
    "piece", ["/*", "\n", "// ", "func (\n", "func TestMain\n", "#[cfg_attr(", "\n=begin ", "it.", "# ", "expect "]
)
def test_a_file_that_was_made_to_be_slow_is_counted_at_once(piece: str) -> None:
    for path in ("a.test.js", "a_test.go", "a.rs", "ATest.java", "ATest.cs", "ATest.php", "a_test.rb"):
        assert count_tests(path, (piece * 50_000).encode()).skips in {0, 50_000}


def test_a_hook_of_pytest_that_says_which_tests_there_are_or_how_they_ended_is_named() -> None:
    fixture = "import pytest\n\n@pytest.fixture\ndef one():\n    return 1\n"
    hook = fixture + "\ndef pytest_runtest_makereport(item, call):\n    return None\n"
    named = ("tests/conftest.py: gained pytest_runtest_makereport, which can leave tests out or forgive them",)
    assert lines({"tests/conftest.py": fixture}, {"tests/conftest.py": hook}) == named
    assert lines({}, {"conftest.py": "collect_ignore = ['test_x.py']\n"})[0].startswith(
        "conftest.py: gained collect_ignore,"
    )
    assert lines({"conftest.py": hook}, {"conftest.py": hook + "\n"}) == ()
    assert lines({}, {"conftest.py": fixture}) == ()


def test_what_was_no_python_before_cannot_get_weaker() -> None:
    assert lines({"test_x.py": "def test_a(:"}, {"test_x.py": "x = 1"}) == ()
    assert lines({}, {"test_x.py": A}) == ()
