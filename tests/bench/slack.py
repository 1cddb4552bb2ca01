"""What Slack costs: `python -m tests.bench.slack --json`, on the strict local Slack and through its real client.

Acknowledgements: a bot in a process of its own, beside 50 agents that talk 50 times a second on a real state branch; this process
is Slack. The channel: eight runs in one channel for ten minutes of virtual time, all of them changing all the time.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bot.rendering import card_of
from bot.shown import shown
from engine.core.entities import Spend
from engine.work import Job, Journal, LogBatch, Submitted, WorkOutcome
from tests.adapters.slack.platform import SlackPlatform
from tests.bench.console import _quantile
from tests.fakes.crew import COMMIT, ScriptedCrew, planned
from tests.fakes.jumping import run
from tests.fakes.slack.person import Person
from tests.fakes.slack.server import Slack, serving
from tests.fakes.slack.workspace import Workspace
from tests.fakes.talk import ALICE, Talk, talking

TASKS, AGENTS, TURNS_PER_S, COMMANDS, GAP_S = 1_000, 50, 50.0, 300, 0.05
RUNS, MINUTES, TASKS_OF_RUN = 8, 10, 12


class Acks(msgspec.Struct, frozen=True):
    """Milliseconds from a command to its acknowledgement, and to the answer that the person reads."""

    ack_p50_ms: float
    ack_p99_ms: float
    ack_max_ms: float
    answer_p50_ms: float
    answer_p99_ms: float
    lost: int


class Channel(msgspec.Struct, frozen=True):
    """Many runs in one channel. `unheeded` counts 429s within whose Retry-After we called again, `cards_right` the cards that show
    the last state `settled_s` after it.
    """

    changes: int
    edits: int
    posts: int
    limited: int
    unheeded: int
    cards_right: int
    runs: int
    settled_s: float


async def acks() -> Acks:
    """The figures of one bot under load."""
    space = Workspace()
    channel = space.channel("C1")
    with tempfile.TemporaryDirectory() as folder:
        async with serving(space) as slack, _bot(Path(folder), slack.base) as is_ready:
            await slack.sockets.connected()
            await is_ready.wait()
            alice, found, answered = Person(slack, "alice"), [], []
            for _ in range(COMMANDS):
                began, told = asyncio.get_running_loop().time(), len(alice.whispers())
                outcome = await alice.types("/orch status R1", channel)
                found.append((outcome.is_acked, outcome.after_s * 1000))
                await _told(slack, alice, told)
                answered.append((asyncio.get_running_loop().time() - began) * 1000)
                await asyncio.sleep(GAP_S)
    times = [after_ms for _, after_ms in found]
    return Acks(
        _quantile(times, 0.5), _quantile(times, 0.99), max(times), _quantile(answered, 0.5), _quantile(answered, 0.99),
        sum(not is_acked for is_acked, _ in found),
    )  # fmt: skip


async def _told(slack: Slack, person: Person, before: int) -> None:
    async with asyncio.timeout(30):
        while len(person.whispers()) == before:
            slack.answered.clear()
            await slack.answered.wait()


@asynccontextmanager
async def _bot(folder: Path, base: str) -> AsyncIterator[asyncio.Event]:
    """The bot's process; the event is set when every agent talks."""
    arguments = (str(folder), base, str(TASKS), str(AGENTS), str(TURNS_PER_S))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.slack_bot", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    is_ready = asyncio.Event()
    try:
        async with asyncio.timeout(120):
            if await process.stdout.readline():
                is_ready.set()
        yield is_ready
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class ChattyCrew(ScriptedCrew):
    """Each coder says something every other second, and all of them together take the whole time."""

    def __init__(self, minutes: float) -> None:
        super().__init__(tuple(planned(f"x{number}") for number in range(TASKS_OF_RUN)))
        self._turns = int(minutes * 60 / 2 / (TASKS_OF_RUN / 4))

    async def work(self, job: Job, journal: Journal) -> WorkOutcome:
        if job.task.role != "coder":
            return await super().work(job, journal)
        for _ in range(self._turns):
            await asyncio.sleep(2)
            await journal(LogBatch(b'{"number":1}\n', 1, Spend(tokens=7)))
        return Submitted(COMMIT, "done")


async def channel(minutes: float = MINUTES, runs: int = RUNS) -> Channel:
    """The figures of one channel; in virtual time."""
    platform = SlackPlatform(is_socket=True)
    async with talking(ChattyCrew(minutes), platform) as talk:
        for number in range(runs):
            await talk.types(ALICE, f"start thing {number} --workers 4")
        await talk.until(lambda: all(each.state == "completed" for each in talk.board.runs.values()), minutes * 120)
        ended = asyncio.get_running_loop().time()
        await talk.until(lambda: _right(talk, platform) == runs, 300)
        settled_s = asyncio.get_running_loop().time() - ended
        asked = [each.method for each in platform.api.asked]
        turned = platform.api.rates.turned
        return Channel(
            talk.board.seq, asked.count("chat.update"), asked.count("chat.postMessage"), len(turned),
            sum(not each.was_heeded for each in turned), _right(talk, platform), runs, settled_s,
        )  # fmt: skip


def _right(talk: Talk, platform: SlackPlatform) -> int:
    """How many cards show what is so."""
    bindings = talk.board.chat.bindings.values()
    caps = platform.adapter.chat.caps if platform.adapter is not None else None
    return sum(
        bool(each.thread) and caps is not None
        and platform.text(each.thread) == shown(card_of(talk.board, each.run), caps).text
        for each in bindings
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    chosen = parser.parse_args()
    found = {**msgspec.structs.asdict(asyncio.run(acks())), **msgspec.structs.asdict(run(channel()))}
    found = {name: round(value, 2) for name, value in found.items()}
    sys.stdout.write((json.dumps(found) if chosen.json else "\n".join(f"{k}: {v}" for k, v in found.items())) + "\n")


if __name__ == "__main__":
    main()
