"""Random people and random workers against the core: whatever they do, the laws hold, and everything comes to an end."""

from typing import get_args

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.core import commands as c
from engine.core.blackboard import fold
from engine.core.entities import (
    Choice,
    Decision,
    DecisionKind,
    Dependents,
    Escalation,
    FailureKind,
    GateProof,
    LadderStep,
    RunConfig,
    Spec,
    Spend,
    Task,
    Verdict,
)
from engine.core.events import decode, encode
from engine.core.ids import BindingId, DecisionId, PostId, RunId, TaskId
from engine.core.lifecycle import RUN_OVER
from engine.core.plan import PlannedTask
from tests.engine.core import laws
from tests.fakes.board_view import facts
from tests.fakes.core_driver import CoreDriver
from tests.fakes.core_steps import ALICE, BOB, GREEN, RED, domain, file, oid, planned, receipt, start_run

TASKS = st.integers(1, 14).map(lambda n: TaskId(f"T{n}"))
RUNS = st.integers(1, 2).map(lambda n: RunId(f"R{n}"))
DEPENDENTS = st.sampled_from([None, "cascade", "drop", "replan"])
CHOICES = st.sampled_from(msgspec.json.schema(Choice)["enum"])
FAILURES = st.sampled_from(msgspec.json.schema(FailureKind)["enum"])
LADDER = get_args(LadderStep)
ESCALATIONS = get_args(Escalation)
SHAPES = st.lists(st.lists(st.integers(0, 3), max_size=2), min_size=1, max_size=4)
MAX_TASKS = 40
ENDINGS: dict[DecisionKind, Choice] = {
    "task": "abandon", "checkout": "retry", "budget": "raise_budget", "run_red": "stop", "cancel": "keep",
    "plan": "approve", "acceptance": "approve", "apart": "keep", "review": "review_again",
}  # fmt: skip


class Crew(RuleBasedStateMachine):
    """One or two runs with small plans, worked on by anybody in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = CoreDriver()
        self.over: dict[TaskId, str] = {}
        self.plans = 0

    @initialize(max_retries=st.integers(0, 2), plan_first=st.booleans())
    def begin(self, max_retries: int, plan_first: bool) -> None:
        config = RunConfig(model="m", max_retries=max_retries, budget_usd=1.0, plan_first=plan_first, joins_plans=True,
            acceptance=plan_first, ladder=LADDER, stronger_model="big" if plan_first else "",
        )  # fmt: skip
        start_run(self.driver, config=config)

    @rule()
    def begin_another(self) -> None:
        if len(self.driver.board.runs) < 2:
            start_run(self.driver, "Another objective", config=RunConfig(model="m", max_retries=1))

    def _plan(self, shape: list[list[int]]) -> tuple[PlannedTask, ...]:
        self.plans += 1
        names = [f"p{self.plans}n{i}" for i in range(len(shape))]
        tasks = [planned(name, *{names[j] for j in shape[i] if j < i}) for i, name in enumerate(names)]
        if len(tasks) > 1:  # the first shows tests red for the second
            first, second = tasks[0], tasks[1]
            tasks[0] = msgspec.structs.replace(first, role="test_architect")
            tasks[1] = msgspec.structs.replace(second, depends_on=tuple({*second.depends_on, names[0]}))
        return tuple(tasks)

    def _advance(self, task: Task, shape: list[list[int]]) -> c.Command | None:  # noqa: C901, PLR0911 - a table, one row a state
        """The report that brings the task one step on."""
        number = len(task.attempts)
        match task.state:
            case "ready":
                return c.StartAttempt(task.id, oid("base"))
            case "active" if task.role == "director":
                self.plans += 1
                domains = tuple(domain(f"{self.plans} {i}") for i in range(len(shape)))
                return c.AcceptSpec(task.id, number, Spec("s"), domains, result="{}")
            case "active" if task.role == "integrator":
                return c.AcceptIntegration(task.id, number, result="{}")
            case "active" if task.role == "planner":
                return c.AcceptPlan(task.id, number, self._plan(shape), result="{}")
            case "active" if task.role == "strategist":
                return c.AcceptVerdict(task.id, number, Verdict(passed=len(shape) > 1, feedback="so so"))
            case "active" if task.role == "researcher":
                return c.AcceptFindings(task.id, number, "found", "found (sure)")
            case "active":
                return c.SubmitWork(task.id, number, oid(f"{task.id}/a{number}"), "done")
            case "awaiting_qa":
                return c.ApproveWork(task.id, number, None)
            case "approved" if task.receipt is None:
                return c.PrepareLanding(task.id, number, receipt(self.driver, task.id))
            case "approved":
                return c.RecordLanding(task.id, number, receipt(self.driver, task.id))
            case _:
                return None

    # Three times, so that work gets somewhere in spite of everybody else.
    @rule(name=TASKS, shape=SHAPES)
    def work(self, name: TaskId, shape: list[list[int]]) -> None:
        for _ in range(3):
            task = self.driver.board.tasks.get(name)
            command = self._advance(task, shape) if task and len(self.driver.board.tasks) < MAX_TASKS else None
            if command is not None:
                self.driver.do(command, "coder")

    @rule(name=TASKS, failure=FAILURES, is_final=st.booleans(), attempt=st.integers(0, 1))
    def fail(self, name: TaskId, failure: FailureKind, is_final: bool, attempt: int) -> None:
        task = self.driver.board.tasks.get(name)
        number = len(task.attempts) - attempt if task else 1
        self.driver.do(c.FailAttempt(name, number, failure, "1 failed", is_final=is_final))

    @rule(name=TASKS, kind=st.integers(0, 4), is_final=st.booleans())
    def report(self, name: TaskId, kind: int, is_final: bool) -> None:
        task = self.driver.board.tasks.get(name)
        number = len(task.attempts) if task else 1
        orders: list[c.Command] = [
            c.DeferReview(name, number, "quota", "429", is_final=is_final),
            c.AskAboutCheckout(name, number, "money.py"),
            c.LogTurns(name, number, file("log"), 1, Spend(tokens=5, cost_usd=0.1)),
            c.ApproveWork(name, number, None),
            c.TakeReceiptBack(name, number),
        ]
        self.driver.do(orders[kind])

    @rule(name=TASKS, kind=st.integers(0, 7), shape=SHAPES, text=st.sampled_from(["a trap", "another trap"]))
    def help_out(self, name: TaskId, kind: int, shape: list[list[int]], text: str) -> None:
        task = self.driver.board.tasks.get(name)
        number = len(task.attempts) if task else 1
        asked: Escalation = ESCALATIONS[kind % len(ESCALATIONS)]
        wrong = Verdict(passed=False, feedback=text, wrong_tests=("tests/test_money.py: wrong",), fault="tests")
        orders: list[c.Command] = [
            c.FailAttempt(name, number, "tests_red", text, verdict=wrong),
            c.PostInsight(name, number, text, paths=("money.py",)),
            c.LogDesign(name, number, "money", text),
        ]
        if len(self.driver.board.tasks) < MAX_TASKS:
            orders.append(c.SuspendWork(name, number, self._plan(shape), "half way"))
            orders.append(c.FailAttempt(name, number, "escalated", text, escalation=asked))
        self.driver.do(orders[kind % len(orders)])

    @rule(name=TASKS, other=TASKS, kind=st.integers(0, 3), then=DEPENDENTS)
    def meddle(self, name: TaskId, other: TaskId, kind: int, then: Dependents | None) -> None:
        orders: list[c.Command] = [
            c.InterruptTask(name),
            c.AbandonTask(name, dependents=then),
            c.ChangeDependencies(name, add=(other,)),
            c.ChangeDependencies(name, remove=(other,)),
        ]
        self.driver.do(orders[kind], ALICE)

    @rule(run=RUNS, kind=st.integers(0, 8), gate=st.sampled_from([GREEN, RED]))
    def steer(self, run: RunId, kind: int, gate: GateProof) -> None:
        finish = c.FinishRun(run, oid("tip"), (gate,), "red" if gate.exit_code else "")
        resume = c.ResumeRun(run)
        orders: list[c.Command] = [finish, finish, finish, resume, resume, resume]
        orders += [c.PauseRun(run), c.AskAboutBudget(run, "1 of 1 USD", with_thrift=True), c.CancelRun(run)]
        self.driver.do(orders[kind], ALICE)

    @rule(run=RUNS, name=TASKS, kind=st.integers(0, 3), tokens=st.integers(0, 30))
    def pay(self, run: RunId, name: TaskId, kind: int, tokens: int) -> None:
        task = self.driver.board.tasks.get(name)
        number = len(task.attempts) if task else 1
        orders: list[c.Command] = [
            c.ParkRun(run, "2026-01-01T09:00:00Z", "429"),
            c.UnparkRun(run),
            c.GrantSpend(name, number, tokens, tokens / 50),
            c.SettleSpend(name, number, Spend(tokens=1)),
        ]
        self.driver.do(orders[kind])

    @rule(run=RUNS, name=TASKS, kind=st.integers(0, 5), text=st.sampled_from(["", "another way"]))
    def correct(self, run: RunId, name: TaskId, kind: int, text: str) -> None:
        self.plans += 1
        criteria = planned("x").criteria
        orders: list[c.Command] = [
            c.RetryTask(name, ALICE, "now", text),
            c.RestartRun(run, ALICE, "now"),
            c.ReplanRun(run, text),
            c.AddTask(run, f"more {self.plans}", criteria=criteria, depends_on=(name,)),
            c.RaiseBudget(run, budget_usd=float(self.driver.board.seq)),
            c.CancelRun(run, needs_second=True, by=ALICE, at="now"),
        ]
        if len(self.driver.board.tasks) < MAX_TASKS:
            self.driver.do(orders[kind], ALICE)

    @rule(run=RUNS, number=st.integers(1, 3), kind=st.integers(0, 6), key=st.sampled_from(["decision D1", "summary"]))
    def talk(self, run: RunId, number: int, kind: int, key: str) -> None:
        binding, post = BindingId(f"B{number}"), PostId(f"P{number}")
        orders: list[c.Command] = [
            c.BindChat(run, "slack", "T1", f"C{number}"),
            c.UnbindChat(binding, "the channel is gone"),
            c.OpenThread(binding, "1719.0001"),
            c.IntendPost(binding, "decision", key),
            c.SettlePost(post, message="1719.0002"),
            c.SettlePost(post, dead="the thread is gone"),
            c.RemindDecision(DecisionId(f"D{number}")),
        ]
        self.driver.do(orders[kind])

    @rule(data=st.data(), choice=CHOICES, then=DEPENDENTS, text=st.sampled_from(["", "another way"]))
    def answer(self, data: st.DataObject, choice: Choice, then: Dependents | None, text: str) -> None:
        name = data.draw(st.sampled_from(list(self.driver.board.decisions) or [DecisionId("D1")]))
        asked = self.driver.board.decisions.get(name)
        # Most people press one of the buttons that are there.
        offered = asked.options if asked is not None and data.draw(st.integers(0, 3)) else (choice,)
        order = self._answer(name, data.draw(st.sampled_from(offered)), then, text)
        if data.draw(st.booleans()):
            order = msgspec.structs.replace(order, needs_second=True, by=data.draw(st.sampled_from([ALICE, BOB])))
        self.driver.do(order, ALICE)

    def _answer(self, name: DecisionId, choice: Choice, then: Dependents | None, text: str) -> c.AnswerDecision:
        raised = float(self.driver.board.seq)
        return c.AnswerDecision(name, choice, ALICE, "now", text, dependents=then, budget_usd=raised)

    @invariant()
    def the_laws_hold(self) -> None:
        laws.check(self.driver.board)

    @invariant()
    def what_is_over_never_changes(self) -> None:
        for name, state in self.over.items():
            assert self.driver.board.tasks[name].state == state
        over = [*self.driver.board.in_state["complete"], *self.driver.board.in_state["abandoned"]]
        self.over.update({name: self.driver.board.tasks[name].state for name in over})

    def teardown(self) -> None:
        self._everything_comes_to_an_end()
        laws.check(self.driver.board)
        self._the_log_says_it_all()

    def _everything_comes_to_an_end(self) -> None:
        board = self.driver.board
        for _ in range(60):
            for run in [run for run in board.runs.values() if run.paused and run.state not in RUN_OVER]:
                self.driver.must(c.ResumeRun(run.id))
            self._wake_up()
            while board.open_decisions:  # one at a time: an answer may end the run, and with it other questions
                self.driver.must(self._settled(next(iter(board.open_decisions.values()))), ALICE)
            for task in list(board.tasks.values()):
                if (command := self._advance(task, [[]])) is not None:
                    self.driver.do(command)
            for name in board.runs:
                self.driver.do(c.FinishRun(name, oid("tip"), (GREEN,)))
            if all(run.state in RUN_OVER for run in board.runs.values()):
                break
        assert all(run.state in RUN_OVER for run in board.runs.values())

    def _wake_up(self) -> None:
        for run in [run for run in self.driver.board.runs.values() if run.parked_until and run.state not in RUN_OVER]:
            self.driver.must(c.UnparkRun(run.id))

    def _settled(self, decision: Decision) -> c.AnswerDecision:
        return self._answer(decision.id, ENDINGS[decision.kind], "drop", "")

    def _the_log_says_it_all(self) -> None:
        records = [
            msgspec.structs.replace(record, event=decode(encode(record.event))) for record in self.driver.records
        ]
        half = len(records) // 2
        assert facts(fold(records[half:], fold(records[:half]))) == facts(self.driver.board)
        assert all(line and "\n" not in line for line in self.driver.subjects)


TestCrew = Crew.TestCase
TestCrew.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
