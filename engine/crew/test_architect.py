"""The test architect: writes the tests first, which the engine sees red; must not write the code that turns them green."""

from __future__ import annotations

from engine.crew.kits import WORK, WORK_MORE
from engine.crew.results import WorkResult
from engine.crew.role import Role

TEST_ARCHITECT = Role(
    name="test_architect",
    prompts=("test_architect.md", "working.md", "shared.md"),
    tools=WORK,
    finish=WorkResult,
    does="writes tests before the code exists; the engine proves them red, and then no coder may change them",
    brings="a commit that lands together with the code that turns it green",
    more=WORK_MORE,
    touches="tests",
)
