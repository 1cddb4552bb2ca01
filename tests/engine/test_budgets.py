"""Budgets: whatever attempts do side by side, what is paid stays under the caps, and the state branch tells of grants, not of calls."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.agent.outcome import Limits
from engine.budgets import ModelFacts, RunBudgets
from engine.core import commands as c
from engine.core import events as e
from engine.core.blackboard import Blackboard
from engine.core.entities import FileRef, Run, RunConfig, Spec, Spend
from engine.core.ids import RunId, TaskId
from engine.ledger import Ledger
from engine.model.budget import BudgetReached, Price, PriceUnknown, TaskBudgetReached
from engine.model.types import Message, ModelError, Reply, Request, Usage, Window
from engine.recovery import load_board
from engine.store.memory import MemoryLog
from engine.treasury import LedgerTreasury, settle_lost_grants
from engine.work import Job
from tests.fakes.core_steps import ALICE, domain, planned
from tests.fakes.jumping import LoopClock, passes, run

R1 = RunId("R1")
PRICES = {"m": Price(0.001, 0.002), "cheap": Price(0.0001, 0.0002)}
WORKERS = 16


async def price_of(model: str) -> Price | None:
    return PRICES.get(model)


class Provider:
    """Charges what it likes, up to the worst case, and knows what it charged; `paid` never lies."""

    def __init__(self, seed: int = 0, fails: float = 0.0) -> None:
        self._dice = random.Random(seed)
        self._fails = fails
        self.paid = Spend()
        self.asked: list[str] = []
        self.began = asyncio.Event()

    async def complete(self, request: Request) -> Reply:
        self.asked.append(request.model)
        self.began.set()
        await passes(self._dice.uniform(0, 5))
        if self._dice.random() < self._fails:
            raise ModelError("down", "bad_request")
        usage = Usage(self._dice.randint(1, 8), self._dice.randint(1, request.max_output_tokens))
        price = PRICES.get(request.model)
        cost_usd = None if price is None else price.of(usage.prompt_tokens, usage.completion_tokens)
        self.paid += Spend(tokens=usage.total_tokens, cost_usd=cost_usd or 0.0)
        return Reply("ok", (), usage, cost_usd, "stop", request.model)


class Stage:
    """A ledger that runs, a run with as many attempts under way as one likes, and what pays for them."""

    def __init__(self, ledger: Ledger, log: MemoryLog, provider: Provider) -> None:
        self.ledger = ledger
        self.log = log
        self.provider = provider
        self.budgets = RunBudgets(provider, ModelFacts(price_of, choices=("m", "cheap")), LedgerTreasury(ledger))

    @property
    def run(self) -> Run:
        return self.ledger.board.runs[R1]

    async def must(self, command: c.Command) -> None:
        answer = await self.ledger.submit(command, ALICE)
        assert not isinstance(answer, c.Refused), answer.reason

    async def begin(self, config: RunConfig, attempts: int) -> list[Job]:
        """The jobs of so many coders, all at work."""
        base = "b" * 40
        await self.must(c.StartRun("make it so", "main", base, config, ALICE))
        await self.must(c.StartAttempt(TaskId("T1"), base))
        await self.must(c.AcceptSpec(TaskId("T1"), 1, Spec("s"), (domain("d"),), result="{}"))
        await self.must(c.StartAttempt(TaskId("T2"), base))
        tasks = tuple(planned(f"p{number}") for number in range(attempts))
        await self.must(c.AcceptPlan(TaskId("T2"), 1, tasks, result="{}"))
        for number in range(attempts):
            await self.must(c.StartAttempt(TaskId(f"T{3 + number}"), base))
        return [self.job(f"T{3 + number}") for number in range(attempts)]

    def job(self, name: str) -> Job:
        task = self.ledger.board.tasks[TaskId(name)]
        return Job(self.run, task, len(task.attempts), "b" * 40)

    async def work(self, job: Job, calls: int, logs_every: int = 3, pause_s: float = 0.0) -> int:
        """Make the calls, write them down now and then; how many there were before the money was gone."""
        made, unlogged = 0, Spend()
        async with self.budgets.purse(job) as model:
            try:
                while made < calls:
                    reply = await model.complete(asks())
                    made += 1
                    unlogged += Spend(tokens=reply.usage.total_tokens, cost_usd=reply.cost_usd or 0.0)
                    if made % logs_every == 0:
                        unlogged = await self.write_down(job, unlogged)
                    await passes(pause_s)
            except (BudgetReached, ModelError):
                pass
            finally:
                await self.write_down(job, unlogged)
        return made

    async def write_down(self, job: Job, spend: Spend) -> Spend:
        file = FileRef(f"runs/R1/logs/{job.task.id}/1.jsonl", "c" * 40, 1)
        await self.must(c.LogTurns(job.task.id, job.attempt, file, 1, spend))
        return Spend()

    def told(self, kind: type) -> list[e.AnyEvent]:
        events = [e.decode(entry.event) for entry in self.log.entries()]
        return [event for event in events if isinstance(event, kind)]


def asks(max_output_tokens: int = 40, model: str = "m") -> Request:
    return Request(model, (Message("user", "hello"),), max_output_tokens=max_output_tokens)


@asynccontextmanager
async def staged(provider: Provider | None = None) -> AsyncIterator[Stage]:
    log = MemoryLog()
    ledger = Ledger(log, Blackboard(), LoopClock(), str)
    async with asyncio.TaskGroup() as group:
        writer = group.create_task(ledger.run())
        yield Stage(ledger, log, provider or Provider())
        writer.cancel()


def told(story: Callable[[Stage], Awaitable[None]], provider: Provider | None = None) -> None:
    async def tell() -> None:
        async with staged(provider) as stage:
            await story(stage)

    run(tell())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cap_usd=st.none() | st.floats(0.05, 3.0),
    cap_tokens=st.none() | st.integers(50, 4_000),
    task_usd=st.none() | st.floats(0.05, 0.5),
    fails=st.sampled_from([0.0, 0.2]),
)
def test_sixteen_at_work_never_spend_more_than_the_cap(
    seed: int, cap_usd: float | None, cap_tokens: int | None, task_usd: float | None, fails: float
):
    config = RunConfig("m", WORKERS, 4, cap_usd, cap_tokens, task_budget_usd=task_usd)
    provider = Provider(seed, fails)

    async def story(stage: Stage) -> None:
        jobs = await stage.begin(config, WORKERS)
        dice = random.Random(seed)
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                _ = group.create_task(stage.work(job, dice.randint(1, 12), dice.randint(1, 5), dice.uniform(0, 9)))
        spent = stage.run.spend
        assert cap_usd is None or provider.paid.cost_usd <= cap_usd + 1e-9
        assert cap_tokens is None or provider.paid.tokens <= cap_tokens
        assert spent.tokens >= provider.paid.tokens
        assert spent.cost_usd == pytest.approx(provider.paid.cost_usd, abs=1e-4)
        assert stage.run.grants == ()
        for job in jobs:
            (attempt,) = stage.ledger.board.tasks[job.task.id].attempts
            assert task_usd is None or attempt.spend.cost_usd <= task_usd + 1e-9

    told(story, provider)


def test_nearly_all_of_the_cap_can_be_spent_by_many_and_all_but_a_call_by_one():
    async def many(stage: Stage) -> None:
        jobs = await stage.begin(RunConfig("m", WORKERS, budget_usd=3.0), WORKERS)
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                _ = group.create_task(stage.work(job, 1_000))
        assert stage.provider.paid.cost_usd > 2.8

    async def one(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m", budget_tokens=1_000), 1)
        await stage.work(job, 1_000)
        assert stage.provider.paid.tokens > 900

    told(many)
    told(one)


def test_the_log_tells_of_few_grants_and_one_settlement_an_attempt():
    async def story(stage: Stage) -> None:
        jobs = await stage.begin(RunConfig("m", 4, budget_usd=500.0), 4)
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                _ = group.create_task(stage.work(job, 60))
        assert len(stage.provider.asked) == 240
        assert len(stage.told(e.SpendGranted)) <= 60
        assert len(stage.told(e.SpendSettled)) == 4

    told(story)


def test_a_run_without_caps_writes_nothing_of_money_down():
    async def story(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m"), 1)
        assert await stage.work(job, 20) == 20
        assert stage.told(e.SpendGranted) == stage.told(e.SpendSettled) == []

    told(story)


def test_a_raise_holds_at_once_for_an_attempt_that_is_under_way():
    async def story(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m", budget_tokens=10), 1)
        async with stage.budgets.purse(job) as model:
            with pytest.raises(BudgetReached):
                await model.complete(asks())
            await stage.must(c.RaiseBudget(R1, budget_tokens=10_000))
            await model.complete(asks())

    told(story)


def test_a_first_cap_holds_at_once_too():
    async def story(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m"), 1)
        async with stage.budgets.purse(job) as model:
            await model.complete(asks())
            await stage.must(c.RaiseBudget(R1, budget_tokens=20))
            with pytest.raises(BudgetReached, match="20 tokens is reached"):
                await model.complete(asks())

    told(story)


def test_what_one_gives_back_another_can_spend():
    async def story(stage: Stage) -> None:
        first, second = await stage.begin(RunConfig("m", 1, budget_tokens=150), 2)
        async with stage.budgets.purse(first) as model:
            await model.complete(asks())
            before = stage.run.grants[0].tokens
            async with stage.budgets.purse(second) as other:
                await other.complete(asks(60))
            assert stage.run.grants[0].tokens < before

    told(story)


def test_an_attempt_waits_for_what_a_call_of_another_may_give_back():
    async def story(stage: Stage) -> None:
        first, second = await stage.begin(RunConfig("m", 2, budget_tokens=150), 2)
        mine, others = stage.budgets.purse(first), stage.budgets.purse(second)
        async with mine as model, others as other, asyncio.TaskGroup() as group:
            call = group.create_task(model.complete(asks()))
            await stage.provider.began.wait()
            await other.complete(asks())
            assert call.done()

    told(story)


def test_a_task_has_a_cap_of_its_own_and_a_persons_retry_gives_it_a_new_one():
    async def story(stage: Stage) -> None:
        first, second = await stage.begin(RunConfig("m", 2, task_budget_tokens=150), 2)
        made = await stage.work(first, 50)
        assert 0 < made < 50
        async with stage.budgets.purse(first) as model:
            with pytest.raises(TaskBudgetReached, match="what T3 may spend of 150 tokens is reached"):
                await model.complete(asks())
        assert await stage.work(second, 1) == 1
        await stage.must(c.FailAttempt(first.task.id, 1, "budget", "reached", is_final=True))
        (question,) = stage.ledger.board.open_decisions.values()
        assert "T3" in question.question
        await stage.must(c.AnswerDecision(question.id, "retry", ALICE, "now"))
        await stage.must(c.StartAttempt(first.task.id, "b" * 40))
        assert await stage.work(stage.job("T3"), 1) == 1

    told(story)


def test_an_unknown_price_needs_a_cap_in_tokens():
    async def story(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m", budget_usd=5.0), 1)
        async with stage.budgets.purse(job) as model:
            with pytest.raises(PriceUnknown):
                await model.complete(asks(model="nobody-knows"))

    told(story)


def test_a_call_that_was_cut_off_counts_at_its_worst_and_is_told_at_the_settlement():
    async def story(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m", budget_usd=5.0), 1)
        async with stage.budgets.purse(job) as model, asyncio.TaskGroup() as group:
            call = group.create_task(model.complete(asks()))
            await stage.provider.began.wait()
            call.cancel()
        (settled,) = stage.told(e.SpendSettled)
        assert isinstance(settled, e.SpendSettled)
        assert settled.unlogged.tokens == 5 + 2 * 16 + 40
        assert stage.run.spend == settled.unlogged

    told(story)


def test_after_a_crash_what_was_granted_counts_as_spent():
    async def story(stage: Stage) -> None:
        (job,) = await stage.begin(RunConfig("m", budget_usd=5.0), 1)
        await stage.must(c.GrantSpend(job.task.id, 1, 1_000, 0.5))
        await stage.write_down(job, Spend(tokens=100, cost_usd=0.1))
        assert load_board(stage.log).runs[R1].grants == stage.run.grants
        await settle_lost_grants(stage.ledger)
        assert stage.run.grants == ()
        assert stage.run.spend == Spend(tokens=1_000, cost_usd=0.5)

    told(story)


def test_finishing_cheaply_turns_to_the_cheapest_model_that_is_known():
    async def story(stage: Stage) -> None:
        first, second = await stage.begin(RunConfig("m", 2, budget_usd=0.2), 2)
        await stage.work(first, 1_000)
        await stage.must(c.AskAboutBudget(R1, "reached", with_thrift=True))
        (question,) = stage.ledger.board.open_decisions.values()
        assert question.options == ("raise_budget", "finish_cheaply", "stop")
        await stage.must(c.AnswerDecision(question.id, "finish_cheaply", ALICE, "now"))
        assert stage.run.config.budget_usd == 0.25
        before, dear = stage.provider.paid.cost_usd, len(stage.provider.asked)
        assert await stage.work(second, 20) == 20
        assert set(stage.provider.asked[dear:]) == {"cheap"}
        a_dear_call = before / dear
        assert (stage.provider.paid.cost_usd - before) / 20 < a_dear_call / 5

    told(story)


def test_an_agents_limits_fit_into_the_windows_of_its_model_and_of_those_behind_it():
    async def window_of(name: str) -> Window:
        return {"m": Window(400_000, 8_000), "small": Window(16_000, 1_000), "local": Window(8_000)}.get(name, Window())

    async def story(stage: Stage) -> None:
        facts = ModelFacts(price_of, fallbacks={"m": ("small",)}, window_of=window_of)
        budgets = RunBudgets(stage.provider, facts, LedgerTreasury(stage.ledger))
        found = [await budgets.limits_of(name, Limits()) for name in ("m", "small", "local", "unknown")]
        assert [(each.context_tokens, each.max_output_tokens) for each in found] == [
            (16_000, 1_000), (16_000, 1_000), (8_000, 2_000), (128_000, 8_192),
        ]  # fmt: skip

    told(story)
