"""The strategist: judges work against its criteria, on what the engine measured; must not change anything."""

from __future__ import annotations

from engine.crew.results import ReviewResult
from engine.crew.role import Role

STRATEGIST = Role(
    name="strategist",
    prompts=("strategist.md", "shared.md"),
    tools=("read_file", "list_directory", "search_codebase"),
    finish=ReviewResult,
    does="judges work against its criteria, on what the engine measured",
    brings="a verdict on each criterion",
    more=("post_insight", "project_info", "git_log"),
)
