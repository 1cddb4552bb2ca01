"""The tester: writes tests that pin down what the task describes; must not change the code under test."""

from __future__ import annotations

from engine.crew.kits import WORK, WORK_MORE
from engine.crew.results import WorkResult
from engine.crew.role import Role

TESTER = Role(
    name="tester",
    prompts=("tester.md", "working.md", "shared.md"),
    tools=WORK,
    finish=WorkResult,
    does="writes tests that pin down behaviour, and no other code",
    brings="a commit, measured, reviewed and merged by the engine",
    more=WORK_MORE,
    touches="tests",
)
