"""Tools that several roles share, in the order in which they are offered; must not know any role."""

from __future__ import annotations

READING = ("read_file", "list_directory", "search_codebase")
EDITING = ("write_file", "append_file", "str_replace", "delete_file")
RUNNING = ("run_shell", "run_python", "run_tests")
BESIDE = ("start_process", "read_process", "stop_process")
GIT = ("git_status", "git_diff", "git_log", "git_commit")

WORK = (*READING, *EDITING, *RUNNING, "post_insight", "create_subtasks", "escalate")
"""What a role has that changes the tree."""

WORK_MORE = ("log_design_decision", *BESIDE, "project_info", *GIT, "web_search")
"""What such a role may ask for."""
