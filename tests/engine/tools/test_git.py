"""The agent's own git: status, diff, log, checkpoints, in its own tree alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.tools.workbench import Workbench
from tests.engine.tools.bench import done, make_bench, refused, shown


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    bench = make_bench(tmp_path / "tree")
    for name, value in (("name", "orch"), ("email", "orch@localhost")):
        done(bench, "run_shell", command=f"git config user.{name} {value}")
    (bench.root / "a.txt").write_text("one\n")
    done(bench, "git_commit", message="First\n\nA body.")
    return bench


def test_status_names_what_differs_and_what_is_new(bench: Workbench):
    assert "Nothing differs" in done(bench, "git_status")
    (bench.root / "a.txt").write_text("two\n")
    (bench.root / "new").mkdir()
    (bench.root / "new/b.txt").write_text("x\n")
    assert shown(bench, "git_status").split("\n")[2:] == [" M a.txt", "?? new/b.txt"]


def test_a_diff_shows_changes_since_a_commit_or_only_their_size(bench: Workbench):
    assert "No tracked file" in done(bench, "git_diff")
    (bench.root / "a.txt").write_text("two\n")
    assert "-one\n+two" in done(bench, "git_diff", path="a.txt")
    assert "a.txt | 2 +-" in done(bench, "git_diff", is_summary=True)
    done(bench, "git_commit", message="Second")
    assert "-one\n+two" in done(bench, "git_diff", since="HEAD~1")
    assert "No tracked file in *.txt" in done(bench, "git_diff", path="*.txt", since="HEAD~1")


def test_a_log_names_commits_and_what_they_changed(bench: Workbench):
    (bench.root / "b.txt").write_text("b\n")
    done(bench, "git_commit", message="Second")
    text = done(bench, "git_log")
    assert text.index("Second") < text.index("First")
    assert "A body." in text
    assert "First" not in done(bench, "git_log", path="b.txt")
    assert "+one" in done(bench, "git_log", path="a.txt", is_patch=True)
    assert "No commit changed c.txt" in done(bench, "git_log", path="c.txt")


def test_a_checkpoint_says_that_it_hands_nothing_in_and_an_empty_one_is_refused(bench: Workbench):
    (bench.root / "a.txt").write_text("two\n")
    assert "handed in with finish" in done(bench, "git_commit", message="-m\n#not a comment")
    assert "#not a comment" in done(bench, "git_log", max_count=1)
    assert "nothing to commit" in refused(bench, "git_commit", message="again")


@pytest.mark.parametrize("odd", ["--output=/tmp/x", "-p", "HEAD:../x", "a b", "$(id)", "HEAD\n"])
def test_a_revision_is_never_an_option_nor_a_path(bench: Workbench, odd: str):
    assert "since" in refused(bench, "git_diff", since=odd)
    assert "at" in refused(bench, "git_log", at=odd)


def test_paths_outside_and_unknown_commits_are_answered(bench: Workbench):
    assert "`..` is not allowed" in refused(bench, "git_diff", path="../x")
    assert "paths are relative" in refused(bench, "git_log", path="/etc")
    assert "bad revision" in refused(bench, "git_log", at="nowhere")
    assert "Correct the call" in refused(bench, "git_diff", since="nowhere")


def test_a_long_diff_is_cut_in_the_middle(bench: Workbench):
    (bench.root / "a.txt").write_text("".join(f"{n}\n" for n in range(20_000)))
    text = done(bench, "git_diff")
    assert len(text) < 10_200
    assert "characters cut" in text


def test_hooks_and_external_diffs_of_the_tree_do_not_decide_a_commit(bench: Workbench):
    hook = bench.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (bench.root / "a.txt").write_text("two\n")
    assert "checkpoint" in done(bench, "git_commit", message="Second")
