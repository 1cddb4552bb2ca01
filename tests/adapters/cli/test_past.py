"""The past as people ask for it: events, one task's story, how things stood, two runs side by side; and the same with git."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from engine.store.gitlog import GitLog
from engine.store.guide import README
from tests.adapters.cli.conftest import Orch, Said
from tests.adapters.cli.written import WritingDriver, write
from tests.bot.story import middle
from tests.fakes.core_steps import start_run
from tests.fakes.entries import git


def events(said: Said) -> list[int]:
    assert said.code == 0, said.err
    return [event["seq"] for event in json.loads(said.out)["events"]]


def by_git(said: Said) -> list[str]:
    """The abbreviated commits that the printed command finds, in the given order."""
    command = said.out.rstrip().rpartition("with git: ")[2] or json.loads(said.out)["git"]
    printed = subprocess.run(shlex.split(command), check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in printed.splitlines()]


def commits(said: Said) -> list[str]:
    return re.findall(r"^ *[0-9]+  ([0-9a-f]{9})", said.out, re.MULTILINE)


def test_log_has_a_line_an_event_and_the_newest_is_first(orch: Orch, own_shop: Path):
    said = orch("log", "-C", own_shop, "-n", "2")
    first, second, more, *_ = said.out.splitlines()
    assert re.fullmatch(r" +64  [0-9a-f]{9}  2026-01-01 00:01  T8 failed -> waiting_human: D1 asks.*", first)
    assert second.split()[0] == "63"
    assert more == "only the latest 2; --limit N shows more, --limit 0 all"


def test_what_log_prints_git_alone_prints_too(orch: Orch, shop: Path):
    for wish in ((), ("--task", "T5"), ("--run", "R1", "--actor", "U7"), ("--since", "2026-01-01T00:00:59")):
        said = orch("log", "-n", "0", "-C", shop, *wish)
        assert commits(said)
        assert [c[:7] for c in commits(said)] == [c[:7] for c in by_git(said)]


def test_log_is_narrowed_by_task_actor_and_time(orch: Orch, shop: Path):
    everything = events(orch("log", "-n", "0", "--json", "-C", shop))
    assert everything == list(range(66, 0, -1))
    assert events(orch("log", "--task", "t8", "--actor", "coder", "--json", "-C", shop)) == [62, 59, 56, 53, 50]
    assert events(orch("log", "--actor", "U7", "--json", "-C", shop)) == [2, 1]
    assert events(orch("log", "--actor", "slack:T1:U7", "--json", "-C", shop)) == [2, 1]
    assert events(orch("log", "--actor", ".*", "--json", "-C", shop)) == []
    late = events(orch("log", "--since", "2026-01-01T00:01", "--json", "-C", shop))
    assert late == everything[: len(late)]
    assert 0 < len(late) < 10
    assert "no event since" in orch("log", "--since", "1h", "-C", shop).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("log", "--since", "lately"), "'lately' is no time"),
        (("log", "--task", "T99"), "there is no T99"),
        (("show", "R1@x"), "names no moment"),
        (("show", "R1@67"), "events here are numbered 1 to 66"),
        (("show", "R1@0"), "there is no event 0"),
        (("show", "T8@3"), "T8 did not exist at event 3"),
        (("diff", "R1", "R9"), "there is no R9"),
        (("log", "--actor", ""), "--actor needs a name"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(orch: Orch, shop: Path, arguments: tuple[str, ...], words: str):
    said = orch(*arguments, "-C", shop)
    assert (said.code, words in said.err) == (2, True), said.err


def test_a_task_of_another_run_is_not_looked_for(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver, "First")
    start_run(driver, "Second")
    said = orch("log", "--run", "R2", "--task", "T1", "-C", write(tmp_path / "two", driver))
    assert said.err == "orch: T1 is a task of R1, not of R2\n"


def test_history_tells_a_task_from_its_beginning_as_git_does(orch: Orch, shop: Path):
    said = orch("history", "T8", "-C", shop)
    assert "T8 planned for a coder by planner: Read the exchange rates" in said.out.splitlines()[0]
    assert [c[:7] for c in commits(said)] == [c[:7] for c in by_git(said)]
    assert events(orch("history", "T8", "--json", "-C", shop)) == [27, 32, *range(50, 65)]


def test_history_goes_on_over_epochs_and_their_roots_are_no_events(orch: Orch, own_shop: Path):
    before = events(orch("history", "T8", "--json", "-C", own_shop))
    driver = middle(WritingDriver())
    log = GitLog.open(own_shop)
    log.begin_epoch()
    start_run(driver, "Another")
    log.append(driver.entries[64:])
    log.close()
    said = orch("history", "T8", "--json", "-C", own_shop)
    assert events(said) == before
    assert "--glob=refs/orch/epoch/*" in json.loads(said.out)["git"]
    assert "planning" in orch("show", "R1@20", "-C", own_shop).out
    assert "Another" in orch("show", "R2@65", "-C", own_shop).out
    git(own_shop, "update-ref", "-d", "refs/orch/epoch/1")
    assert "git fetch origin 'refs/orch/epoch/*:refs/orch/epoch/*'" in orch("show", "R1@20", "-C", own_shop).err


def test_show_at_a_moment_is_how_things_stood_then(orch: Orch, shop: Path):
    then = json.loads(orch("show", "T8@52", "--json", "-C", shop).out)
    assert (then["as_of"]["seq"], then["task"]["state"], len(then["task"]["attempts"])) == (52, "ready", 1)
    out = orch("show", "R1@20", "-C", shop).out
    assert out.startswith("as of event 20, 2026-01-01 00:00 UTC: T4 planned -> ready\n")
    assert "2 of 6 tasks done" in out
    command = shlex.split(out.rstrip().rpartition("with git: ")[2])
    printed = subprocess.run(command, check=True, capture_output=True).stdout
    assert json.loads(printed) == json.loads(orch("show", "R1@20", "--json", "-C", shop).out)["run"]


def test_nobody_is_asked_to_answer_a_question_of_the_past(orch: Orch, shop: Path):
    assert "orch decide" in orch("show", "D1", "-C", shop).out
    assert "orch decide" not in orch("show", "D1@64", "-C", shop).out
    assert "orch decide" not in orch("show", "R1@64", "-C", shop).out


def test_diff_shows_what_differs_and_names_what_does_not(orch: Orch, shop: Path):
    out = orch("diff", "R1@20", "R1", "-C", shop).out
    assert re.search(r"^tasks +2 of 6 done +4 of 10 done$", out, re.MULTILINE)
    assert re.search(r"^Read the exchange rates +– +T8 waiting human, 5 attempts$", out, re.MULTILINE)
    assert "the same: objective, began on, model, settings, gates" in out
    command = shlex.split(out.rstrip().rpartition("with git: ")[2])
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert '-  "tokens": 0' not in printed
    assert "T8.json" in printed


def test_two_runs_are_compared_task_by_task(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver, "First")
    start_run(driver, "Second [bold]")
    path = write(tmp_path / "two", driver)
    found = json.loads(orch("diff", "R1", "R2", "--json", "-C", path).out)
    assert found["facts"][0] == {"name": "objective", "before": "First", "after": "Second [bold]"}
    assert [(pair["before"], pair["after"]) for pair in found["tasks"]] == [("T1", "T2")]
    assert "Second [bold]" in orch("diff", "R1", "R2", "-C", path).out


def test_a_repository_without_runs_has_no_past(orch: Orch, tmp_path: Path):
    path = write_nothing(tmp_path / "empty")
    assert orch("log", "-C", path).out == "no run has written a state branch here\n"
    assert "no run has written a state branch" in orch("show", "R1@1", "-C", path).err


def write_nothing(path: Path) -> Path:
    from tests.adapters.cli.written import repository

    return repository(path)


def test_every_git_command_that_the_branch_teaches_works(shop: Path):
    taught = [line.strip() for line in README.decode().splitlines() if line.startswith("    git ")]
    assert len(taught) > 12
    for line in taught:
        if "fetch" in line:
            continue
        command = line.replace("R7", "R1").replace("R3", "R1").replace("T12", "T8").replace("<commit>", "orch-state")
        git(shop, *shlex.split(command.replace("1841", "20"))[1:])
