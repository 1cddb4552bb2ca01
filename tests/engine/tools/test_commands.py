"""Commands and searches, really run."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.tools.observation import plain_text, shorten
from engine.tools.workbench import Workbench
from tests.engine.tools.bench import call, make_bench, refused, shown

LINES = "The lines that match:\n"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return make_bench(tmp_path / "tree", test_command="echo tests:")


def test_the_exit_code_comes_first_even_without_output(bench: Workbench) -> None:
    assert shown(bench, "run_shell", command="exit 3") == "exit code: 3\n(no output)"
    assert shown(bench, "run_shell", command="echo out; echo err >&2") == "exit code: 0\nout\nerr"


def test_a_timeout_is_said_and_clamped(bench: Workbench) -> None:
    text = shown(bench, "run_shell", command="echo before; exec tail -f /dev/null", timeout_s=1)
    assert text.startswith("exit code: 137 (timed out after 1 s")
    assert text.endswith("before")
    assert "600" not in text
    for odd in (-5, 0, "7", 10**12):
        assert shown(bench, "run_shell", command="true", timeout_s=odd).startswith("exit code: 0")


def test_a_flood_is_cut_in_the_middle_with_the_amount(bench: Workbench) -> None:
    text = shown(bench, "run_shell", command="seq 1 20000")
    assert len(text) < 10_200
    assert "characters cut" in text
    assert text.startswith("exit code: 0\n1\n2\n")
    assert text.endswith("\n20000")


def test_shortening_keeps_both_ends_and_counts_the_rest() -> None:
    assert shorten("a" * 10_000) == "a" * 10_000
    assert shorten("a" * 5_000 + "b" + "c" * 5_000) == "a" * 5_000 + "\n[... 1 characters cut ...]\n" + "c" * 5_000


def test_terminal_escapes_and_lone_surrogates_do_not_reach_the_model() -> None:
    assert plain_text("\x1b[31mred\x1b[0m\x1b]0;title\x07\r\nnext\rlast\ud800\x00") == "red\nnext\nlast?"


def test_python_code_goes_in_by_standard_input(bench: Workbench) -> None:
    assert (
        shown(bench, "run_python", code="import os\nprint(os.getcwd())\nraise SystemExit(4)")
        == f"exit code: 4\n{bench.root}"
    )


def test_the_target_of_tests_is_quoted_word_by_word(bench: Workbench) -> None:
    assert (
        shown(bench, "run_tests", target="'a b' $(id) ;x")
        == "$ echo tests: 'a b' '$(id)' ';x'\nexit code: 0\ntests: a b $(id) ;x"
    )
    assert "could not be split" in refused(bench, "run_tests", target="'open")


def test_without_a_gate_the_test_tool_says_what_to_do(tmp_path: Path) -> None:
    assert "run_shell" in refused(make_bench(tmp_path / "bare"), "run_tests")


def test_a_command_no_process_can_be_given_is_answered(bench: Workbench) -> None:
    assert "cannot be run" in refused(bench, "run_shell", command="echo \0")
    assert not call(bench, "search_codebase", pattern="a\0b").ok


def test_a_search_finds_lines_in_tracked_and_new_files_but_not_in_ignored_ones(bench: Workbench) -> None:
    for path, text in {
        "src/a.py": "x = 12\n",
        "src/b.txt": "y = 34\n",
        "out/c.py": "z = 56\n",
        ".gitignore": "out/\n",
    }.items():
        (bench.root / path).parent.mkdir(exist_ok=True)
        (bench.root / path).write_text(text)
    assert shown(bench, "search_codebase", pattern=r"= \d+") == f"{LINES}src/a.py:1:x = 12\nsrc/b.txt:1:y = 34"
    assert shown(bench, "search_codebase", pattern=r"= \d+", glob="*.py") == f"{LINES}src/a.py:1:x = 12"
    assert shown(bench, "search_codebase", pattern="=", path="src/b.txt") == f"{LINES}src/b.txt:1:y = 34"
    assert shown(bench, "search_codebase", pattern="=", path="src", glob="*.txt") == f"{LINES}src/b.txt:1:y = 34"
    assert shown(bench, "search_codebase", pattern="nothing").startswith("No line matches")
    assert "`..` is not allowed" in refused(bench, "search_codebase", pattern="x", path="../")
    assert "no such file" in refused(bench, "search_codebase", pattern="x", path="nowhere")


def test_a_search_is_bounded_and_survives_bad_patterns(bench: Workbench) -> None:
    (bench.root / "a.txt").write_text("".join(f"{'a' * 40} {n}\n" for n in range(300)) + "w" * 5_000 + "\n")
    text = shown(bench, "search_codebase", pattern="a", max_results=10)
    assert text.count("\n") == 11
    assert "more than 10 lines match: narrow" in text
    assert "[line cut]" in shown(bench, "search_codebase", pattern="www")
    assert "need a backslash" in refused(bench, "search_codebase", pattern="f(")
    assert "No line" in shown(bench, "search_codebase", pattern="-f --open-files-in-pager=touch")
    (bench.root / "a.txt").write_text("a" * 60 + "!\n")
    assert call(bench, "search_codebase", pattern="(a|aa)+$").text  # catastrophic for a backtracking engine


def test_a_search_shows_context_files_or_counts(bench: Workbench) -> None:
    (bench.root / "a.py").write_text("one\nTWO\nthree\nfour\nTWO\n")
    (bench.root / "b.py").write_text("two\n")
    assert (
        shown(bench, "search_codebase", pattern="two", ignore_case=True, show="files")
        == "The files that match:\na.py\nb.py"
    )
    assert (
        shown(bench, "search_codebase", pattern="two", ignore_case=True, show="counts")
        == "The files that match:\na.py:2\nb.py:1"
    )
    text = shown(bench, "search_codebase", pattern="TWO", context=1)
    assert text == f"{LINES}a.py\n1-one\n2:TWO\n3-three\n4-four\n5:TWO"
    assert "more than 1 files" in shown(
        bench, "search_codebase", pattern="o", ignore_case=True, show="files", max_results=1
    )
    assert "context" in refused(bench, "search_codebase", pattern="o", context=11)
    assert "show" in refused(bench, "search_codebase", pattern="o", show="all")
