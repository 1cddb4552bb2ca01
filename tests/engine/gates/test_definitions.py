"""What says what a gate runs stays as it is; all that such files say besides is free, and so is what a person names."""

import pytest

from engine.gates.definitions import Change, changed_definitions

MAKE = "PYTEST = python3 -m pytest\nOBJS = a.o \\\n       b.o\n\n.PHONY: test\ntest: build\n\t$(PYTEST) -q\n\nbuild:\n\tcc $(OBJS)\n"
NPM = '{"name": "x", "scripts": {"test": "npm run unit", "unit": "jest", "build": "tsc"}, "jest": {"testMatch": ["**/*.test.js"]}}'
PYPROJECT = '[project]\ndependencies = ["a"]\n\n[tool.pytest.ini_options]\naddopts = "-q"\nmarkers = ["slow"]\n'
TOX = "[tox]\nenvlist = py3\n\n[testenv]\ndeps = a\ncommands = pytest\n"
CARGO = '[package]\nname = "x"\n\n[dependencies]\na = "1"\n'
GRADLE = "dependencies {\n  implementation 'a'\n}\ntest {\n  useJUnitPlatform()\n}\n"


def lines(
    gate: str, before: dict[str, str], after: dict[str, str], *, checks: tuple[str, ...] = (), said: str = ""
) -> tuple[str, ...]:
    def read(files: dict[str, str], path: str) -> bytes | None:
        return files[path].encode() if path in files else None

    now = {**before, **after}
    changed = {path for path in now if before.get(path) != now[path]}
    change = Change(changed, list(before), lambda path: read(before, path), lambda path: read(now, path))
    return changed_definitions([gate], checks, change, said=said)


CHEATS = [
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace("$(PYTEST) -q", "@true")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": "SHELL = /bin/true\n" + MAKE}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace("python3 -m pytest", "true python3 -m pytest")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + "PYTEST = true\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + "test:\n\t@true\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + ".IGNORE: test\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + "lint: $(eval PYTEST = true)\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace("test: build\n", "test: build\nlint:\n")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace("test: build\n", "test: build\nlint:\n\n")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace(".PHONY: test\n", "")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": ""}),
    ("make test", {"Makefile": MAKE}, {"GNUmakefile": "test:\n\t@true\n"}),
    ("make test", {"Makefile": MAKE + "-include local.mk\n"}, {"local.mk": "test:\n\t@true\n"}),
    ("make test", {"Makefile": "test:\n\tsh ci/run.sh\n", "ci/run.sh": "pytest\n"}, {"ci/run.sh": "true\n"}),
    ("make -f Makefile.ci", {"Makefile.ci": MAKE}, {"Makefile.ci": "test:\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + "./test:\n\t@true\n"}),
    ("just test", {"justfile": "test:\n  pytest\n"}, {"justfile": "test:\n  true\n"}),
    ("npm test", {"package.json": NPM, "a.test.js": ""}, {".npmrc": "script-shell=/bin/true\n"}),
    ("npm test", {"package.json": NPM}, {"package.json": NPM.replace('"jest",', '"true",')}),
    ("npm test", {"package.json": NPM}, {"package.json": NPM.replace('"unit"', '"preunit": "rm a.test.js", "unit"')}),
    ("npm test", {"package.json": NPM}, {"package.json": NPM.replace("**", "none")}),
    ("npm test", {"package.json": NPM}, {"package.json": "{"}),
    ("npm test", {"package.json": NPM, "a.test.js": ""}, {"jest.config.js": "module.exports = {testMatch: []}"}),
    ("npm test", {"package.json": '{"scripts": {"test": "node run.js"}}', "run.js": "go()"}, {"run.js": ""}),
    ("pytest -q", {"pyproject.toml": PYPROJECT}, {"pyproject.toml": PYPROJECT.replace('"-q"', '"-q --deselect test_x.py"')}),
    ("pytest -q", {"pyproject.toml": PYPROJECT.replace("-q", "-W error")}, {"pytest.ini": "[pytest]\n"}),
    ("pytest -q", {"test_x.py": ""}, {"pytest.ini": "[pytest]\naddopts = --co\n"}),
    ("pytest -q", {"tests/test_x.py": "", "more/test_y.py": ""}, {"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = "tests"\n'}),
    ("pytest -q", {"pyproject.toml": PYPROJECT, "test_x.py": ""}, {"pyproject.toml": PYPROJECT.replace('"-q"', '"-k y"')}),
    ("pytest -q", {"setup.cfg": "[tool:pytest]\npython_files = *_spec.py\n"}, {"setup.cfg": ""}),
    ("tox", {"tox.ini": TOX}, {"tox.ini": TOX.replace("= pytest", "= python -c 1")}),
    ("tox", {"tox.ini": TOX}, {"tox.ini": TOX + "ignore_outcome = true\n"}),
    ("nox -s tests", {"noxfile.py": "import nox\n"}, {"noxfile.py": "\n"}),
    ("cargo test", {"Cargo.toml": CARGO}, {"Cargo.toml": CARGO + "[lib]\ntest = false\n"}),
    ("cargo test", {"Cargo.toml": CARGO}, {".cargo/config.toml": "[target.x]\nrunner = 'true'\n"}),
    ("./gradlew test", {"build.gradle": GRADLE}, {"build.gradle": GRADLE.replace("use", "ignoreFailures = true\n  use")}),
    ("./run_tests.sh", {"run_tests.sh": "pytest"}, {"run_tests.sh": "true"}),
    ("bash ci/check.sh --all", {"ci/check.sh": "pytest"}, {"ci/check.sh": "true"}),
    ("/opt/venv/bin/python3 report.py", {"report.py": "go()"}, {"report.py": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "before", "after"), CHEATS)
def test_a_change_of_what_a_gate_runs_is_named_with_what_may_be_done(
    gate: str, before: dict[str, str], after: dict[str, str]
) -> None:
    (line,) = lines(gate, before, after)
    (path,) = after
    assert line.startswith(f"{path} says what `{gate}` runs, and that was changed: leave it as it was")
    assert f"a person allows it by naming {path}" in line
    assert lines(gate, before, after, said=f"mend the target in `{path}`.") == ()
    assert lines(gate, before, after, said=f"see {path}.bak and old/{path}") == (line,)


def test_what_a_check_runs_is_held_too_but_not_the_work_that_it_starts() -> None:
    weaker = {"Makefile": MAKE.replace("$(PYTEST) -q", "@true")}
    assert "`make test`" in lines("pytest", {"Makefile": MAKE}, weaker, checks=("make test",))[0]
    assert lines("pytest", {"run.sh": "a"}, {"run.sh": "b"}, checks=("sh run.sh",)) == ()


FREE = [
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + "\n# all of it\nlint: build\n\truff check .\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": "lint:\n\truff\n" + MAKE.replace(": test\n", ": test lint\n")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace("b.o", "b.o c.o")}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE + "test-all lint/test: test\n\tls\n"}),
    ("make test", {"Makefile": MAKE}, {"Makefile": MAKE.replace("b.o", "b.o \\\n       c.o")}),
    ("make test", {"Makefile": MAKE}, {"sub/Makefile": "test:\n\t@true\n"}),
    ("make test", {}, {"Makefile": MAKE}),
    ("pytest -q", {"Makefile": MAKE}, {"Makefile": "all:\n"}),
    ("just test", {"justfile": "test:\n  pytest\n"}, {"justfile": "test:\n  pytest\n\nlint *args:\n  ruff {{args}}\n"}),
    ("npm test", {"package.json": NPM}, {"package.json": NPM.replace('"x"', '"x", "dependencies": {"a": "1"}')}),
    ("npm test", {"package.json": NPM}, {"package.json": NPM.replace('"tsc"', '"vite build", "lint": "eslint ."')}),
    ("npm test", {"package.json": NPM}, {"packages/a/package.json": NPM}),
    ("pytest -q", {"pyproject.toml": PYPROJECT}, {"pyproject.toml": PYPROJECT.replace('["a"]', '["a", "b"]').replace('["slow"]', '["slow", "net"]')}),
    ("pytest -q", {"README.md": "x"}, {"pyproject.toml": PYPROJECT}),
    ("pytest -q", {"tests/test_x.py": ""}, {"pyproject.toml": PYPROJECT + 'testpaths = ["tests"]\nxfail_strict = true\n'}),
    ("pytest -q", {"pyproject.toml": PYPROJECT}, {"pyproject.toml": PYPROJECT.replace('"-q"', '["-ra", "--strict-markers"]')}),
    ("tox", {"tox.ini": TOX}, {"tox.ini": TOX.replace("deps = a", "deps = a\n  b") + "\n[testenv:docs]\ncommands = sphinx\n"}),
    ("cargo test", {"Cargo.toml": CARGO}, {"Cargo.toml": CARGO + 'b = "2"\n'}),
    ("./gradlew test", {"build.gradle": GRADLE}, {"build.gradle": GRADLE.replace("'a'", "'b'")}),
    ("python3 -m unittest", {"test_x.py": "a"}, {"test_x.py": "b"}),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "before", "after"), FREE)
def test_whatever_else_such_a_file_says_may_change(gate: str, before: dict[str, str], after: dict[str, str]) -> None:
    assert lines(gate, before, after) == ()


def test_a_file_with_the_name_of_a_target_makes_make_do_nothing() -> None:
    plain = "test:\n\tpytest\n"
    assert lines("make test", {"Makefile": plain}, {"test/a.py": ""})[0].startswith(
        "test has the name of a target of `make test`"
    )
    assert lines("make test", {"Makefile": plain}, {"test/a.py": "", "Makefile": ".PHONY: test\n" + plain}) == ()
    assert lines("make test", {"Makefile": plain, "test/b.py": ""}, {"test/a.py": ""}) == ()


@pytest.mark.parametrize(
    "piece", ["a ", "a.b", "*", "\t", "lint: $(a)\n", "X = a.o\n", "# \\\n", "test:\n", "x1: y\n", "x" * 40 + " "]
)
def test_a_file_that_was_made_to_be_slow_is_read_at_once(piece: str) -> None:
    assert len(lines("make test", {"Makefile": piece * 50_000}, {"Makefile": piece * 50_000 + "!"})) <= 1
