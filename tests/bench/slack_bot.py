"""A bot on Slack beside many talking agents, as a process of its own: `python -m tests.bench.slack_bot FOLDER BASE TASKS AGENTS RATE`.

Prints a line when every agent talks, and goes on until its standard input ends. The agents do nothing but say something to the
journal, so many turns a second in all, on a real state branch; their run is told of in Slack's C1.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from adapters.slack.client import SlackConfig
from adapters.slack.connection import Slack
from bot.bot import Bot
from bot.desk import Desk, StartOrder
from bot.people import People, PeopleRules
from bot.port import Invocation, Place
from bot.threads import deed
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig
from engine.core.ids import RunId
from engine.dispatch import Dispatcher
from engine.ledger import Ledger
from engine.service import CannotStart
from engine.store.gitlog import GitLog
from tests.adapters.slack.platform import House
from tests.adapters.web.consoles import LedgerEngine
from tests.bench.console_server import TalkingCrew
from tests.bench.dispatch import new_repository
from tests.fakes.alarms import LoopScheduler
from tests.fakes.slack.web_api import APP_TOKEN, BOT_TOKEN

PLACE = Place("slack", "T1", "C1")
EVERYBODY = PeopleRules(operators=("slack:*",), places=("slack:*",))


async def speak(folder: Path, base: str, tasks: int, agents: int, rate: float) -> None:
    """Work and speak until standard input ends."""
    log, clock = GitLog.open(new_repository(folder)), SystemClock()
    ledger = Ledger(log, Blackboard(), clock, lambda text: text)
    crew = TalkingCrew(tasks, agents, agents / rate)
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(ledger.run())]
        parts.append(group.create_task(Dispatcher(ledger, crew, crew, crew, clock).run()))
        start = c.StartRun(
            "bench slack", "main", "b" * 40, RunConfig("openai/pilot", max_workers=agents, budget_usd=1e6), "cli:bench",
            dedupe=deed(PLACE, "bench"),
        )  # fmt: skip
        await ledger.submit(start, "cli:bench")
        async with _bot(ledger, log, clock, base):
            await _all_talk(ledger, agents)
            sys.stdout.write("every agent talks\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)
        for part in parts:
            part.cancel()


async def _all_talk(ledger: Ledger, agents: int) -> None:
    so = asyncio.Event()

    def look(_: object, board: Blackboard) -> None:
        if sum(task.state == "active" for task in board.tasks.values()) >= agents:
            so.set()

    stop = ledger.watch(look)
    look((), ledger.board)
    await so.wait()
    stop()


@asynccontextmanager
async def _bot(ledger: Ledger, log: GitLog, clock: SystemClock, base: str) -> AsyncIterator[None]:
    bots: list[Bot] = []

    async def deliver(invocation: Invocation) -> None:
        await bots[0].handle(invocation)

    async def launch(order: StartOrder) -> RunId:
        raise CannotStart(f"nothing is started here: {order.objective}")

    async with asyncio.TaskGroup() as deeds:
        house = House(deliver, deeds)
        config = SlackConfig(BOT_TOKEN, APP_TOKEN, "", f"{base}/api/")
        async with Slack(config, house).running() as slack:
            desk = Desk(
                LedgerEngine(ledger), launch, lambda: log, People(EVERYBODY), {"slack": slack.chat}, clock,
                lambda text: text,
            )  # fmt: skip
            bots.append(Bot(desk, LoopScheduler(clock)))
            await house.up.wait()
            async with bots[0].running():
                yield


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(speak(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
