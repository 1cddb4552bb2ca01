"""Reads what the tests in a Python file assert and skip, by its syntax alone; never imports or runs it."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

Classes = Mapping[str, ast.ClassDef]

_FAILURES: Final = frozenset({"AssertionError", "Exception", "BaseException"})


class TestFunction(msgspec.Struct, frozen=True):
    """A test of a file: how many assertions it makes, and how much there is that can skip it or forgive its failure."""

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
        classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
        return dict(_tests_in(module.body, "", _marks(module.body), classes))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unparsable(str(error)) from None


def _tests_in(
    body: list[ast.stmt], prefix: str, inherited: int, classes: Classes
) -> Iterator[tuple[str, TestFunction]]:
    for node in body:
        match node:
            case ast.ClassDef():
                marks = inherited + _decorations(node.decorator_list) + _marks(node.body)
                # Without its base a test case is an ordinary class, whose methods unittest does not run.
                marks += not _has_base(node, classes)
                yield from _tests_in(node.body, f"{prefix}{node.name}::", marks, classes)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.name.startswith("test"):
                yield f"{prefix}{node.name}", _measure(node, inherited)
            case _:
                pass


def _has_base(node: ast.ClassDef, classes: Classes) -> bool:
    """Whether it derives from something that may be a test case: from elsewhere, or from a class of the file that does."""
    others = {name: found for name, found in classes.items() if name != node.name}
    return any(
        _has_base(others[name], others) if (name := _name(base)) in others else name != "object" for base in node.bases
    )


def _measure(node: ast.FunctionDef | ast.AsyncFunctionDef, inherited: int) -> TestFunction:
    inside = [child for statement in node.body for child in ast.walk(statement)]
    asserts = sum(map(_is_assertion, inside))
    skips = sum(map(_is_skip, inside)) + sum(map(_is_way_out, _own_nodes(node)))
    return TestFunction(asserts, inherited + _decorations(node.decorator_list) + skips)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, but for the functions in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own_nodes(child)


def _marks(body: list[ast.stmt]) -> int:
    """What skips the tests of a whole module or class: markers, calls at its own level or in what is set up before each test, and
    hooks that say which tests there are.
    """
    count = 0
    for node in body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                count += name == "__test__" or (_decorations([value]) if name == "pytestmark" and value else 0)
            case ast.FunctionDef(name="load_tests"):
                count += 1
            case ast.FunctionDef() | ast.AsyncFunctionDef() if _is_set_up(node):
                count += sum(map(_is_skip, ast.walk(node)))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass
            case _:
                count += sum(map(_is_skip, ast.walk(node)))
    return count


def _is_set_up(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    is_automatic = any(key.arg == "autouse" for mark in node.decorator_list for key in getattr(mark, "keywords", ()))
    return is_automatic or node.name.lower().startswith(("setup", "asyncsetup"))


def _decorations(expressions: list[ast.expr]) -> int:
    names = (_name(node) for expression in expressions for node in ast.walk(expression))
    return sum(name in {"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure"} for name in names)


def _is_skip(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=function):
            return _name(function) in {"skip", "xfail", "skipTest", "SkipTest", "importorskip", "_exit"}
        case ast.Raise(exc=ast.Name(id="SkipTest") | ast.Attribute(attr="SkipTest")):
            return True
        case _:
            return False


def _is_way_out(node: ast.AST) -> bool:
    """An end before the last assertion, or one that failed and is not heard of."""
    match node:
        case ast.Return():
            return True
        case ast.ExceptHandler(type=caught):
            return caught is None or not _FAILURES.isdisjoint(_names([caught]))
        case ast.Call(func=function, args=args):
            return _name(function) == "suppress" and bool(
                _names(args) & {"AssertionError", "Exception", "BaseException"}
            )
        case _:
            return False


def _is_assertion(node: ast.AST) -> bool:
    match node:
        case ast.Assert(test=test):
            # `assert True` asserts nothing, and neither does `assert "text"`.
            return bool(_names([test]))
        case ast.Call(func=function, args=args):
            name = _name(function)
            is_idle = bool(args) and not _names(args)
            return (name.startswith("assert") and not is_idle) or name in {"raises", "warns", "fail"}
        case _:
            return False


def _names(expressions: Iterable[ast.expr]) -> set[str]:
    return {name for expression in expressions for node in ast.walk(expression) if (name := _name(node))}


def _name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
