"""The director: writes the run's specification and divides the objective into domains; must not plan tasks."""

from __future__ import annotations

from engine.crew.results import DirectorResult
from engine.crew.role import Role

DIRECTOR = Role(
    name="director",
    prompts=("director.md", "shared.md"),
    tools=("read_file", "list_directory", "search_codebase", "run_tests", "log_design_decision", "escalate"),
    finish=DirectorResult,
    does="writes the specification, divides the objective into domains",
    brings="the specification and 1 to 5 domains",
    more=("project_info", "git_log", "web_search"),
)
