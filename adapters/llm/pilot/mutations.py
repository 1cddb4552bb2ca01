"""All small edits of a Python source, by the positions of its syntax tree; must not run or judge any of them.

Runs in the target's interpreter too: standard library only, Python 3.10 and newer. A weight, from 1 down to 0, says how
often an edit of its kind is the right one (the operators of mutation testing; Offutt et al., 1996).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """Replace the bytes from `start` to `end` by `new`; `lines` are the lines whose execution it can change."""

    start: int
    end: int
    new: bytes
    weight: float
    lines: range


Change = tuple[int, int, str, float]
_SYMBOLS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&",
    ast.BitOr: "|", ast.BitXor: "^", ast.And: "and", ast.Or: "or",
}  # fmt: skip
_OTHER_SYMBOLS = {
    "<": "<= > >= == !=", "<=": "< >= > == !=", ">": ">= < <= == !=", ">=": "> <= < == !=", "==": "!= <= >= < > is",
    "!=": "== < > is_not", "in": "not_in", "not in": "in", "is": "is_not ==", "is not": "is !=", "+": "- * / // %",
    "-": "+ * / // %", "*": "+ / // - ** %", "/": "* // + - %", "//": "/ % * + -", "%": "// / * + -", "**": "* //",
    "<<": ">>", ">>": "<<", "&": "| ^", "|": "& ^", "^": "& |", "and": "or", "or": "and",
}  # fmt: skip
_FAMILIES = (
    "min max", "any all", "sum len", "int float round str", "sorted reversed list", "floor ceil trunc round", "lower upper",
    "title capitalize", "strip lstrip rstrip", "startswith endswith", "append extend", "appendleft append", "popleft pop",
    "find rfind index", "split rsplit", "partition rpartition", "keys values items", "add discard", "ljust rjust center",
    "union intersection difference", "isdigit isalpha isalnum", "get setdefault pop", "list tuple set", "isupper islower",
    "removeprefix removesuffix", "bisect_left bisect_right", "heappush heappop", "match search fullmatch", "start stop",
)  # fmt: skip


def edits_of(source: bytes) -> Iterator[Edit]:
    """Every edit of a UTF-8 source, in no useful order.

    Raises: SyntaxError when the source is no Python; UnicodeDecodeError.
    """
    return _Walk(source).visit(ast.parse(source.decode()), 1)


class _Walk:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.line_starts = [0]
        for line in source.splitlines(keepends=True):
            self.line_starts.append(self.line_starts[-1] + len(line))
        self.names: list[str] = []
        self.attributes: list[str] = []

    def visit(self, node: Any, statement_line: int) -> Iterator[Edit]:
        outer = self.names, self.attributes
        self.enter(node)
        if isinstance(node, ast.stmt):
            statement_line = node.lineno
        last_line = int(node.end_lineno or 0) if isinstance(node, ast.expr) else statement_line
        for rule in (rule for kinds, rule in _RULES if isinstance(node, kinds)):
            for start, end, new, weight in rule(self, node):
                lines = range(min(statement_line, last_line), max(statement_line, last_line) + 1)
                yield Edit(start, end, new.encode(), weight, lines)
        for child in ast.iter_child_nodes(node):
            if not _is_beyond_reach(node, child):
                yield from self.visit(child, statement_line)
        self.names, self.attributes = outer

    def enter(self, node: Any) -> None:
        """Learn the names of a function's scope, or the attributes that a class's methods use."""
        if isinstance(node, ast.ClassDef):
            uses = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
            self.attributes = _unique(each.attr for each in uses if _is_of_self(each))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = list(ast.walk(node))
            stored = [each.id for each in parts if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
            self.names = _unique([*(each.arg for each in parts if isinstance(each, ast.arg)), *stored, *self.names])

    def span(self, node: Any) -> tuple[int, int]:
        start, end = self.line_starts[node.lineno - 1], self.line_starts[node.end_lineno - 1]
        return start + node.col_offset, end + node.end_col_offset

    def text(self, node: Any) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def replace(self, node: Any, new: str, weight: float) -> Change:
        start, end = self.span(node)
        return start, end, new, weight

    def swap(self, first: Any, second: Any, weight: float) -> Change:
        (start, first_end), (second_start, end) = self.span(first), self.span(second)
        return start, end, self.text(second) + self.source[first_end:second_start].decode() + self.text(first), weight

    def operator(self, before: Any, operator: ast.AST, after: Any, mark: str = "") -> Iterator[Change]:
        symbol = _SYMBOLS.get(type(operator), "@")
        at = self.source.find((symbol + mark).encode(), self.span(before)[1], self.span(after)[0])
        for rank, other in enumerate(_OTHER_SYMBOLS.get(symbol, "").split() if at >= 0 else ()):
            yield at, at + len(symbol), other.replace("_", " "), 1.0 - 0.1 * rank

    def off_by_one(self, nodes: Iterable[Any], weight: float) -> Iterator[Change]:
        for node in nodes:
            if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.BinOp):
                yield self.replace(node, f"{self.text(node)} + 1", weight)
                yield self.replace(node, f"{self.text(node)} - 1", weight)


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _is_of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _is_beyond_reach(parent: ast.AST, child: ast.AST) -> bool:
    """Docstrings, and the parts of an f-string: before Python 3.12 they have no usable positions."""
    if isinstance(parent, ast.JoinedStr):
        return sys.version_info < (3, 12) or isinstance(child, ast.Constant)
    return isinstance(parent, ast.Expr) and isinstance(child, ast.Constant)


def _compare(walk: _Walk, node: ast.Compare) -> Iterator[Change]:
    for (before, after), operator in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
        yield from walk.operator(before, operator, after)


def _binary(walk: _Walk, node: ast.BinOp) -> Iterator[Change]:
    yield from walk.operator(node.left, node.op, node.right)
    yield walk.swap(node.left, node.right, 0.4)
    yield walk.replace(node, f"({walk.text(node.left)})", 0.35)
    yield walk.replace(node, f"({walk.text(node.right)})", 0.3)


def _boolean(walk: _Walk, node: ast.BoolOp) -> Iterator[Change]:
    word = _SYMBOLS[type(node.op)]
    parts = [f"({walk.text(value)})" for value in node.values]
    for before, after in pairwise(node.values):
        yield from walk.operator(before, node.op, after)
    yield walk.replace(node, f"({f' {_OTHER_SYMBOLS[word]} '.join(parts)})", 0.8)
    for index, value in enumerate(node.values):
        yield walk.replace(value, f"not {parts[index]}", 0.5)
        yield walk.replace(node, f"({f' {word} '.join(parts[:index] + parts[index + 1 :])})", 0.4)


def _augmented(walk: _Walk, node: ast.AugAssign) -> Iterator[Change]:
    yield from walk.operator(node.target, node.op, node.value, "=")
    yield walk.replace(node, f"{walk.text(node.target)} = {walk.text(node.value)}", 0.3)


def _unary(walk: _Walk, node: ast.UnaryOp) -> Iterator[Change]:
    yield walk.replace(node, f" {walk.text(node.operand)}", 0.9)


def _constant(walk: _Walk, node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield walk.replace(node, str(not value), 0.9)
    elif isinstance(value, int | float):
        for other, weight in ((value + 1, 0.9), (value - 1, 0.9), (0, 0.5), (1, 0.5), (-value, 0.4), (value * 10, 0.2)):
            if other != value:
                yield walk.replace(node, repr(other) if other >= 0 else f"({other!r})", weight)
    elif value in ("", " "):
        yield walk.replace(node, '" "' if value == "" else '""', 0.4)


def _name(walk: _Walk, node: ast.Name) -> Iterator[Change]:
    if isinstance(node.ctx, ast.Load):
        for other in _relatives(node.id):
            yield walk.replace(node, other, 0.8)
        for other in walk.names if node.id in walk.names else ():
            yield walk.replace(node, other, 0.4)


def _attribute(walk: _Walk, node: ast.Attribute) -> Iterator[Change]:
    end = walk.span(node)[1]
    start = end - len(node.attr.encode())
    for other in _relatives(node.attr):
        yield start, end, other, 0.7
    for other in walk.attributes if _is_of_self(node) else ():
        yield start, end, other, 0.3


def _relatives(word: str) -> Iterator[str]:
    for family in _FAMILIES:
        if word in family.split():
            yield from (other for other in family.split() if other != word)


def _call(walk: _Walk, node: ast.Call) -> Iterator[Change]:
    for first, second in pairwise(node.args):
        yield walk.swap(first, second, 0.6)
    if len(node.args) == 1 and not node.keywords:
        yield walk.replace(node, f"({walk.text(node.args[0])})", 0.35)
    elif not node.args and not node.keywords and isinstance(node.func, ast.Attribute):
        yield walk.replace(node, walk.text(node.func.value), 0.35)
    elif len(node.args) > 1:
        yield walk.span(node.args[-2])[1], walk.span(node.args[-1])[1], "", 0.25
    yield from walk.off_by_one(node.args, 0.35)


def _subscript(walk: _Walk, node: ast.Subscript) -> Iterator[Change]:
    if not isinstance(node.slice, ast.Slice):
        yield from walk.off_by_one([node.slice], 0.5)
        return
    bounds = [bound for bound in (node.slice.lower, node.slice.upper, node.slice.step) if bound]
    yield from walk.off_by_one(bounds, 0.6)
    for bound in bounds:
        yield walk.replace(bound, "", 0.5)
        yield walk.replace(bound, f"-({walk.text(bound)})", 0.3)
    start, end = walk.span(node.slice)
    for name in walk.names:
        if node.slice.lower is None:
            yield start, start, name, 0.3
        if node.slice.upper is None and node.slice.step is None:
            yield end, end, name, 0.3


def _condition(walk: _Walk, node: Any) -> Iterator[Change]:
    for test in node.ifs if isinstance(node, ast.comprehension) else [node.test]:
        if not isinstance(test, ast.Compare):
            yield walk.replace(test, f"not ({walk.text(test)})", 0.8)
    if isinstance(node, ast.IfExp):
        yield walk.replace(node, f"{walk.text(node.orelse)} if {walk.text(node.test)} else {walk.text(node.body)}", 0.5)


def _value(walk: _Walk, node: Any) -> Iterator[Change]:
    if node.value is not None:
        yield from walk.off_by_one([node.value], 0.35)
        yield walk.replace(node.value, f"not ({walk.text(node.value)})", 0.3)
        yield walk.replace(node.value, f"-({walk.text(node.value)})", 0.25)


def _jump(walk: _Walk, node: ast.stmt) -> Iterator[Change]:
    yield walk.replace(node, "continue" if isinstance(node, ast.Break) else "break", 0.6)


_RULES: list[tuple[type | tuple[type, ...], Callable[[_Walk, Any], Iterator[Change]]]] = [
    (ast.Compare, _compare), (ast.BinOp, _binary), (ast.BoolOp, _boolean), (ast.AugAssign, _augmented),
    (ast.UnaryOp, _unary), (ast.Constant, _constant), (ast.Name, _name), (ast.Attribute, _attribute), (ast.Call, _call),
    (ast.Subscript, _subscript), ((ast.If, ast.While, ast.IfExp, ast.comprehension), _condition),
    ((ast.Return, ast.Assign, ast.keyword), _value), ((ast.Break, ast.Continue), _jump),
]  # fmt: skip
