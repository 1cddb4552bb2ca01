"""The guardian: looks at an attempt while it is made, and says when it drifts or stalls; must not do any of the work."""

from __future__ import annotations

from engine.crew.results import WatchResult
from engine.crew.role import Role

GUARDIAN = Role(
    name="guardian",
    prompts=("guardian.md",),
    tools=(),
    finish=WatchResult,
    does="looks at an attempt now and then while it is made, where a run asks for it, and nudges the worker",
    brings="a rating of each look; work that stalls twice in a row is ended as stuck",
)
