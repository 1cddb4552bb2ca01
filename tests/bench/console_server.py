"""A console with many talking agents, as a process of its own: `python -m tests.bench.console_server FOLDER TASKS AGENTS RATE`.

Prints one line of JSON, its port, and serves until its standard input ends. The agents do nothing but say something to the
journal, so many turns a second in all, on a real state branch.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from adapters.web.access import Access
from adapters.web.app import build_app
from adapters.web.desk import About, Desk, models_in_force
from adapters.web.history import History
from adapters.web.rates import Kind
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.entities import RunConfig, Spend
from engine.dispatch import Dispatcher
from engine.ledger import Ledger
from engine.model.streamed import Stream
from engine.store.gitlog import GitLog
from engine.work import Job, Journal, LogBatch, WorkOutcome
from tests.adapters.web.consoles import TOKEN, LedgerEngine, prepare
from tests.bench.dispatch import LayeredCrew, new_repository

TURN = (
    b'{"number":1,"at_ms":0,"messages":[{"role":"assistant","content":"' + b"I look at the next file. " * 20 + b'"}]}\n'
)
PLENTY: Mapping[Kind, int] = {"create": 10**6, "write": 10**6, "read": 10**6, "refusal": 10**6}


class TalkingCrew(LayeredCrew):
    """A LayeredCrew whose coders never finish and say something every `pause_s`."""

    def __init__(self, tasks: int, agents: int, pause_s: float) -> None:
        super().__init__(tasks)
        self.agents = agents
        self.pause_s = pause_s

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        if job.task.role != "coder":
            return await super().work(job, journal)
        # One after the other, not all at once: so the events are spread over time.
        await asyncio.sleep(int(job.task.id[1:]) % self.agents / self.agents * self.pause_s)
        while True:
            await journal(LogBatch(TURN, 1, Spend(tokens=100, cost_usd=0.001)))
            await asyncio.sleep(self.pause_s)


async def serve(folder: Path, tasks: int, agents: int, rate: float) -> None:
    """Serve until standard input ends."""
    path = new_repository(folder)
    log, clock = GitLog.open(path), SystemClock()
    ledger = Ledger(log, Blackboard(), clock, lambda text: text)
    crew = TalkingCrew(tasks, agents, agents / rate)
    desk = Desk(
        LedgerEngine(ledger), prepare, History(log), Stream(lambda text: text),
        About("bench", "main", "none", models_in_force("openai/pilot", {})),
    )  # fmt: skip
    runner = web.AppRunner(
        build_app(desk, Access(TOKEN, "bench"), per_minute=PLENTY), access_log=None, shutdown_timeout=1
    )
    async with asyncio.TaskGroup() as group:
        parts = [group.create_task(ledger.run())]
        parts.append(group.create_task(Dispatcher(ledger, crew, crew, crew, clock).run()))
        config = RunConfig("openai/pilot", max_workers=agents, budget_usd=1.0)
        await ledger.submit(c.StartRun("bench the console", "main", "b" * 40, config, "cli:bench"), "cli:bench")
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        await runner.cleanup()
        for part in parts:
            part.cancel()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
