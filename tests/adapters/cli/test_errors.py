"""Bad input gets one sentence with the remedy, exit code 2, and changes nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.store.gitlog import GitLog
from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import WritingDriver, repository, write
from tests.bot.story import middle
from tests.fakes.entries import entry, git, new_repository


def is_sentence(text: str) -> bool:
    return text.startswith("orch: ") and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "D9"), "there is no D9 here"),
        (("show", "money.py"), "name it like R1, T3 or D1"),
        (("show", "T"), "name it like T1"),
        (("logs", "T9"), "T9 was not tried yet"),
        (("logs", "T8", "--attempt", "9"), "T8 has no attempt 9; its attempts are 1 to 5"),
        (("logs", "[red]T8[/red]"), "'[red]T8[/red]' is not what this command takes"),
        (("decide", "T8", "retry"), "name it like D1"),
        (("decide", "D1", "maybe"), "'maybe' is no answer to D1"),
        (("pause", "R7"), "there is no R7 here"),
        (("resume", "R7"), "there is no R7 here"),
        (("abandon", "T4"), "T4 is complete"),
    ],
)
def test_names_and_answers_that_are_not_there(orch: Orch, shop: Path, arguments: tuple[str, ...], words: str):
    said = orch(*arguments, "-C", shop)
    assert (said.code, said.out) == (2, "")
    assert is_sentence(said.err)
    assert words in said.err


@pytest.mark.parametrize("command", [("status",), ("show",), ("start", "x"), ("resume",), ("pause",)])
def test_a_folder_that_is_no_repository(orch: Orch, tmp_path: Path, command: tuple[str, ...]):
    said = orch(*command, "-C", tmp_path)
    assert said.code == 2
    assert is_sentence(said.err)
    assert "is not in a git repository" in said.err
    assert list(tmp_path.iterdir()) == []


def branches(path: Path) -> str:
    return git(path, "for-each-ref", "--format=%(refname)")


def test_a_repository_without_commits(orch: Orch, tmp_path: Path):
    said = orch("start", "x", "-C", new_repository(tmp_path / "young"))
    assert (said.code, is_sentence(said.err)) == (2, True)
    assert "has no commit yet" in said.err


def test_a_detached_head(orch: Orch, tmp_path: Path):
    path = repository(tmp_path / "shop")
    git(path, "checkout", "--quiet", "--detach")
    said = orch("start", "x", "-C", path)
    assert (said.code, is_sentence(said.err)) == (2, True)
    assert "git switch" in said.err
    assert branches(path) == "refs/heads/main\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "  "), "the objective is empty"),
        (("start", "x" * 8_001), "the objective has 8001 characters; 8000 are possible"),
        (("start", "x", "--base", "nowhere"), "no branch 'nowhere'"),
        (("start", "x", "--budget", "-1"), "budget_usd"),
    ],
)
def test_a_start_that_cannot_be(orch: Orch, tmp_path: Path, arguments: tuple[str, ...], words: str):
    path = repository(tmp_path / "shop")
    said = orch(*arguments, "-C", path)
    assert (said.code, said.out) == (2, "")
    assert is_sentence(said.err)
    assert words in said.err
    assert branches(path) == "refs/heads/main\n"


def test_a_dirty_checkout(orch: Orch, tmp_path: Path):
    path = repository(tmp_path / "shop")
    (path / "money.py").write_text("changed\n")
    said = orch("start", "x", "-C", path)
    assert (said.code, is_sentence(said.err)) == (2, True)
    assert "not committed (money.py)" in said.err
    assert branches(path) == "refs/heads/main\n"


def test_new_refuses_a_folder_that_holds_something(orch: Orch, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    said = orch("start", "x", "--new", tmp_path)
    assert (said.code, is_sentence(said.err)) == (2, True)
    assert "exists and is not empty" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_new_makes_no_folder_for_an_objective_that_is_refused(orch: Orch, tmp_path: Path):
    assert orch("start", " ", "--new", tmp_path / "shop").code == 2
    assert not (tmp_path / "shop").exists()


def test_nothing_to_resume_is_no_error(orch: Orch, tmp_path: Path):
    said = orch("resume", "-C", repository(tmp_path / "shop"))
    assert (said.code, said.out) == (0, 'no run is unfinished; `orch start "<objective>"` begins one\n')


def test_a_program_that_reads_json_reads_no_prose(orch: Orch, tmp_path: Path):
    said = orch("resume", "--json", "-C", repository(tmp_path / "shop"))
    assert (said.code, said.out, is_sentence(said.err)) == (0, "", True)


def run(program: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, timeout=60, check=False, **settings
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("asked", ["'log', '-n', '5'", "'log', '--json'", "'list'"])
def test_a_full_disk_is_told_in_a_sentence(shop: Path, asked: str):
    with Path("/dev/full").open("w") as full:
        ended = run(f"from adapters.cli.main import main; main([{asked}, '-C', {str(shop)!r}])", stdout=full)
    assert (ended.returncode, is_sentence(ended.stderr)) == (2, True), ended.stderr
    assert "No space left" in ended.stderr


def test_ctrl_c_is_heard_while_the_program_is_still_loading(tmp_path: Path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from adapters.cli.main import main; main(['log'])"
    ended = run(program)
    assert (ended.returncode, ended.stderr) == (130, "")


NEWER = '{"kind":"task-teleported","run":"R1","task":"T5"}'


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A repository in which a newer version worked for a while: one of its events is none of ours, and those after it are."""
    driver = middle(WritingDriver())
    path = write(tmp_path / "shop", driver)
    log, last = GitLog.open(path), driver.entries[-1]
    seq = last.seq + 1
    known = '{"kind":"run-paused","run":"R1"}'
    log.append([entry(seq, event=NEWER, files={}), entry(seq + 1, event=known, files={})])
    log.close()
    return path


@pytest.mark.parametrize(
    "command", [("up", "--port", "0"), ("start", "x"), ("resume",), ("status",), ("pause",), ("show", "T5")]
)
def test_an_event_of_a_newer_version_is_refused_by_name_and_left_alone(
    orch: Orch, newer: Path, command: tuple[str, ...]
):
    before = git(newer, "for-each-ref")
    said = orch(*command, "-C", newer)
    assert said.code == 2
    assert is_sentence(said.err)
    for words in ("task-teleported", "A newer orch wrote it", "use that version or a later one", "git show"):
        assert words in said.err
    assert git(newer, "for-each-ref") == before


def test_the_doctor_names_an_event_of_a_newer_version(orch: Orch, newer: Path):
    said = orch("doctor", "-C", newer)
    assert said.code == 1
    assert "task-teleported" in said.out
