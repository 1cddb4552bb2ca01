"""The merger: resolves the conflict that a task's work met on its way to the target; must not add anything of its own."""

from __future__ import annotations

from engine.crew.kits import WORK, WORK_MORE
from engine.crew.results import WorkResult
from engine.crew.role import Role

MERGER = Role(
    name="merger",
    prompts=("merger.md", "working.md", "shared.md"),
    tools=WORK,
    finish=WorkResult,
    does="takes a task over whose work only conflicts with what landed meanwhile, and joins both sides",
    brings="a commit that has both sides, measured, reviewed and merged by the engine",
    more=WORK_MORE,
    touches="everything",
)
