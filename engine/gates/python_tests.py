"""Reads what the tests in a Python file assert and skip, by its syntax alone; never imports or runs it."""

import ast
from collections.abc import Iterator

import msgspec


class TestFunction(msgspec.Struct, frozen=True):
    """A test of a file: how many assertions it makes, and how many markers or calls can skip it or forgive its failure."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    asserts: int
    skips: int


class Unparsable(Exception):
    """The content is no Python."""


def read_tests(content: bytes) -> dict[str, TestFunction]:
    """Each test by its qualified name, `Class::test_name`; of two with one name the last, which is the one that runs.

    Raises: Unparsable.
    """
    try:
        module = ast.parse(content)
        return dict(_tests_in(module.body, "", _marks(module.body)))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(str(error)) from None


def _tests_in(body: list[ast.stmt], prefix: str, inherited: int) -> Iterator[tuple[str, TestFunction]]:
    for node in body:
        match node:
            case ast.ClassDef():
                marks = inherited + _decorations(node.decorator_list) + _marks(node.body)
                yield from _tests_in(node.body, f"{prefix}{node.name}::", marks)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name.startswith("test"):
                yield f"{prefix}{node.name}", _measure(node, inherited)
            case _:
                pass


def _measure(node: ast.FunctionDef | ast.AsyncFunctionDef, inherited: int) -> TestFunction:
    inside = [child for statement in node.body for child in ast.walk(statement)]
    asserts = sum(map(_is_assertion, inside))
    skips = sum(map(_is_skip_call, inside))
    return TestFunction(asserts, inherited + _decorations(node.decorator_list) + skips)


def _marks(body: list[ast.stmt]) -> int:
    """Markers for a whole module or class: `pytestmark = …`, and `pytest.skip(…)` or `raise SkipTest` at its own level."""
    count = 0
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")], value=value):
                count += _decorations([value])
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass
            case _:
                count += sum(map(_is_skip_call, ast.walk(node)))
    return count


def _decorations(expressions: list[ast.expr]) -> int:
    names = (_name(node) for expression in expressions for node in ast.walk(expression))
    return sum(name in {"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure"} for name in names)


def _is_skip_call(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=function):
            return _name(function) in {"skip", "xfail", "skipTest", "SkipTest", "importorskip"}
        case ast.Raise(exc=ast.Name(id="SkipTest") | ast.Attribute(attr="SkipTest")):
            return True
        case _:
            return False


def _is_assertion(node: ast.AST) -> bool:
    match node:
        case ast.Assert(test=test):
            # `assert True` asserts nothing, and neither does `assert "text"`.
            return not isinstance(test, ast.Constant)
        case ast.Call(func=function):
            name = _name(function)
            return name.startswith("assert") or name in {"raises", "warns", "fail"}
        case _:
            return False


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
