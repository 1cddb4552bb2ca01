"""Single-edit faults in copies of standard-library modules, with tests that show them; shares no code with the pilot."""

from __future__ import annotations

import ast
import copy
import importlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Expressions on each module `m`; what the untouched module answers becomes the test's expectation.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "textwrap": (
        'm.wrap("The quick brown fox jumps over the lazy dog", 12)',
        'm.fill("one two three four five six", width=9, initial_indent="* ", subsequent_indent="  ")',
        'm.shorten("Hello  world, this is a long line", 20)',
        'm.shorten("Hello world", 7, placeholder="...")',
        'm.dedent("   a\\n     b\\n\\n   c")',
        'm.dedent("\\tx\\n  y")',
        'm.indent("a\\n\\nb\\n", "> ")',
        'm.indent("a\\n\\nb", "-", lambda line: True)',
        'm.wrap("supercalifragilistic is long", 8)',
        'm.wrap("supercalifragilistic is long", 8, break_long_words=False)',
        'm.wrap("a well-known multi-part word", 10, break_on_hyphens=True)',
        'm.wrap("a b c d e f g h i j", 5, max_lines=2)',
        'm.wrap("tab\\there  now", 10, expand_tabs=True, tabsize=4)',
        'm.wrap("It ended. Then more.", 30, fix_sentence_endings=True)',
    ),
    "colorsys": (
        "[round(x, 6) for x in m.rgb_to_hsv(0.2, 0.4, 0.6)]",
        "[round(x, 6) for x in m.rgb_to_hsv(0.9, 0.4, 0.1)]",
        "[round(x, 6) for x in m.rgb_to_hsv(0.3, 0.9, 0.5)]",
        "[[round(x, 6) for x in m.hsv_to_rgb(h / 10, 0.5, 0.8)] for h in range(11)]",
        "[round(x, 6) for x in m.rgb_to_hls(0.2, 0.4, 0.6)]",
        "[round(x, 6) for x in m.rgb_to_hls(0.9, 0.8, 0.7)]",
        "[[round(x, 6) for x in m.hls_to_rgb(h / 10, 0.7, 0.4)] for h in range(11)]",
        "[round(x, 6) for x in m.hls_to_rgb(0.3, 0.2, 0.0)]",
        "[round(x, 6) for x in m.rgb_to_yiq(0.2, 0.4, 0.6)]",
        "[round(x, 6) for x in m.yiq_to_rgb(0.5, 0.1, -0.2)]",
        "m.rgb_to_hsv(0.5, 0.5, 0.5), m.rgb_to_hls(0.5, 0.5, 0.5), m.hsv_to_rgb(0.1, 0, 0.3)",
    ),
    "fractions": (
        "str(m.Fraction(6, -4)), m.Fraction(' 3/9 '), m.Fraction('1.25e-1'), m.Fraction(0.5)",
        "m.Fraction(1, 3) + m.Fraction(1, 6), m.Fraction(1, 3) - m.Fraction(5, 6)",
        "m.Fraction(2, 3) * m.Fraction(9, 4), m.Fraction(2, 3) / m.Fraction(-4, 9)",
        "m.Fraction(7, 2) // m.Fraction(2, 3), m.Fraction(-7, 2) % m.Fraction(2, 3), divmod(m.Fraction(7, 2), 1)",
        "m.Fraction(2, 3) ** 3, m.Fraction(2, 3) ** -2, m.Fraction(-2, 3) ** -1, 2 ** m.Fraction(2)",
        "m.Fraction('3.1415926').limit_denominator(100), m.Fraction(1, 3).limit_denominator(2)",
        "m.Fraction(4321, 8765).limit_denominator(50), m.Fraction(17, 5).limit_denominator(3)",
        "[round(m.Fraction(n, 2)) for n in range(-5, 6)], round(m.Fraction(22, 7), 2)",
        "[m.math.floor(m.Fraction(n, 3)) for n in range(-4, 5)], [m.math.ceil(m.Fraction(n, 3)) for n in range(-4, 5)]",
        "m.Fraction(1, 2) < m.Fraction(2, 3), m.Fraction(1, 2) >= 0.5, m.Fraction(3) == 3, m.Fraction(1, 3) > 1",
        "abs(m.Fraction(-1, 2)), -m.Fraction(1, 2), bool(m.Fraction(0)), int(m.Fraction(-7, 2)), hash(m.Fraction(4, 2))",
        "m.Fraction(1, 2) + 1.5, 3 - m.Fraction(1, 2), m.Fraction(5, 3).as_integer_ratio()",
    ),
    "shlex": (
        "m.split('a \"b c\" d\\\\ e')",
        "m.split(\"x='y z' # not a comment\")",
        "m.split('x # comment', comments=True)",
        "m.split('a\"b\"c \"\" \\'\\' end')",
        "m.quote(\"it's\"), m.quote(''), m.quote('safe-1.txt'), m.quote('two words')",
        "m.join(['a', 'b c', \"d'e\"])",
        "list(m.shlex('a && b || c; d>e', punctuation_chars=True))",
        "list(m.shlex('one \"two three\" four.five'))",
        "list(m.shlex('a=b/c ~x', posix=True, punctuation_chars=';'))",
        "list(m.shlex('# first\\nsecond \\'third fourth\\' (fifth)'))",
        "m.split('\"a \\\\\" b\" c')",
    ),
    "graphlib": (
        "list(m.TopologicalSorter({'d': {'b', 'c'}, 'b': {'a'}, 'c': {'b'}}).static_order())",
        "list(m.TopologicalSorter({3: [2], 2: [1]}).static_order())",
        "[s := m.TopologicalSorter({1: [2, 3]}), s.prepare(), sorted(s.get_ready()), s.is_active(), s.done(2), s.get_ready(), s.done(3), s.get_ready()][2:]",
        "[s := m.TopologicalSorter(), s.add(1, 2), s.add(1, 2, 3), s.prepare(), sorted(s.get_ready()), bool(s)][4:]",
        "[s := m.TopologicalSorter({1: [1]}), s._node2info[1].npredecessors, s._find_cycle()][1:]",
        "len([s := m.TopologicalSorter({1: [2], 2: [3], 3: [1]}), s._find_cycle()][1])",
        "m.TopologicalSorter({1: [2], 2: []})._find_cycle()",
        "[s := m.TopologicalSorter({5: [6]}), s.prepare(), s.get_ready(), s.done(6), s.get_ready(), s.done(5), s.is_active()][2:]",
    ),
    "calendar": (
        "[m.isleap(y) for y in (1900, 2000, 2023, 2024)], m.leapdays(1890, 2005)",
        "[m.monthrange(2023, month) for month in range(1, 13)], m.monthrange(2024, 2)",
        "[int(m.weekday(2024, month, 15)) for month in range(1, 13)]",
        "m.monthcalendar(2024, 2)",
        "m.Calendar(6).monthdayscalendar(2023, 10)",
        "list(m.Calendar(3).iterweekdays()), [list(w) for w in m.Calendar().monthdays2calendar(2021, 5)]",
        "m.TextCalendar(6).formatmonth(2023, 7, 3, 2)",
        "m.TextCalendar().formatweekheader(2), m.TextCalendar().formatmonthname(2024, 3, 20)",
        "m.timegm((2024, 2, 29, 12, 30, 15))",
        "m.TextCalendar().formatyear(2024, 2, 1, 4, 2)[:400]",
        "[d.isoformat() for d in m.Calendar(2).itermonthdates(2023, 3)][:9]",
    ),
    "difflib": (
        "round(m.SequenceMatcher(None, 'abcdef', 'abxdxf').ratio(), 6)",
        "[tuple(b) for b in m.SequenceMatcher(None, 'qabxcd', 'abycdf').get_matching_blocks()]",
        "m.SequenceMatcher(None, 'qabxcd', 'abycdf').get_opcodes()",
        "m.get_close_matches('appel', ['ape', 'apple', 'peach', 'puppy'])",
        "m.get_close_matches('aple', ['apple', 'ample', 'maple', 'x'], n=2, cutoff=0.7)",
        "list(m.unified_diff('a b c d e f g h'.split(), 'a b x d e f g i'.split(), 'o', 'n', lineterm='', n=1))",
        "list(m.context_diff('a b c'.split(), 'a x c'.split(), 'o', 'n', lineterm=''))",
        "list(m.ndiff(['one\\n', 'two\\n', 'three\\n'], ['ore\\n', 'tree\\n', 'emu\\n']))",
        "list(m.restore(list(m.ndiff(['a\\n', 'b\\n'], ['b\\n', 'c\\n'])), 2))",
        "[round(m.SequenceMatcher(None, 'abcd', 'bcde').quick_ratio(), 4), round(m.SequenceMatcher(None, 'ab', 'abc').real_quick_ratio(), 4)]",
        "[list(g) for g in m.SequenceMatcher(None, 'abcdefghijklmnop', 'abcdefxhijklmnoq').get_grouped_opcodes(1)]",
    ),
    "statistics": (
        "m.mean([1, 2, 3, 4, 10]), m.fmean([1.5, 2.5]), m.mean([m.Fraction(1, 2), m.Fraction(1, 3)])",
        "m.median([5, 1, 3]), m.median([1, 2, 3, 4]), m.median_low([1, 2, 3, 4]), m.median_high([1, 2, 3, 4])",
        "m.mode('aabbb'), m.multimode('aabbc')",
        "m.quantiles([1, 2, 3, 4, 5, 6, 7, 9], n=4), m.quantiles([1, 2, 3, 4, 5, 9], n=3, method='inclusive')",
        "m.variance([1, 2, 3, 4, 10]), m.pvariance([1, 2, 3, 4, 10]), m.variance([1, 5], xbar=3)",
        "round(m.stdev([1, 2, 3, 4]), 9), round(m.pstdev([1, 2, 3, 4]), 9)",
        "round(m.harmonic_mean([40, 60]), 6), round(m.harmonic_mean([40, 60], weights=[5, 30]), 6)",
        "round(m.geometric_mean([54, 24, 36]), 6), m.median_grouped([1, 3, 3, 5, 7], interval=2)",
        "round(m.correlation([1, 2, 3, 4], [2, 4, 5, 9]), 9), m.covariance([1, 2, 3], [1, 5, 7])",
        "[round(x, 9) for x in m.linear_regression([1, 2, 3], [2, 4, 7])]",
        "[round(m.NormalDist(5, 2).cdf(x), 9) for x in (1, 5, 8)], round(m.NormalDist(5, 2).pdf(4), 9)",
        "m.NormalDist(1, 3) + m.NormalDist(2, 4), m.NormalDist(1, 3) * 2 - 5, m.NormalDist(3, 1).zscore(5)",
        "round(m.NormalDist(0, 1).overlap(m.NormalDist(1, 2)), 9), m.NormalDist.from_samples([1, 2, 6])",
    ),
    "fnmatch": (
        "m.translate('*.py'), m.translate('a?[b-d]*'), m.translate('[!x]y'), m.translate('[]z')",
        "m.filter(['a.py', 'b.txt', 'c.py'], '*.py')",
        "m.fnmatch('Foo.txt', '*.txt'), m.fnmatchcase('Foo', 'f*'), m.fnmatchcase('abc', 'a[!c]c')",
        "m.translate('**a**b*c'), m.translate('[z-a]'), m.translate('[a-c-e!-]x'), m.translate('[!]a]')",
        "[m.fnmatchcase(x, 'x[a-c]*y?') for x in ('xay1', 'xdy1', 'xbqqyz', 'xby')]",
    ),
}  # fmt: skip


class Fault(NamedTuple):
    """A changed source of a subject, and how it differs, for a person to read."""

    subject: str
    source: str
    told: str


def make_tree(folder: Path, subject: str, source: str) -> str:
    """Write the module and its tests to a folder; the check's command."""
    (folder / "lib").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "lib" / "__init__.py").write_text("")
    (folder / "lib" / f"{subject}.py").write_text(source, "utf-8")
    original = importlib.import_module(subject)
    lines = [f"from lib import {subject} as m", ""]
    for number, expression in enumerate(SUBJECTS[subject]):
        expected = repr(eval(expression, {"m": original}))  # our own expressions, from the table above
        lines += ["", f"def test_{number}():", f"    assert repr(({expression})) == {expected!r}", ""]
    (folder / "tests" / f"test_{subject}.py").write_text("\n".join(lines), "utf-8")
    return f"python -m pytest -q tests/test_{subject}.py"


def run_check(folder: Path, command: str, limit_s: float = 8) -> int:
    """The exit code of a check; -1 when it hangs."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    try:
        done = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, check=False, timeout=limit_s
        )  # our own command
    except subprocess.TimeoutExpired:
        return -1
    return done.returncode


def original_source(subject: str) -> str:
    """The source of the untouched module."""
    return Path(str(importlib.import_module(subject).__file__)).read_text("utf-8")


def faults(seed: int) -> Iterator[Fault]:
    """An endless row of changed modules; whether the tests see the change is for the caller to find out."""
    dice = random.Random(seed)  # a benchmark that repeats
    subjects = sorted(SUBJECTS)
    while True:
        subject = dice.choice(subjects)
        source = original_source(subject)
        nodes = [node for node in ast.walk(ast.parse(source)) if hasattr(node, "lineno")]
        by_kind: dict[str, list[tuple[ast.AST, ast.AST]]] = {}
        for node in nodes:
            for kind, changed in _changed(node, dice):
                by_kind.setdefault(kind, []).append((node, changed))
        kind = dice.choice(sorted(by_kind))
        node, changed = dice.choice(by_kind[kind])
        before, after = _segment(source, node), ast.unparse(changed)
        start = _offset(source, node.lineno, node.col_offset)  # type: ignore[attr-defined]  # chosen by its lineno
        mutant = (source.encode()[:start] + after.encode() + source.encode()[start + len(before.encode()) :]).decode()
        yield Fault(subject, mutant, f"{subject}:{kind}: {before} -> {after}")


def _segment(source: str, node: ast.AST) -> str:
    return ast.get_source_segment(source, node) or ""


def _offset(source: str, line: int, column: int) -> int:
    return sum(len(each.encode()) for each in source.splitlines(keepends=True)[: line - 1]) + column


_COMPARE = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)


def _changed(node: ast.AST, dice: random.Random) -> Iterator[tuple[str, ast.AST]]:  # noqa: C901, PLR0912  # one case a kind of fault
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[ast.Is() | ast.IsNot() as op]):
            new.ops = [ast.IsNot() if isinstance(op, ast.Is) else ast.Is()]
            yield "identity", new
        case ast.Compare(ops=[ast.In() | ast.NotIn() as op]):
            new.ops = [ast.NotIn() if isinstance(op, ast.In) else ast.In()]
            yield "membership", new
        case ast.Compare(ops=[op]):
            new.ops = [dice.choice([other for other in _COMPARE if not isinstance(op, other)])()]
            yield "comparison", new
        case ast.BinOp(op=op) if isinstance(op, _ARITHMETIC):
            new.op = dice.choice([other for other in _ARITHMETIC if not isinstance(op, other)])()
            yield "arithmetic", ast.parse(f"({ast.unparse(new)})", mode="eval").body
        case ast.BoolOp(op=op):
            new.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "boolean", new
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield "unary", operand
        case ast.Constant(value=bool() as value):
            yield "flag", ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield "constant", ast.Constant(value + dice.choice([-1, 1]))
        case ast.Call(args=[_, _, *_]):
            new.args[0], new.args[1] = new.args[1], new.args[0]
            yield "arguments", new
        case ast.Slice(lower=ast.expr()) if new.upper is not None:
            new.lower = None
            yield "slice", new
        case ast.Return(value=ast.Name() as value):
            new.value = ast.UnaryOp(ast.Not(), value)
            yield "return", ast.fix_missing_locations(new)
        case ast.Attribute(attr="append" | "lower" | "strip" | "startswith" | "rstrip" | "lstrip" as name):
            others = {"append": "extend", "lower": "upper", "startswith": "endswith", "strip": "lstrip"}
            new.attr = others.get(name, "strip")
            yield "method", new
        case _:
            pass
