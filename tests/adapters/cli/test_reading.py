"""What the state branch says, read back as text and as JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from engine.core import commands as c
from engine.core.ids import TaskId
from tests.adapters.cli.conftest import Orch
from tests.adapters.cli.written import WritingDriver, repository, write
from tests.fakes.core_steps import begin, start_run

ELAPSED = re.compile(r"\d+:\d\d:\d\d")
"""How long a run that is not over has taken."""

STATUS = """\
1 question needs you
  D1 T8 (Read the exchange rates) failed 5 times, last because its checks were red. What now?
     answer with: orch decide D1 retry; `orch show D1` shows it

R1  running  4/10  2026-01-01 00:00  Make the failing tests pass, and round money half up everywhere

no engine runs; `orch resume` continues 1 run
"""

TASK = """\
T8  Read the exchange rates  waiting human  coder of R1
answer D1: its checks were red

What e is for.

1. the cents are right  (check: python -m pytest -q tests/test_money.py)
"""

LOGS = """\
T5 attempt 2 · coder

what it was told
  # Task T5
  Do it.

turn 1  00:00:05  1,234 tokens
  I look first.
  → read_file(path="money.py", start_line=1)
  │ 1: line
  │ 2: line
  │ 3: line
  │ 4: line
  │ 5: line
  │ 6: line
  │ … 18 more lines (--full shows them)
  │ 25: line
  │ 26: line
  │ 27: line
  │ 28: line
  │ 29: line
  │ 30: line

turn 2  00:00:09  15 tokens
  [red]done[/red] ]0;owned
  → finish(not json)

T5 attempt 2 · strategist

what it was told
  # Task T5
  Do it.
"""


def test_a_checkout_on_no_branch_can_be_read_all_the_same(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    path = write(tmp_path / "shop", driver)
    expected = [orch(verb, "-C", path).out for verb in ("status", "list", "verify")]
    subprocess.run(["git", "-C", path, "checkout", "-q", "--detach"], check=True)
    assert [orch(verb, "-C", path).out for verb in ("status", "list", "verify")] == expected
    assert "R1" in expected[0]


def test_status_begins_with_what_needs_a_person(orch: Orch, shop: Path):
    assert orch("status", "--repo", shop).out == STATUS


def test_a_command_may_be_given_below_the_root(orch: Orch, shop: Path):
    (shop / "deep" / "er").mkdir(parents=True, exist_ok=True)
    assert orch("status", "-C", shop / "deep" / "er").out == STATUS


def test_status_as_json_has_the_prompt_and_the_cards(orch: Orch, shop: Path):
    said = json.loads(orch("status", "-C", shop, "--json").out)
    assert [prompt["id"] for prompt in said["needs_you"]] == ["D1"]
    assert [(card["id"], card["done"]) for card in said["runs"]] == [("R1", 4)]
    assert said["engine"] is None


def test_a_repository_without_runs_says_how_to_begin(orch: Orch, tmp_path: Path):
    path = repository(tmp_path / "empty")
    assert orch("list", "-C", path).out == 'no run yet; `orch start "<objective>"` begins one\n'
    assert orch("status", "-C", path).out == "nothing needs you\n\nno engine runs\n"


def test_list_has_a_line_a_run_newest_first(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver, "First")
    start_run(driver, "Second")
    path = write(tmp_path / "two", driver)
    assert [line.split()[0] for line in orch("list", "-C", path).out.splitlines()] == ["R2", "R1"]


def test_show_without_a_name_is_the_latest_run(orch: Orch, shop: Path):
    out, named = (ELAPSED.sub("", orch("show", *name, "-C", shop).out) for name in ((), ("r1",)))
    assert out == named
    assert "? T8" in out
    assert "D1 · T8 Read the exchange rates" in out


def test_show_task_tells_why_each_attempt_failed(orch: Orch, shop: Path):
    out = orch("show", "T8", "-C", shop).out
    assert out.startswith(TASK)
    assert out.count("its checks were red: tests/test_money.py F.") == 5


def test_show_a_landed_task_tells_its_proof(orch: Orch, shop: Path):
    out = orch("show", "T4", "-C", shop).out
    assert "proven by check 1 (exit code 0, 3 passed), tests (exit code 0, 12 passed)" in out


def test_show_question_has_all_of_its_evidence(orch: Orch, shop: Path):
    out = orch("show", "D1", "-C", shop).out
    assert "│ E   assert round_money('2.675') == '2.68'" in out
    assert "answer with: orch decide D1 retry\n" in out


def test_show_as_json_is_what_the_branch_holds(orch: Orch, shop: Path):
    task = json.loads(orch("show", "T8", "-C", shop, "--json").out)["task"]
    assert (task["state"], len(task["attempts"])) == ("waiting_human", 5)


def test_logs_are_a_conversation_and_no_markup(orch: Orch, shop: Path):
    assert orch("logs", "T5", "-C", shop).out == LOGS


def test_full_logs_leave_nothing_out(orch: Orch, shop: Path):
    out = orch("logs", "T5", "-C", shop, "--full").out
    assert "You are the coder of orch." in out
    assert "  │ 15: line" in out


def test_logs_as_json_are_the_turns(orch: Orch, shop: Path):
    said = json.loads(orch("logs", "T5", "-C", shop, "--json").out)
    assert [(part["speaker"], len(part["turns"])) for part in said] == [("coder", 3), ("strategist", 1)]


def test_an_objective_is_never_read_as_markup(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver, "[bold red]Fix[/bold red] \x1b[2J :smile: [/]")
    path = write(tmp_path / "hostile", driver)
    for command in (("status",), ("list",), ("show",), ("show", "T1")):
        out = orch(*command, "-C", path).out
        assert "\x1b" not in out
        assert "[bold red]Fix[/bold red]" in out or command == ("show", "T1")


def test_logs_before_the_first_batch_say_so(orch: Orch, tmp_path: Path):
    driver = WritingDriver()
    start_run(driver)
    begin(driver, "T1")
    said = orch("logs", "T1", "-C", write(tmp_path / "young", driver))
    assert (said.code, said.err) == (
        2, "orch: attempt 1 of T1 has written no conversation yet; it is written in batches of 16 turns\n"
    )  # fmt: skip


def test_a_terminal_with_few_characters_gets_question_marks(shop: Path):
    program = f"from adapters.cli.main import main; main(['show', '-C', {str(shop)!r}])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert b"? T8" in done.stdout


def test_what_the_crew_learnt_and_settled_is_shown_with_the_run(tmp_path: Path, orch: Orch):
    driver = WritingDriver()
    start_run(driver)
    begin(driver, "T1")
    driver.do(c.PostInsight(TaskId("T1"), 1, "totals are cents", paths=("money.py",)), "director")
    driver.do(c.LogDesign(TaskId("T1"), 1, "names", "functions are verbs", "as before"), "director")
    folder = write(tmp_path / "target", driver)
    shown = orch("show", "R1", "-C", str(folder)).out
    assert "What was settled\n  L1 names: functions are verbs, because as before" in shown
    assert "What was learnt\n  I1 T1: totals are cents (money.py)" in shown
    facts = json.loads(orch("show", "R1", "--json", "-C", str(folder)).out)
    assert [note["id"] for note in (*facts["insights"], *facts["design_log"])] == ["I1", "L1"]
