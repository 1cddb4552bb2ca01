"""New files that stand in for the test runner."""

import pytest

from engine.gates.shadows import shadowed_modules


@pytest.mark.parametrize(
    "path",
    [
        "unittest.py",
        "unittest/__init__.py",
        "unittest/main.py",
        "pytest.py",
        "sitecustomize.py",
        "json.cpython-311-x86_64.so",
    ],
)
def test_a_new_module_at_the_top_that_every_check_imports_is_found(path: str):
    (line,) = shadowed_modules([path, "src/app.py"], {path})
    assert line.startswith(f"{path} hides Python's own module ")


@pytest.mark.parametrize(
    "path",
    ["app/types.py", "src/json/__init__.py", "tests/unittest_helpers.py", "test/README.md", "calendar.txt", "unittest"],
)
def test_names_inside_of_packages_and_files_that_are_no_module_are_the_projects_business(path: str):
    assert shadowed_modules([path], {path}) == ()


def test_a_project_that_has_such_a_module_already_may_change_it():
    assert shadowed_modules(["types.py"], set()) == ()
