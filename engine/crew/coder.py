"""The coder: changes the code of one task until its checks are green; must not touch others' tests."""

from __future__ import annotations

from engine.crew.kits import WORK, WORK_MORE
from engine.crew.results import WorkResult
from engine.crew.role import Role

CODER = Role(
    name="coder",
    prompts=("coder.md", "working.md", "shared.md"),
    tools=WORK,
    finish=WorkResult,
    does="changes the code of one task until its checks are green",
    brings="a commit, measured, reviewed and merged by the engine",
    more=WORK_MORE,
    touches="everything",
)
