"""The tool that tells what kind of project the tree holds, from a bounded look at its files; must not run anything."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from engine.crew.fences import one_line, quote
from engine.gates.detect import detect
from engine.tools.listing import below
from engine.tools.observation import CallRefused
from engine.tools.paths import read_bytes
from engine.tools.tool import Arguments, Tool, blocking
from engine.tools.workbench import Workbench

MAX_FILES = 20_000
_MAX_LISTED = 12
_MAX_TEXT_CHARS = 200
_LANGUAGES: Mapping[str, str] = {
    ".py": "Python", ".js": "JavaScript", ".jsx": "JavaScript", ".mjs": "JavaScript", ".ts": "TypeScript", ".tsx": "TypeScript",
    ".go": "Go", ".rs": "Rust", ".java": "Java", ".kt": "Kotlin", ".c": "C", ".h": "C or C++", ".cc": "C++", ".cpp": "C++",
    ".cs": "C#", ".rb": "Ruby", ".php": "PHP", ".swift": "Swift", ".scala": "Scala", ".ex": "Elixir", ".hs": "Haskell",
    ".lua": "Lua", ".sh": "shell", ".sql": "SQL", ".html": "HTML", ".css": "CSS", ".md": "Markdown", ".tf": "Terraform",
}  # fmt: skip
_MANIFESTS = frozenset({
    "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "package.json", "Cargo.toml", "go.mod", "pom.xml",
    "build.gradle", "build.gradle.kts", "Gemfile", "composer.json", "mix.exs", "CMakeLists.txt", "Makefile", "Dockerfile",
    "docker-compose.yml", "compose.yaml", "tox.ini", "tsconfig.json", "uv.lock", "poetry.lock", "package-lock.json",
    "pnpm-lock.yaml", "yarn.lock", "Cargo.lock", "go.sum", "orch.toml",
})  # fmt: skip
_ADVICE = frozenset({"AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", "README.md"})
_MAKE_TARGET = re.compile(r"^([A-Za-z][\w-]*)[ \t]*:(?!=)", re.MULTILINE)
_ENTRY_FILES = re.compile(r"(?:^|/)(?:__main__\.py|main\.py|manage\.py|main\.go|main\.rs|index\.[jt]s|server\.[jt]s)$")


class ProjectInfo(Arguments):
    """See what kind of project this is: languages, manifests, test commands, entry points, folders, instructions."""


def _look(bench: Workbench, _: ProjectInfo) -> str:
    files, is_cut = _files(bench)
    gates = detect(frozenset(files), lambda path: _content(bench, path).encode("utf-8", "replace"))
    tests = [bench.test_command] if bench.test_command else []
    parts = {
        "languages (files)": _languages(files),
        "manifests": _named(files, _MANIFESTS),
        "instructions and docs": _named(files, _ADVICE),
        "test commands": tests + [gate.run for gate in gates if gate.run not in tests],
        "entry points": list(_entry_points(bench, files)),
        "folders (files)": _folders(files),
    }
    lines = [f"{title}: {_listed(items)}" for title, items in parts.items() if items]
    head = f"{len(files)} files" if not is_cut else f"more than {MAX_FILES} files, of which this many were looked at"
    return f"{head}\n{quote(chr(10).join(map(one_line, lines)))}" if lines else head


def _files(bench: Workbench) -> tuple[list[str], bool]:
    folder = os.open(bench.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        found: list[str] = []
        for _, line in below(folder, recursive=True):
            if line.endswith("/") or " -> " in line:
                continue
            if len(found) == MAX_FILES:
                return found, True
            found.append(line)
        return found, False
    finally:
        os.close(folder)


def _languages(files: list[str]) -> list[str]:
    counts = Counter(_LANGUAGES.get(PurePosixPath(path).suffix, "") for path in files)
    counts.pop("", None)
    return [f"{name} {count}" for name, count in counts.most_common(_MAX_LISTED)]


def _named(files: list[str], names: frozenset[str]) -> list[str]:
    found = [path for path in files if PurePosixPath(path).name in names]
    return sorted(found, key=lambda path: (path.count("/"), path))


def _folders(files: list[str]) -> list[str]:
    counts = Counter(path.split("/", 1)[0] + "/" for path in files if "/" in path)
    return [f"{name} {count}" for name, count in counts.most_common(_MAX_LISTED)]


def _entry_points(bench: Workbench, files: list[str]) -> Iterator[str]:
    for name in _keys(_toml(bench, "pyproject.toml"), "project", "scripts"):
        yield f"{name} (pyproject.toml)"
    for name in _keys(_json(bench, "package.json"), "scripts"):
        yield f"npm run {name}"
    makefile = next((name for name in ("Makefile", "makefile", "GNUmakefile") if name in files), "")
    for name in dict.fromkeys(_MAKE_TARGET.findall(_content(bench, makefile) if makefile else "")):
        yield f"make {name}"
    yield from (path for path in files if _ENTRY_FILES.search(path) and path.count("/") <= 3)


def _keys(document: object, *path: str) -> list[str]:
    """The keys of a table of a document, [] where a stranger wrote something else there."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return [str(key) for key in document] if isinstance(document, dict) else []


def _toml(bench: Workbench, path: str) -> object:
    try:
        return tomllib.loads(_content(bench, path))
    except (ValueError, RecursionError):
        return {}


def _json(bench: Workbench, path: str) -> object:
    try:
        return json.loads(_content(bench, path) or "{}")
    except (ValueError, RecursionError):
        return {}


def _content(bench: Workbench, path: str) -> str:
    """A file's text; empty where there is none, or none that may be read."""
    try:
        return read_bytes(bench.root, path)[1].decode("utf-8", "replace")
    except (OSError, CallRefused):
        return ""


def _listed(items: list[str]) -> str:
    shown = ", ".join(item[:_MAX_TEXT_CHARS] for item in items[:_MAX_LISTED])
    return f"{shown} and {len(items) - _MAX_LISTED} more" if len(items) > _MAX_LISTED else shown


PROJECT_INFO = Tool.of("project_info", ProjectInfo, blocking(_look))
