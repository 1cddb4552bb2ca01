"""The writer: writes and mends documents, checked against what the code does; must not change code."""

from __future__ import annotations

from engine.crew.kits import WORK, WORK_MORE
from engine.crew.results import WorkResult
from engine.crew.role import Role

WRITER = Role(
    name="writer",
    prompts=("writer.md", "working.md", "shared.md"),
    tools=WORK,
    finish=WorkResult,
    does="writes documents that are true of the code",
    brings="a commit, measured, reviewed and merged by the engine",
    more=WORK_MORE,
    touches="docs",
)
