"""The git command line: hardened, alone in its module, and clear about what failed."""

import re
from pathlib import Path

import pytest

from engine.workspace.git import GitError, run_git
from engine.workspace.repository import Repository

ENGINE = Path(__file__).parents[3] / "engine"
# The search tool starts it in a cell, as the agent itself might: there it can harm nobody.
MAY_START_GIT = {"workspace/git.py", "store/gitproc.py", "tools/search.py", "tools/git.py"}


def test_no_other_module_of_the_engine_starts_git() -> None:
    starts = re.compile(r"""[(\[]\s*["']git["']\s*,""")
    found = {str(path.relative_to(ENGINE)) for path in ENGINE.rglob("*.py") if starts.search(path.read_text("utf-8"))}
    assert found <= MAY_START_GIT
    assert "workspace/git.py" in found


def test_a_failure_names_the_command_and_what_git_said(repository: Repository) -> None:
    with pytest.raises(
        GitError, match=r"`git rev-parse --verify nothing` ended with exit code 128: fatal: Needed a single revision"
    ):
        run_git("rev-parse", "--verify", "nothing", git_dir=repository.git_dir)


def test_a_command_that_is_too_slow_is_killed(repository: Repository) -> None:
    with pytest.raises(GitError, match=r"did not end within 0\.1 s"):
        run_git("-c", "alias.wait=!exec sleep 60", "wait", git_dir=repository.git_dir, timeout_s=0.1)


def test_git_variables_and_keys_of_the_environment_are_not_handed_on(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent")
    monkeypatch.setenv("SOME_API_KEY", "secret")
    shown = run_git("-c", "alias.show-env=!env", "show-env", git_dir=repository.git_dir).stdout.decode()
    assert "GIT_INDEX_FILE" not in shown
    assert "SOME_API_KEY" not in shown
    assert "GIT_TERMINAL_PROMPT=0" in shown
