"""The coder: changes the code of one task until its checks are green; must not touch others' tests."""

from __future__ import annotations

from engine.crew.results import WorkResult
from engine.crew.role import Role

CODER = Role(
    name="coder",
    prompts=("coder.md", "working.md", "shared.md"),
    tools=(
        "read_file",
        "list_directory",
        "search_codebase",
        "write_file",
        "append_file",
        "str_replace",
        "delete_file",
        "run_shell",
        "run_python",
        "run_tests",
        "escalate",
    ),
    finish=WorkResult,
    more=(
        "start_process",
        "read_process",
        "stop_process",
        "project_info",
        "git_status",
        "git_diff",
        "git_log",
        "git_commit",
        "web_search",
    ),
)
