"""Detection of gates, by the files of a commit."""

from pathlib import Path

import pytest

from engine.core.entities import GateSpec
from engine.gates.detect import detect, python_of

UNITTEST = "import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self): pass\n"


def commands(files: dict[str, str]) -> list[str]:
    return [gate.run for gate in detect(files, lambda path: files[path].encode() if path in files else None)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"README": "pytest"}, []),
        ({"src/a.py": "def test_a(): pass"}, []),
        ({"test_a.py": "def test_a(): pass"}, ["python3 -m pytest -q"]),
        ({"tests/test_a.py": "import pytest\n"}, ["python3 -m pytest -q"]),
        ({"tests/test_a.py": UNITTEST, "pyproject.toml": "[tool.pytest.ini_options]\n"}, ["python3 -m pytest -q"]),
        ({"tests/test_a.py": UNITTEST, "tests/conftest.py": ""}, ["python3 -m pytest -q"]),
        ({"tests/test_a.py": UNITTEST + "import pytest\n"}, ["python3 -m pytest -q"]),
        ({"tests/test_a.py": UNITTEST}, ["python3 -m unittest discover -s tests"]),
        ({"tests/test_a.py": UNITTEST, "tests/__init__.py": ""}, ["python3 -m unittest discover"]),
        ({"test_a.py": UNITTEST}, ["python3 -m unittest discover"]),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ["npm test"]),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, []),
        ({"package.json": '{"scripts": {"build": "x"}}'}, []),
        ({"package.json": '["scripts"]'}, []),
        ({"package.json": "{"}, []),
        ({"package.json": "[" * 100_000}, []),
        ({"Cargo.toml": ""}, ["cargo test"]),
        ({"go.mod": "", "a_test.go": ""}, ["go test ./..."]),
        ({"go.mod": ""}, []),
        ({"Makefile": "all:\n\ntest: all\n\tsh run.sh\n"}, ["make test"]),
        ({"Makefile": "test := 1\ntests:\n"}, []),
        ({"Makefile": "test:\n\tpytest\n", "test_a.py": "def test_a(): pass"}, ["python3 -m pytest -q"]),
        (
            {"test_a.py": "import pytest", "package.json": '{"scripts": {"test": "jest"}}'},
            ["python3 -m pytest -q", "npm test"],
        ),
    ],
)
def test_gates_are_found_by_what_is_there(files: dict[str, str], expected: list[str]) -> None:
    assert commands(files) == expected


def test_gates_have_names_of_their_own() -> None:
    files = {"test_a.py": b"import pytest", "Cargo.toml": b"", "package.json": b'{"scripts": {"test": "jest"}}'}
    assert detect(files, files.get, python="py") == (
        GateSpec("pytest", "py -m pytest -q"),
        GateSpec("npm", "npm test"),
        GateSpec("cargo", "cargo test"),
    )


def test_the_python_of_the_user_s_environment_is_preferred(tmp_path: Path) -> None:
    assert python_of(None) == "python3"
    assert python_of(tmp_path) == "python3"
    folder = tmp_path / "odd name"
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").touch()
    assert python_of(folder) == f"'{folder}/.venv/bin/python'"
