"""The planner: turns a domain into small tasks that can be checked; must not do the work."""

from __future__ import annotations

from engine.crew.results import PlannerResult
from engine.crew.role import Role

PLANNER = Role(
    name="planner",
    prompts=("planner.md", "shared.md"),
    tools=(
        "read_file",
        "list_directory",
        "search_codebase",
        "run_shell",
        "run_tests",
        "log_design_decision",
        "escalate",
    ),
    finish=PlannerResult,
    does="turns a domain into tasks that can be checked",
    brings="tasks: role, criteria with checks, dependencies",
    more=("post_insight", "project_info", "git_log", "web_search"),
)
