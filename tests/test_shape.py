"""Holds the code to its own rules of shape: sizes, who starts git, who reads the environment."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for part in ("adapters", "bot", "engine", "tests") for path in (ROOT / part).rglob("*.py"))
OURS = [path for path in SOURCES if not path.is_relative_to(ROOT / "tests")]
MAX_FILE_LINES, MAX_FUNCTION_LINES = 400, 60

STARTS_GIT = {
    "engine/workspace/git.py": "its task",
    "engine/store/gitproc.py": "upkeep in the background, held while the log is written",
    "engine/tools/search.py": "git grep inside an attempt's own cell",
    "engine/tools/git.py": "the agent's own git, inside its cell",
}
READS_ENVIRONMENT = {
    "adapters/settings/environment.py": "its task",
    "adapters/settings/folders.py": "the user's folders are named there",
    "engine/workspace/git.py": "hands git the few variables that it needs to find itself",
    "engine/store/gitproc.py": "hands git the few variables that it needs to find itself",
    "engine/cell/environment.py": "constructs what a command gets; PATH alone is taken over",
    "adapters/llm/litellm_model.py": "sets what litellm reads while it is imported",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def trees(paths: list[Path]) -> Iterator[tuple[str, ast.Module]]:
    return ((name_of(path), ast.parse(path.read_text("utf-8"))) for path in paths)


def test_no_file_is_longer_than_a_reader_can_hold():
    assert [name_of(path) for path in SOURCES if len(path.read_text("utf-8").splitlines()) > MAX_FILE_LINES] == []


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in trees(SOURCES)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


def test_every_module_says_what_it_is_for():
    assert [name for name, tree in trees(OURS) if tree.body and not ast.get_docstring(tree)] == []


def test_only_the_named_modules_start_git():
    def names_git(node: ast.AST) -> bool:
        return isinstance(node, ast.List | ast.Tuple) and any(
            isinstance(item, ast.Constant) and item.value == "git" for item in node.elts[:2]
        )

    found = {name for name, tree in trees(OURS) if any(map(names_git, ast.walk(tree)))}
    assert found <= set(STARTS_GIT)


@pytest.mark.parametrize("attribute", ["environ", "getenv", "putenv", "environb"])
def test_only_the_settings_read_the_environment(attribute: str):
    found = {
        name
        for name, tree in trees(OURS)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == attribute)
        or (isinstance(node, ast.ImportFrom) and any(alias.name == attribute for alias in node.names))
    }
    assert found <= set(READS_ENVIRONMENT), "read it in adapters/settings/, or say here why not"
