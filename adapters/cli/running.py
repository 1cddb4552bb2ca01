"""Starts and resumes runs in this process, and follows them on the screen that fits: live in a terminal, plain elsewhere."""

import asyncio
import sys
import warnings
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from pathlib import Path

import msgspec

from adapters.cli import output
from adapters.cli.errors import INTERRUPTED, TERMINATED, refuse
from adapters.cli.folder import make_repository, root_of
from adapters.cli.follow import exit_code, until_settled
from adapters.cli.keys import read_line
from adapters.cli.names import run_of, unfinished
from adapters.cli.orders import give
from adapters.cli.plain import conclude, print_record, printing, warn
from adapters.process_log import log_to_stderr
from adapters.settings import person
from adapters.wiring import Session, open_session, read_board, request_for
from bot.cards import warnings as warnings_of
from bot.forecast import forecast
from bot.replies import commands as say
from bot.replies import runs as run_words
from bot.replies.spend import forecast as forecast_words
from engine.clock import SystemClock
from engine.core import commands as c
from engine.core.blackboard import Blackboard
from engine.core.decide_people import refuse_objective
from engine.core.ids import RunId
from engine.core.lifecycle import RUN_OVER
from engine.service import RunRequest
from engine.store.lock import EngineLock


class Wishes(msgspec.Struct, frozen=True):
    """How the person wants to follow: `is_sure` asks nothing before the start, `waits` stays when only a person can help."""

    is_sure: bool = False
    waits: bool = False
    as_json: bool = False

    @property
    def is_live(self) -> bool:
        """Whether to draw in place and ask in the terminal."""
        return not self.as_json and output.can_ask()


class Seen(msgspec.Struct):
    """The runs that the person follows, known also after Ctrl-C."""

    runs: list[RunId] = []


def start(
    objective: str, repo: Path, overrides: Mapping[str, object], *, base: str | None, new: Path | None, wishes: Wishes
) -> int:
    """The exit code of a new run that was followed to its end.

    Raises: what PlainErrors knows; then nothing was started.
    """
    # Refused here, before a folder is made for it.
    if new is not None and (refusal := refuse_objective(objective)) is not None:
        refuse(refusal.reason)
    root = root_of(repo) if new is None else make_repository(new, objective)
    return _run(lambda seen: _start(objective, root, overrides, base, wishes, seen))


def resume(repo: Path, name: str | None, overrides: Mapping[str, object], wishes: Wishes) -> int:
    """The exit code after every unfinished run was continued and followed; a pause of the named run, or of all, ends.

    Raises: what PlainErrors knows.
    """
    root = root_of(repo)
    board = read_board(root)
    named = [run_of(board, name)] if name is not None else unfinished(board)
    over = next((board.runs[run] for run in named if board.runs[run].state in RUN_OVER), None)
    if over is not None:
        refuse(run_words.is_over(over))
    if not named:
        _tell(run_words.nothing_to_resume(), wishes)
        return 0
    holder = EngineLock.holder(root)
    if holder is not None and holder.socket:
        return _resume_elsewhere(root, board, named, holder.pid, wishes)
    return _run(lambda seen: _resume(root, named, overrides, wishes, seen))


def _tell(text: str, wishes: Wishes) -> None:
    """Say it where a program that reads JSON does not read it."""
    (output.complain if wishes.as_json else output.say)(text)


def _resume_elsewhere(root: Path, board: Blackboard, named: Sequence[RunId], pid: int, wishes: Wishes) -> int:
    paused = [run for run in named if board.runs[run].paused or (len(named) == 1 and board.runs[run].parked_until)]
    for run in paused:
        answer, _ = asyncio.run(give(root, c.ResumeRun(run)))
        if isinstance(answer, c.Refused):
            refuse(answer.reason)
        for record in answer:
            print_record(record, board, as_json=wishes.as_json)
    if not paused:
        _tell(say.is_at_work([str(run) for run in named], pid), wishes)
    return 0


def _run(work: Callable[[Seen], Coroutine[None, None, int]]) -> int:
    log_to_stderr()
    seen = Seen()
    # Ctrl-C can fall between litellm's making of this coroutine and its awaiting it; nobody at a terminal can mend that.
    warnings.filterwarnings("ignore", r"coroutine '\w+ChatCompletion\.acompletion' was never awaited", RuntimeWarning)
    try:
        return asyncio.run(work(seen))
    except (KeyboardInterrupt, asyncio.CancelledError) as stopped:
        names = " and ".join(seen.runs)
        sys.stderr.write(f"\n{run_words.stopped(names) if names else run_words.interrupted()}\n")
        return INTERRUPTED if isinstance(stopped, KeyboardInterrupt) else TERMINATED


async def _start(
    objective: str, root: Path, overrides: Mapping[str, object], base: str | None, wishes: Wishes, seen: Seen
) -> int:
    async with AsyncExitStack() as stack:
        with _patience(wishes, run_words.gets_ready()):
            session = await stack.enter_async_context(open_session(root, overrides=overrides, base=base))
            request = await request_for(session, objective, base=base, by=person())
        foreseen = forecast_words(forecast(session.engine.board, request.config.model), request.config)
        if foreseen and not wishes.as_json:
            output.say(foreseen)
        if not await _is_sure(request, wishes):
            output.say(say.not_started())
            return 1
        engine = session.engine
        with nullcontext() if wishes.is_live else printing(engine, as_json=wishes.as_json):
            cut_off = [
                run for run in unfinished(engine.board) if engine.board.runs[run].state in {"planning", "running"}
            ]
            with _patience(wishes, run_words.measures_gates()):
                started = await engine.start(request)
            await _follow(session, [*cut_off, started], wishes, seen)
        return exit_code(engine.board, [started])


def _patience(wishes: Wishes, words: str) -> AbstractContextManager[object]:
    """Something to look at while nothing can be shown yet."""
    if not wishes.is_live:
        return nullcontext()
    return output.console().status(words, spinner_style="cyan")


async def _is_sure(request: RunRequest, wishes: Wishes) -> bool:
    found = warnings_of(request.gates, request.config.sandbox)
    if wishes.is_sure or not wishes.is_live or not found:
        return True
    for warning in found:
        output.say(f"! {warning}", style="yellow")
    sys.stdout.write(say.start_anyway())
    sys.stdout.flush()
    return (await read_line(sys.stdin.fileno())).casefold() in {"y", "yes"}


async def _resume(
    root: Path, named: Sequence[RunId], overrides: Mapping[str, object], wishes: Wishes, seen: Seen
) -> int:
    async with AsyncExitStack() as stack:
        with _patience(wishes, run_words.gets_ready()):
            session = await stack.enter_async_context(open_session(root, overrides=overrides))
        engine = session.engine
        followed = [run for run in unfinished(engine.board) if run in named or not engine.board.runs[run].paused]
        with nullcontext() if wishes.is_live else printing(engine, as_json=wishes.as_json):
            for run in followed:
                if not wishes.is_live and not wishes.as_json:
                    output.say(run_words.continues(engine.board.runs[run]))
                if run in named and engine.board.runs[run].paused:
                    await engine.order(c.ResumeRun(run), person())
            await _follow(session, followed, wishes, seen)
        return exit_code(engine.board, followed)


async def _follow(session: Session, runs: Sequence[RunId], wishes: Wishes, seen: Seen) -> None:
    engine, by = session.engine, person()
    seen.runs = list(runs)
    if wishes.is_live:
        from adapters.cli.live import follow_live

        await follow_live(
            engine, runs, order=lambda command: engine.order(command, by), by=by, now_ms=SystemClock().now_ms,
            console=output.console(),
        )  # fmt: skip
    else:
        if not wishes.as_json:
            for run in runs:
                warn(engine.board, run)
        await until_settled(engine, runs, asks=wishes.waits)
    conclude(engine.board, runs, as_json=wishes.as_json)
