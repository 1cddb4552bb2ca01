"""Boards for the page to show: a run in the middle of its life, one of a thousand tasks, none. Served by the real console.

States that a real run seldom reaches are told by the core's own commands, so that no test shows what could never be.
"""

from collections.abc import Mapping

import msgspec

from engine.agent.outcome import Turn
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core import events as e
from engine.core.entities import RunConfig, Spend
from engine.core.plan import PlannedTask
from engine.ledger import carry_out
from engine.model.types import Message, ToolCall, Usage
from engine.store.layout import attempt_folder, file_ref
from engine.store.memory import MemoryLog
from tests.adapters.cli.written import WritingDriver
from tests.bot.story import over
from tests.fakes.core_steps import begin, direct, fail, finish, land, oid, plan, planned, start_run

SECONDS_APART = 9
OBJECTIVE = "Make the failing tests pass, and round money half up everywhere, with a test for each rule"
HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe & <script>window.owned = 1</script>"
DIFF = """\
diff --git a/shop/money.py b/shop/money.py
index 3c1f0aa..9d02b1e 100644
--- a/shop/money.py
+++ b/shop/money.py
@@ -1,9 +1,12 @@
 \"\"\"Money as decimal numbers.\"\"\"
-from decimal import Decimal
+from decimal import ROUND_HALF_UP, Decimal
+
+CENT = Decimal("0.01")


 def round_money(amount: str) -> Decimal:
     \"\"\"The amount with two digits.\"\"\"
-    return round(Decimal(amount), 2)
+    return Decimal(amount).quantize(CENT, ROUND_HALF_UP)
diff --git a/tests/test_money.py b/tests/test_money.py
index 77ad0b1..c0ffee1 100644
--- a/tests/test_money.py
+++ b/tests/test_money.py
@@ -3,3 +3,7 @@
 def test_cents() -> None:
     assert round_money("1.004") == Decimal("1.00")
+
+
+def test_half_goes_up() -> None:
+    assert round_money("2.675") == Decimal("2.68")
"""
RED = "tests/test_rates.py::test_unknown_currency F\n\n>   rates.read('XXX')\nE   KeyError: 'XXX'\nE   expected UnknownCurrency\n\n1 failed, 23 passed in 0.84s"


def about(description: str, task: PlannedTask) -> PlannedTask:
    """The task with a description of its own."""
    return msgspec.structs.replace(task, description=description)


PLAN_MONEY = [
    about(
        "Amounts come as 1,234.50; anything else is refused by name.",
        planned("parse", title="Parse amounts with a thousands separator"),
    ),
    about(
        "Half a cent goes up, also where the banker's rule is used today.", planned("half", title="Round money half up")
    ),
    planned("bad", "parse", role="tester", title="Test amounts that can't be parsed"),
]
PLAN_REPORTS = [
    planned("total", title="Print totals in the report"),
    planned("rates", title="Read the exchange rates"),
    planned("convert", "rates", title="Convert each line of the report"),
    planned("second", "total", "convert", title="Print the report in the second currency"),
    planned("docs", "second", title="Describe the second currency in the handbook"),
]


class StageDriver(WritingDriver):
    """Writes a story that happened a short while ago."""

    def __init__(self, minutes_ago: int = 25) -> None:
        super().__init__()
        self._began_ms = SystemClock().now_ms() - minutes_ago * 60_000

    def do(
        self, command: c.Command, actor: str = "engine", files: Mapping[str, bytes] | None = None
    ) -> list[e.Record] | c.Refused:
        at_ms = self._began_ms + 1000 * SECONDS_APART * len(self.entries)
        told = carry_out(self.board, command, actor, files or {}, at_ms, self.entries)
        return told if isinstance(told, c.Refused) else list(told)

    def hand_in(self, name: str, summary: str) -> None:
        """Submit the current attempt's work with a diff."""
        task = self.task(name)
        assert task.attempt is not None
        path = f"{attempt_folder(task.run, task.id, task.attempt.number)}/diff.patch"
        order = c.SubmitWork(task.id, task.attempt.number, oid(name), summary, (file_ref(path, DIFF.encode()),))
        assert not isinstance(self.do(order, task.role, {path: DIFF.encode()}), c.Refused)

    def spend(self, name: str, tokens: int, cost_usd: float) -> None:
        """What the current attempt paid so far, beside its conversation."""
        task = self.task(name)
        assert task.attempt is not None
        path = f"{attempt_folder(task.run, task.id, task.attempt.number)}/9000.jsonl"
        order = c.LogTurns(task.id, task.attempt.number, file_ref(path, b""), 6, Spend(tokens, cost_usd))
        assert not isinstance(self.do(order, task.role, {path: b""}), c.Refused)

    def log(self) -> MemoryLog:
        """The state branch that tells the story."""
        log = MemoryLog()
        if self.entries:
            log.append(self.entries)
        return log


def talk(at_ms: int) -> tuple[Turn, ...]:
    """A coder's conversation, with foreign text that must stay text."""
    return (
        Turn(0, at_ms, (Message("system", "You are the coder of orch."), Message("user", "# Task T9: Round money half up\nHalf a cent goes up."))),
        Turn(1, at_ms + 4_000, (
            Message("assistant", "The rounding is the banker's rule; I look at the tests first.", (ToolCall("c1", "read_file", '{"path": "tests/test_money.py", "start_line": 1}'),)),
            Message("tool", '1: from decimal import Decimal\n2: \n3: def test_cents() -> None:\n4:     assert round_money("1.004") == Decimal("1.00")', tool_call_id="c1"),
        ), Usage(2_140, 96)),
        Turn(2, at_ms + 9_000, (
            Message("assistant", "", (ToolCall("c2", "str_replace", msgspec.json.encode({"path": "shop/money.py", "old": "round(Decimal(amount), 2)", "new": "Decimal(amount).quantize(CENT, ROUND_HALF_UP)"}).decode()),)),
            Message("tool", "shop/money.py: replaced 1 place", tool_call_id="c2"),
        ), Usage(2_510, 120)),
        Turn(3, at_ms + 15_000, (
            Message("assistant", HOSTILE, (ToolCall("c3", "run_tests", "not json"),)),
            Message("tool", "exit code: 0\n12 passed in 0.31s", tool_call_id="c3"),
        ), Usage(2_900, 40)),
    )  # fmt: skip


def middle() -> StageDriver:
    """R1 is over; R2 has landed T8, reviews T9, tries T11 again, and asks about T12 (D2)."""
    driver = StageDriver()
    over(driver)
    start_run(driver, OBJECTIVE, RunConfig(model="openai/pilot", budget_usd=5.0))
    direct(driver, "money", "reports", task="T5")
    plan(driver, "T6", PLAN_MONEY)
    plan(driver, "T7", PLAN_REPORTS)
    land(driver, "T8", "reads 1,234.50 and refuses 12,34")
    begin(driver, "T9")
    driver.converse("T9", *talk(SystemClock().now_ms() - 90_000))
    driver.spend("T9", 48_200, 0.31)
    driver.hand_in("T9", "rounds half up, in one place")
    begin(driver, "T11")
    driver.spend("T11", 21_400, 0.12)
    fail(driver, "T11", "merged_red", "tests/test_report.py::test_total is red on the merged tree")
    begin(driver, "T11")
    while driver.task("T12").state == "ready":
        begin(driver, "T12")
        driver.spend("T12", 30_000, 0.17)
        fail(driver, "T12", "tests_red", RED)
    return driver


def at_pace() -> StageDriver:
    """R1 has landed three of its eight tasks, and so can say how long the others take."""
    driver = StageDriver()
    start_run(driver, OBJECTIVE)
    direct(driver, "money")
    plan(driver, "T2", [planned(f"part{number}", title=f"Round part {number}") for number in range(8)])
    for name in ("T3", "T4", "T5"):
        land(driver, name)
    return driver


def completed(times: int = 3) -> StageDriver:
    """So many runs are over, each a little dearer than the one before, and none is under way."""
    driver = StageDriver()
    for number in range(times):
        run = start_run(driver, OBJECTIVE, RunConfig(model="openai/pilot"))
        director, planner, task = (f"T{3 * number + at}" for at in (1, 2, 3))
        direct(driver, "money", task=director)
        plan(driver, planner, [planned("half", title="Round money half up")])
        begin(driver, task)
        driver.spend(task, 10_000 * (number + 1), 0.1 * (number + 1))
        fail(driver, task)
        land(driver, task)
        finish(driver, run=run)
    return driver


def large(parts: int = 4, chapters: int = 5, sections: int = 50) -> StageDriver:
    """A run of parts x chapters x sections tasks, in four chains a chapter; some of them are at work."""
    driver = StageDriver()
    start_run(driver, "Translate the handbook, chapter by chapter")
    direct(driver, *(f"part {part}" for part in range(parts)))
    for part in range(parts):
        plan(
            driver,
            f"T{part + 2}",
            [planned(f"c{part}.{at}", role="planner", title=f"Plan chapter {part}.{at}") for at in range(chapters)],
        )
    for planner in [task for task in driver.board.in_state["ready"] if driver.task(task).role == "planner"]:
        plan(driver, planner, [section(planner, at) for at in range(sections)])
    for task in list(driver.board.in_state["ready"])[:12]:
        begin(driver, task)
    return driver


def section(chapter: str, at: int) -> PlannedTask:
    """A section's task, after the fourth section before it."""
    return planned(f"s{at}", *([f"s{at - 4}"] if at >= 4 else []), title=f"Translate section {at + 1} of {chapter}")
