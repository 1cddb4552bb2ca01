"""Every role is complete, and its prompt is the one that was reviewed."""

from __future__ import annotations

import difflib
from typing import get_args

import pytest

from engine.core.entities import RoleName
from engine.crew.roles import ROLES
from engine.crew.touching import may_touch
from engine.tools.registry import TOOLS
from tests.engine.crew.briefs import rendering
from tests.golden.update import PROMPTS

NAMES: tuple[RoleName, ...] = get_args(RoleName)


def test_every_role_of_the_core_is_in_the_crew() -> None:
    assert sorted(ROLES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_role_names_itself_and_only_tools_that_exist(name: RoleName) -> None:
    role = ROLES[name]
    assert role.name == name
    assert role.system_prompt.startswith(f"You are the {name.replace('_', ' ')} of orch.\n")
    assert {*role.tools, *role.more} <= set(TOOLS)


@pytest.mark.parametrize("name", ["director", "planner", "strategist"])
def test_roles_that_judge_or_plan_have_no_editing_tools(name: RoleName) -> None:
    assert not {"write_file", "append_file", "str_replace", "delete_file"} & {*ROLES[name].tools, *ROLES[name].more}


@pytest.mark.parametrize("name", NAMES)
def test_the_prompt_is_the_golden_one(name: RoleName) -> None:
    golden = (PROMPTS / f"{name}.md").read_text("utf-8")
    changes = list(difflib.unified_diff(golden.split("\n"), rendering(name).split("\n"), lineterm="", n=0))
    assert not changes, "if this is meant: python -m tests.golden.update\n" + "\n".join(changes)


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_names_no_tool_that_its_role_lacks(name: RoleName) -> None:
    role = ROLES[name]
    lacking = set(TOOLS) - {*role.tools, *role.more}
    assert not [tool for tool in lacking if f"`{tool}`" in role.system_prompt]


@pytest.mark.parametrize("name", ["tester", "test_architect"])
def test_who_writes_tests_changes_tests_and_what_they_need_and_no_other_code(name: RoleName) -> None:
    paths = ("shop/test_money.py", "tests/data/bills.json", "conftest.py", "shop/money.py", "pyproject.toml")
    assert [path for path in paths if may_touch(ROLES[name].touches, path)] == list(paths[:3])
