"""Plays the demo: a session on the sample, one run to its end, on the screen that fits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final

from adapters.cli import output
from adapters.cli.follow import until_settled
from adapters.cli.plain import printing
from adapters.demo.operator import ADVICE, answer_questions
from adapters.settings import person
from adapters.wiring import PILOT, Session, open_session, request_for
from engine.clock import SystemClock
from engine.core.ids import RunId

OBJECTIVE: Final = "Make the failing tests pass"
_INTRODUCTION: Final = f"""\
orch demo: a tea shop in Python, in which four test files are red. The objective: "{OBJECTIVE}".
There is no language model here: the pilot stands in for one, a rule-based search for single edits with the failing tests
as its oracle. Everything else is the real thing: engine, worktrees, sandbox, gates, merge train, state branch.
"""
_HINT: Final = f"""\
One task can't be repaired by a single edit, so you will be asked. Type, for example:
  retry with changes: {ADVICE}
"""


async def play(folder: Path, *, is_quiet: bool) -> RunId:
    """The demo's run, which is over; a run that was cut off is continued instead of beginning another.

    Raises: StoryWentAnotherWay; what open_session and request_for raise.
    """
    asks = output.can_ask() and not is_quiet
    if not is_quiet:
        output.say(_INTRODUCTION)
        output.say(_HINT if asks else "Nobody can be asked here, so the demo operator will answer.\n")
    async with open_session(folder, overrides={"model": PILOT}, base="main") as session:
        async with _followed(session, asks=asks, is_quiet=is_quiet):
            run = next(iter(session.engine.board.runs), None)
            if run is None:
                request = await request_for(session, OBJECTIVE, base="main", by=person(), dedupe="demo")
                run = await session.engine.start(request)
            await _until_over(session, run, asks=asks)
        return run


@asynccontextmanager
async def _followed(session: Session, *, asks: bool, is_quiet: bool) -> AsyncIterator[None]:
    with nullcontext() if asks or is_quiet else printing(session.engine, as_json=False):
        yield


async def _until_over(session: Session, run: RunId, *, asks: bool) -> None:
    engine, by = session.engine, person()
    if asks:
        # Imported here: the screen is only for terminals.
        from adapters.cli.live import follow_live

        now_ms = SystemClock().now_ms
        console = output.console()
        await follow_live(
            engine, [run], order=lambda command: engine.order(command, by), by=by, now_ms=now_ms, console=console
        )
        return
    async with asyncio.TaskGroup() as group:
        operator = group.create_task(answer_questions(engine))
        await until_settled(engine, [run], asks=True)
        operator.cancel()
