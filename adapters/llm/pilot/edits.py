"""All small edits of a Python source: one node of its syntax tree changed at a time; must not run or judge any of them.

The operators are those of mutation testing (Offutt et al., 1996). A weight, from 1 down to 0, says how often an edit of
its kind is the right one. Runs in the target's interpreter too: standard library only, Python 3.10 and newer.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """Put the text `new` in place of the whole lines from `first` to `last`, which count from 1."""

    first: int
    last: int
    new: str
    weight: float


Variant = tuple[float, ast.AST]
_OPERATORS: tuple[tuple[type[ast.AST], ...], ...] = (
    (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.And, ast.Or),
    (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Div, ast.Mod, ast.Pow), (ast.BitAnd, ast.BitOr, ast.BitXor),
)  # fmt: skip
_METHODS = ("lower upper", "append extend", "strip lstrip rstrip", "startswith endswith", "find rfind", "split rsplit")
_COMPOUND = (ast.BinOp, ast.BoolOp, ast.Compare, ast.UnaryOp, ast.IfExp)


def edits_below(parent: ast.AST, lines: list[bytes]) -> Iterator[Edit]:
    """Every edit below a node of the tree of these lines (UTF-8, with their ends), in no useful order."""
    for field, value in ast.iter_fields(parent):
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.expr | ast.stmt):
                for weight, variant in (*_variants(node), *_nudges(node, parent, field)):
                    yield _edit(node, parent, lines, weight, variant)
            # Before Python 3.12 the parts of an f-string have no usable positions.
            if isinstance(node, ast.AST) and not isinstance(node, ast.JoinedStr):
                yield from edits_below(node, lines)


def _edit(node: Any, parent: ast.AST, lines: list[bytes], weight: float, variant: ast.AST) -> Edit:
    head, tail = lines[node.lineno - 1][: node.col_offset], lines[node.end_lineno - 1][node.end_col_offset :]
    text, is_enclosed = ast.unparse(variant), head[-1:] + tail[:1] == b"()"
    if isinstance(parent, ast.expr) and isinstance(variant, _COMPOUND) and not is_enclosed:
        text = f"({text})"
    return Edit(node.lineno, node.end_lineno, head.decode() + text + tail.decode(), weight)


def _variants(node: Any) -> Iterator[Variant]:  # noqa: C901  # one case a kind of node
    match node:
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp():
            yield from ((weight, _with(node, op=op)) for weight, op in _other_operators(node.op))
        case ast.Compare():
            yield from ((weight, _with(node, ops=[op, *node.ops[1:]])) for weight, op in _other_operators(node.ops[0]))
        case ast.UnaryOp():
            yield 0.9, node.operand
        case ast.Constant(value=bool() as value):
            yield 0.9, ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from ((0.9, ast.Constant(value + 1)), (0.9, ast.Constant(value - 1)), (0.4, ast.Constant(-value)))
        case ast.Attribute():
            families = (family.split() for family in _METHODS)
            yield from ((0.7, _with(node, attr=other)) for words in families if node.attr in words for other in words)
        case ast.Call():
            for at, (first, second) in enumerate(pairwise(node.args)):
                yield 0.6, _with(node, args=[*node.args[:at], second, first, *node.args[at + 2 :]])
        case _:
            pass


def _nudges(node: Any, parent: ast.AST, field: str) -> Iterator[Variant]:
    """A value one higher, one lower, negated: where it is an argument, an index, a condition or a result."""
    if isinstance(parent, ast.Attribute | ast.Expr) or not isinstance(node, ast.expr):
        return
    if field in ("test", "ifs", "values") or isinstance(parent, ast.Return):
        yield 0.8, ast.UnaryOp(ast.Not(), node)
    if field in ("args", "slice", "lower", "upper", "value") and not isinstance(node, ast.Constant | ast.Slice):
        yield from ((0.4, ast.BinOp(node, op, ast.Constant(1))) for op in (ast.Add(), ast.Sub()))
        yield 0.3, ast.UnaryOp(ast.USub(), node)


def _with(node: Any, **changes: Any) -> ast.AST:
    changed: ast.AST = type(node)(**{**dict(ast.iter_fields(node)), **changes})
    return changed


def _other_operators(operator: ast.AST) -> Iterator[Variant]:
    for group in (group for group in _OPERATORS if type(operator) in group):
        yield from ((1.0 - rank / 20, other()) for rank, other in enumerate(group) if other is not type(operator))
