"""What test runners are told by files, and whether a new version of such a file tells them the same; pure."""

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from engine.gates.makefile import same_rules
from engine.gates.naming import is_python_test


class Asked(NamedTuple):
    """The commands, and the paths that there were when they meant what they should."""

    commands: Sequence[str]
    paths: Collection[str]


Holds = Callable[[str, str, Asked], bool]


class Kind(NamedTuple):
    """Files that define what the runners do, and whether a new text of one still says to the commands what the old one did. A new file
    counts beside another of its kind, or wherever there are files like `beside`.
    """

    runners: str
    files: str
    holds: Holds
    beside: str = ""


def _same(old: str, new: str, _: Asked) -> bool:
    return old.strip() == new.strip()


def _same_recipes(old: str, new: str, _: Asked) -> bool:
    return same_rules(old, new)


def _same_scripts(old: str, new: str, asked: Asked) -> bool:
    """Whether a `package.json` runs the same for the commands, with whatever their scripts run in turn, before, and after."""
    before, after = _json(old), _json(new)
    scripts, new_scripts = scripts_of(old), scripts_of(new)
    wanted: set[str] = set()
    words = " ".join((*asked.commands, "test"))  # `npm t` is short for it
    while found := (set(_WORD.findall(words)) & set(scripts)) - wanted:
        wanted |= found
        words = " ".join(str(scripts[name]) for name in found)
    around = {f"{when}{name}" for name in wanted for when in ("", "pre", "post")}
    settings = ("jest", "mocha", "ava", "vitest", "nyc", "c8", "tap")
    pairs = [
        *((scripts.get(name), new_scripts.get(name)) for name in around),
        *((before.get(key), after.get(key)) for key in settings),
    ]
    return all(was == now for was, now in pairs)


def same_pytest(old: str, new: str, asked: Asked) -> bool:
    """Whether pytest finds and judges tests in the same way, or more strictly."""
    before, after = pytest_settings(old), pytest_settings(new)
    tests = [path for path in asked.paths if is_python_test(path)]
    folders = _words(after.get("testpaths"))
    if not folders or all(any(f"{path}/".startswith(f"{each.rstrip('/')}/") for each in folders) for path in tests):
        after["testpaths"] = before.get("testpaths")
    return all(before.get(key) == after.get(key) for key in before.keys() | after.keys())


def _same_tox(old: str, new: str, _: Asked) -> bool:
    """Whether a `tox.ini` runs the same; what it installs, and new environments, are free."""
    free = {"deps", "extras", "dependency_groups", "requires", "description"}

    def told(text: str) -> dict[str, dict[str, object]]:
        return {name: {key: table[key] for key in table.keys() - free} for name, table in _ini(text).items()}

    return told(old).items() <= told(new).items()


def _same_cargo(old: str, new: str, _: Asked) -> bool:
    def told(text: str) -> list[object]:
        table = _toml(text)
        return [_table(table.get("package")).get("autotests"), *(table.get(key) for key in ("lib", "bin", "test"))]

    return told(old) == told(new)


def _same_test_lines(old: str, new: str, _: Asked) -> bool:
    """Whether a build file of Java says the same of tests, as far as single lines tell."""
    before, after = ([line.strip() for line in text.split("\n") if _JAVA_TESTS.search(line)] for text in (old, new))
    return before == after


_JAVA_TESTS: Final = re.compile(
    r"(?i)skip|ignore|exclude|include|enabled|surefire|failsafe|filter|\btest\s*[{(.]|usejunit"
)
_PYTEST: Final = r"pytest|py\.test|tox|nox|g?make|just"
KINDS: Final = (
    Kind("g?make", r"(GNUm|[mM])akefile(\.\w+)?|[^/]+\.mk", _same_recipes),
    Kind("just", r"\.?[jJ]ustfile", _same_recipes),
    Kind("npm|npx|yarn|pnpm|bun", r"package\.json", _same_scripts),
    Kind("npm|npx|yarn|pnpm|bun|node|jest|vitest|mocha", r"(jest|vitest|playwright|ava)\.config\.\w+|\.mocharc(\.\w+)?|\.npmrc", _same, r"(test|spec)[^/]*\.[cm]?[jt]sx?$"),
    Kind(_PYTEST, r"\.?pytest\.(ini|toml)|pyproject\.toml|setup\.cfg|tox\.ini", same_pytest, r"test[^/]*\.py$"),
    Kind("tox", r"tox\.ini", _same_tox),
    Kind("tox", r"tox\.toml", _same),
    Kind("tox", r"pyproject\.toml", lambda old, new, _: _tool(old, "tox") == _tool(new, "tox")),
    Kind("nox", r"noxfile\.py", _same),
    Kind("cargo", r"Cargo\.toml", _same_cargo),
    Kind("cargo", r"\.cargo/config(\.toml)?", _same, r"Cargo\.toml$"),
    Kind(r"mvnw?|gradlew?", r"pom\.xml|build\.gradle(\.kts)?", _same_test_lines),
    Kind("rake|bundle", r"Rakefile", _same),
    Kind("phpunit|composer", r"phpunit\.xml(\.dist)?", _same, r"Test\.php$"),
    Kind("composer", r"composer\.json", _same_scripts),
)  # fmt: skip
_WORD: Final = re.compile(r"[\w:.-]+")
_HARMLESS: Final = re.compile(
    r"-[qvsl]+|-r\w+|--(?:strict\S*|tb=\w+|import-mode=\w+|cov\S*|durations=\d+|color=\w+|showlocals)"
)
_PYTEST_KEYS: Final = frozenset(
    {"addopts", "testpaths", "python_files", "python_classes", "python_functions", "norecursedirs"}
)


def pytest_settings(text: str) -> dict[str, object]:
    """The settings by which pytest finds and judges tests, as a file of any of its formats has them."""
    own, ini = _tool(text, "pytest"), _ini(text)
    tables = (_toml(text).get("pytest"), own, own.get("ini_options"), ini.get("pytest"), ini.get("tool:pytest"))
    found = {key: value for table in tables for key, value in _table(table).items() if key in _PYTEST_KEYS}
    found["addopts"] = [word for word in _words(found.get("addopts")) if not _HARMLESS.fullmatch(word)]
    return found


def _words(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value or "").split()


def _tool(text: str, name: str) -> dict[str, object]:
    return _table(_table(_toml(text).get("tool")).get(name))


def scripts_of(text: str) -> dict[str, object]:
    """The scripts of a `package.json`, by name."""
    return _table(_json(text).get("scripts"))


def _json(text: str) -> dict[str, object]:
    try:
        return _table(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _toml(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _ini(text: str) -> dict[str, dict[str, object]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def _table(found: object) -> dict[str, object]:
    return found if isinstance(found, dict) else {}
